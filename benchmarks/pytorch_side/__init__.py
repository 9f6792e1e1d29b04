"""PyTorch contenders, written as PyTorch's users would: channels-last by default, autocast for bfloat16."""
