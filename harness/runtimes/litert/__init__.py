"""LiteRT (TensorFlow Lite): build side, run side."""
