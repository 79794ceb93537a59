"""What models are trained in: it gives the reference outputs."""
