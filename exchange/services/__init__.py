"""Writes of what enters, one function each; the crises themselves are changed by crises.services."""
