"""Intervals and paired tests on plain values; thin on scipy."""
