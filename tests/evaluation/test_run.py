"""Measuring a library by a golden file."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from toy import ToyEncoder
from wherein.errors import WhereinError
from wherein.evaluation.run import EvaluatedLibrary, evaluate_golden_file
from wherein.installation import install_command

URIS = ["file:///docs/lease.txt", "file:///docs/cats.txt", "file:///docs/bread.txt"]


@dataclass(frozen=True)
class Passage:
    uri: str


class Answers:
    """The same passages for every question, backwards in keyword mode; remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, str]] = []

    def __call__(self, question: str, k: int, mode: str) -> Sequence[Passage]:
        self.asked.append((question, k, mode))
        return [Passage(uri) for uri in (URIS[::-1] if mode == "keyword" else URIS)]


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    path = tmp_path / "golden.jsonl"
    lines = [
        {"question": "who?", "documents": ["lease.txt"]},
        {"question": "what?", "documents": ["docs/cats.txt", "gone.txt"]},
        {"question": "when?", "documents": ["gone.txt"]},
    ]
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return path


def test_each_mode_is_measured_by_the_answers_of_the_library(golden: Path) -> None:
    ask, progress = Answers(), list[str]()
    library = EvaluatedLibrary(Path("there"), ToyEncoder(), 12, ask)
    hybrid, keyword = evaluate_golden_file(
        library, golden, iter(URIS), modes=("hybrid", "keyword"), report=progress.append
    )
    assert list(hybrid.evaluation.values["mrr"]) == [1, 1 / 2, 0]
    assert list(keyword.evaluation.values["mrr"]) == pytest.approx([1 / 3, 1 / 2, 0])
    assert list(hybrid.evaluation.values["recall_10"]) == [1, 1 / 2, 0]
    assert (hybrid.evaluation.questions, hybrid.evaluation.contexts) == (3, 12)
    assert (hybrid.model, hybrid.folder, hybrid.precision, hybrid.mode) == ("toy", "there", "w8a32", "hybrid")
    assert (keyword.mode, keyword.missing) == ("keyword", ("gone.txt",))
    assert ask.asked == [(text, 100, mode) for mode in ("hybrid", "keyword") for text in ("who?", "what?", "when?")]
    assert progress == [f"asking question {n} of 3" for n in (1, 2, 3)] * 2


@pytest.mark.parametrize(("missing", "modes"), [("ir_measures", ("hybrid",)), ("scipy.stats", ("hybrid", "keyword"))])
def test_a_missing_extra_is_an_error_before_a_question_is_asked(
    golden: Path, monkeypatch: pytest.MonkeyPatch, missing: str, modes: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    ask = Answers()
    with pytest.raises(WhereinError, match=re.escape(install_command("evaluate"))):
        next(evaluate_golden_file(EvaluatedLibrary(Path(), ToyEncoder(), 3, ask), golden, URIS, modes=modes))
    assert ask.asked == []
