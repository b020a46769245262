"""Filters, and the passages of a committed state that they select."""
