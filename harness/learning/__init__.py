"""How networks are trained here: the example models, and recipe steps that learn."""
