"""Answers as a person reads them: on a terminal, in Markdown and in a table."""
