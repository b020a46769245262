"""Readers turn the bytes of a file into documents: one module for each format, listed in `registry`."""
