"""Backups, and libraries restored from them."""
