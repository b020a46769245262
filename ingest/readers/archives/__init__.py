"""Archives and compressed files, whose members are read by the reader for their content."""
