"""ExecuTorch: build side, run side."""
