"""LaTeX sources, scanned for the text that the typeset page would show."""
