"""PyTorch contenders, written as its users would: channels-last layout, autocast for bfloat16."""
