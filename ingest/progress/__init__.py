"""What a run reports: events, the time left, a dry run, the report of a reindex."""
