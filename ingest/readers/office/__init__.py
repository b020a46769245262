"""Documents of Microsoft Office (Open XML) and OpenDocument."""
