"""Answers as rows of a table."""

from made_hits import made_hit
from wherein.render.table import COLUMNS, EXACT_COLUMNS, rows
from wherein.search.exact_answer import ExactAnswer
from wherein.search.hits import Sentence
from wherein.search.pipeline import Answer


def test_a_row_for_each_hit() -> None:
    hits = [
        made_hit("Cats sleep.\nDogs bark.", title="T", heading=("A", "B"), page=3, line=7, start=10, end=32,
                 chance=0.25, freshness="fresh", sentence=Sentence(start=22, end=32, score=1.0)),
        made_hit("x", rank=2),
    ]  # fmt: skip
    answer = Answer("q", "", hits, (), None)
    first, second = (dict(zip(COLUMNS, row, strict=True)) for row in rows(answer))
    assert first == {
        "question": "q", "rank": 1, "chance": 0.25, "score": 0.5, "uri": "file:///a.txt", "title": "T",
        "heading": "A > B", "page": 3, "line": 7, "start": 10, "end": 32, "freshness": "fresh",
        "sentence": "Dogs bark.", "text": "Cats sleep.\nDogs bark.",
    }  # fmt: skip
    assert (second["chance"], second["page"], second["sentence"]) == (None, None, None)
    exact = [row[-2:] for row in rows(answer, [ExactAnswer("Dogs", 22, 26, 0.75), None])]
    assert exact == [["Dogs", 0.75], [None, None]]
    assert len(EXACT_COLUMNS) == 2
    assert [*rows(Answer("q", "", [], (), None))] == []
