"""Damage: how it is found, and what is saved."""
