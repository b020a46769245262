"""Where documents come from: files and folders, and pages of the web."""
