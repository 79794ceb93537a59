"""TensorFlow: build side, run side."""
