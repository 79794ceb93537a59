"""Task metrics that come with the harness, a file for each task; ``docs/writing-a-suite.md`` has the table."""
