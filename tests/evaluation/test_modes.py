"""Ranking a collection: by its own definition, and as a library ranks the same texts."""

from pathlib import Path

import numpy as np
import pytest

from toy import ToyEncoder
from wherein.errors import UsageError
from wherein.evaluation.candidates import Candidates
from wherein.evaluation.modes import find_mode, semantic
from wherein.library import Library

TEXTS = [f"{n} {word}" for n in range(50) for word in ("apples", "pears", "plums")]


def test_semantic_ranks_by_the_inner_product() -> None:
    encoder = ToyEncoder()
    asked = ["7 pears", "apples 30", "2 plums", "pears", "49"]
    found = list(semantic(Candidates(TEXTS, encoder))(asked, 10))
    scores = encoder.encode_questions(asked) @ encoder.encode_contexts(TEXTS).T
    for row, (ids, values) in zip(scores, found, strict=True):
        assert list(ids) == list(np.argsort(-row, kind="stable")[:10])
        assert list(values) == pytest.approx(list(row[ids]))
    assert found[0][0][0] == TEXTS.index("7 pears")


def test_an_unknown_mode_is_refused() -> None:
    assert find_mode("semantic") is semantic
    with pytest.raises(UsageError, match="no mode psychic; there are: hybrid, semantic, keyword"):
        find_mode("psychic")


@pytest.mark.parametrize("mode", ["hybrid", "semantic", "keyword"])
def test_a_collection_is_ranked_as_a_library_ranks_it(tmp_path: Path, mode: str) -> None:
    texts = [f"the {word} of {place} are {n} years old" for n, word in enumerate(["apples", "pears", "plums"] * 60)
             for place in ("Rome", "Delft")]  # fmt: skip
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    for number, text in enumerate(texts):
        (tmp_path / f"{number:03d}.txt").write_text(text, "utf-8")
    library.ingest([str(tmp_path / "*.txt")])
    candidates = Candidates(texts, ToyEncoder())
    for question in ("how old are the pears of Delft?", "plums 77", "Rome Delft 12", "nothing of these"):
        ((_, scores),) = find_mode(mode)(candidates)([question], 8)
        # By scores, because passages that are equally good come in another order.
        shown = [hit.score for hit in library.query(question, 8, mode=mode).hits]
        assert shown == pytest.approx(list(scores), abs=1e-4), question
