"""`wherein evaluate squad`."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_evaluate_squad_counts_what_the_card_counts(wherein: Command, tmp_path: Path) -> None:
    def paragraph(context: str, question: str) -> dict[str, object]:
        return {"context": context, "qas": [{"question": question, "id": "1", "answers": []}]}

    data = [
        {
            "title": "t",
            "paragraphs": [
                paragraph("Cats sleep all day.", "What do cats do all day?"),
                paragraph("Bread is baked in an oven.", "Where is bread baked?"),
                paragraph("The moon circles the earth.", "Where is bread baked?"),
            ],
        }
    ]
    (tmp_path / "squad.json").write_text(json.dumps({"version": "1.1", "data": data}))
    found = json.loads(wherein("evaluate", "squad", "squad.json", "--json").stdout)
    assert (found["contexts"], found["questions"]) == (3, 3)
    assert found["top_1"] == pytest.approx(66.67)
    assert found["top_5"] == 100.0
