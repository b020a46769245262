"""Purging, tidying up, and the disk space of each part."""
