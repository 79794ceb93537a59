"""Where artifacts run, and how a worker is reached there."""
