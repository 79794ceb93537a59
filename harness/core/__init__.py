"""Records, words and contracts that everything else is written in: no I/O, no engine, no pytest."""
