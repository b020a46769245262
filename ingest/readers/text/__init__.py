"""Plain text and lightweight markup, kept as written."""
