"""Formats that are one XML file."""
