"""Contenders in PyTorch, as its users would write them: channels last, autocast for bfloat16."""
