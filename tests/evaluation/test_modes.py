"""Ranking a collection: by its own definition, and as a library ranks the same texts."""

from pathlib import Path

import numpy as np
import pytest

from toy import ToyEncoder
from wherein.errors import UsageError
from wherein.evaluation.candidates import Candidates
from wherein.evaluation.modes import find_mode, hybrid, keyword, semantic
from wherein.library import Library
from wherein.search.modes import MODES

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
        assert shown == pytest.approx(list(scores), abs=5e-4), question  # the library rounds to float16


def test_keyword_ranks_only_the_texts_that_have_a_word_of_the_question() -> None:
    ((ids, scores),) = keyword(Candidates(["red fox", "den", "fox fox", "red"], ToyEncoder()))(["fox"], 9)
    assert sorted(ids) == [0, 2]
    assert list(scores) == sorted(scores, reverse=True)
    ((ids, scores),) = keyword(Candidates(["den"], ToyEncoder()))(["fox"], 9)
    assert (len(ids), len(scores)) == (0, 0)


@pytest.mark.parametrize("name", MODES)
def test_every_mode_ranks_at_most_n_best_first(name: str) -> None:
    rankings = find_mode(name)(Candidates(TEXTS, ToyEncoder()))(["7 pears", '"plums" -3', "plums 12"], 4)
    for ids, scores in rankings:
        assert len(ids) == len(scores) == len(set(ids.tolist())) == 4
        assert list(scores) == sorted(scores, reverse=True)


def test_hybrid_puts_the_text_that_is_named_first() -> None:
    rankings = hybrid(Candidates(TEXTS, ToyEncoder()))(["7 pears", "plums 12"], 1)
    assert [TEXTS[ids[0]] for ids, _ in rankings] == ["7 pears", "12 plums"]
