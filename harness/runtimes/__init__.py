"""Inference engines: what each can do, how its artifacts are made, and the program that runs them."""
