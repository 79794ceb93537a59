"""PyTorch, compiled by Inductor: build side, run side."""
