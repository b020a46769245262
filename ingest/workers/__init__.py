"""The processes in which files are parsed, and which may be killed."""
