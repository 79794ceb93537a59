"""Scripts that measure the harness itself."""
