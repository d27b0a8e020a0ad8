"""Copies of a whole host."""
