"""PyTorch, eager: build side, run side."""
