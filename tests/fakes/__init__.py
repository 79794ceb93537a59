"""A tiny engine for tests: everything the harness does with torch and onnxruntime, in numpy alone, and ways to break it.

Importing these modules registers nothing; ``fakes.project`` writes the files that do.
"""
