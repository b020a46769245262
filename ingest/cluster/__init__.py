"""An ingest run whose files are read, chunked and embedded by actors of Ray, on one machine or many."""
