"""Parsing of the filters that a user gives: `--in`, `--type`, `--since` and `--where`."""
