"""Pages about what leaves and enters."""
