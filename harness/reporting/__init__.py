"""One table model, several formats; computes nothing that was not judged."""
