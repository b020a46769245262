"""catalog.db, the only truth: its connection, schema and tables."""
