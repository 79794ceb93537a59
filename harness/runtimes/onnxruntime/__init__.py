"""ONNX Runtime: build side, run side."""
