"""A file of golden questions, asked to a real library."""

import json
from pathlib import Path

from toy import ToyEncoder
from wherein.library import Library


def test_the_questions_of_a_file_are_measured_on_the_library(tmp_path: Path) -> None:
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    folder = tmp_path / "docs"
    folder.mkdir()
    words = ("apples", "pears", "plums", "figs")
    for word in words:
        (folder / f"{word}.txt").write_text(f"{word} are sold at the market", "utf-8")
    library.ingest([str(folder)])
    order = [hit.uri.rpartition("/")[2] for hit in library.query("pears are sold at the market", 4).hits]
    assert order[0] == "pears.txt"
    golden = [
        {"question": "pears are sold at the market", "documents": ["pears.txt"]},
        {"question": "pears are sold at the market", "documents": [order[1]]},
        {"question": "pears are sold at the market", "documents": [f"docs/{order[0]}", order[3]]},
        {"question": "pears are sold at the market", "documents": ["gone.txt"]},
    ]
    path = tmp_path / "golden.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in golden), "utf-8")
    progress: list[str] = []
    (found,) = library.evaluate(path, report=progress.append)
    assert [list(found.evaluation.values[name]) for name in ("top_1", "mrr", "recall_10")] == [
        [1, 0, 1, 0],
        [1, 0.5, 1, 0],
        [1, 1, 1, 0],
    ]
    assert found.evaluation.percent()["top_5"] == 75
    assert (found.missing, found.model, found.precision, found.mode) == (("gone.txt",), "toy", "w8a32", "hybrid")
    assert (found.evaluation.questions, found.evaluation.contexts) == (4, 4)
    assert progress[-1] == "asking question 4 of 4"
