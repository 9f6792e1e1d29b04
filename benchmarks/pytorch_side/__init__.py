"""PyTorch contenders, written as PyTorch's users would: channels-last layout, autocast for bfloat16."""
