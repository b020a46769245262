"""Plain text and its kin, kept as written."""
