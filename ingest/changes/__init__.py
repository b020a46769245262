"""What has changed in a source since it was last ingested."""
