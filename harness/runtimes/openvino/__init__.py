"""OpenVINO: build side, run side."""
