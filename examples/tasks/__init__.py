"""Small models of a task each, on data that every machine has; importing this registers them all and imports no engine."""

from examples.tasks import canvases, digit_rows, metrics, models, source_pieces, turned_digits

__all__ = ["canvases", "digit_rows", "metrics", "models", "source_pieces", "turned_digits"]
