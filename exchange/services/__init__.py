"""Every write to what leaves and enters."""
