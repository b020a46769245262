"""Documents of Microsoft Office and OpenDocument."""
