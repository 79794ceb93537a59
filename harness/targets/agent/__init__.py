"""What runs on a target, beside the workers it starts: the standard library only, as each file is sent there as text."""
