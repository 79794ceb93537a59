"""TensorRT and TensorRT-RTX: build side, run side."""
