"""An answer as the rows of a table: one for each hit."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wherein.render.lead import span_in

if TYPE_CHECKING:
    from wherein.search.exact_answer import ExactAnswer
    from wherein.search.pipeline import Answer

__all__ = ["COLUMNS", "EXACT_COLUMNS", "rows"]

COLUMNS = (
    *("question", "rank", "chance", "score", "uri", "title", "heading", "page", "line", "start", "end"),
    *("freshness", "sentence", "text"),
)
EXACT_COLUMNS = ("answer", "answer_score")
"""Two more, where the exact answers were asked for."""


def rows(answer: "Answer", exact: "Sequence[ExactAnswer | None] | None" = None) -> Iterator[list[object]]:
    """Yield the cells of each hit, in the order of the columns; None where there is no value."""
    for at, hit in enumerate(answer.hits):
        span = span_in(hit, hit.sentence)
        sentence = span and hit.text[slice(*span)]
        cells: list[object] = [
            *(answer.question, hit.rank, hit.chance, hit.score, hit.uri, hit.title, " > ".join(hit.heading)),
            *(hit.page, hit.line, hit.start, hit.end, hit.freshness, sentence, hit.text),
        ]
        one = exact[at] if exact else None
        yield cells if exact is None else [*cells, one and one.text, one and one.score]
