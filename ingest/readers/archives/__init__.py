"""Archives and compressed files; each member is read by the reader for its content."""
