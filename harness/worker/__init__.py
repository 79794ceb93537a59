"""The process in which an artifact runs: the program that is sent to it, and the handle that this side holds."""
