"""Compression methods as recipe steps, one file per method, and the grammar that chains them."""
