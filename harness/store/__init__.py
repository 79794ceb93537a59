"""What outlives a run: the artifact cache, the baselines, the run's results."""
