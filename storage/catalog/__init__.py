"""catalog.db, the only truth: its connection, its schema and its tables."""
