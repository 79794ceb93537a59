"""Decisions: from plain values to findings. No file, no clock, no engine."""
