"""A question, two documents, and the logits of the toy answer model for their words."""

from pathlib import Path

QUESTION = "Where was the Treaty of Lisbon signed?"
TEXTS = {
    "a.md": "# Treaties\n\nThe treaty of which you ask was signed in Málaga, a\nparish of LISBON, in 2007.\n",
    "b.txt": "The Treaty of Rome was signed in the town of Rome in 1957.\n",
}
STARTS = {"malaga": 9.0, "rome": 7.0}
ENDS = {"lisbon": 8.0, "rome": 6.0}


def write_docs(folder: Path) -> Path:
    """Write the documents."""
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text, "utf-8")
    return folder
