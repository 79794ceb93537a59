"""What a user writes with the harness: this repository's own models and data sets."""
