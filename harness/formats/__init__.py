"""Files that models come in: what they hold, read and checked without an engine."""
