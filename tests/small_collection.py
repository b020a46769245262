"""A small collection in BEIR's form."""

import json
from collections.abc import Mapping
from pathlib import Path

__all__ = ["write_collection"]


def write_collection(
    folder: Path, texts: Mapping[str, tuple[str, str]], questions: Mapping[str, str], relevant: Mapping[str, str]
) -> Path:
    """Write documents (title and text), questions and the document that answers each of them, all by their ids."""
    (folder / "qrels").mkdir(parents=True)
    _write_lines(folder / "corpus.jsonl", [{"_id": id_, "title": a, "text": b} for id_, (a, b) in texts.items()])
    _write_lines(folder / "queries.jsonl", [{"_id": id_, "text": text} for id_, text in questions.items()])
    grades = "".join(f"{question}\t{document}\t1\n" for question, document in relevant.items())
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{grades}", "utf-8")
    return folder


def _write_lines(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
