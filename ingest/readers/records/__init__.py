"""Files of records: CSV, JSON and JSON Lines."""
