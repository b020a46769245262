"""Documents in: sources are walked, files read, texts chunked, chunks embedded and stored."""
