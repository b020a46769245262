"""Hard negatives: for each context, the other contexts that BM25 would give for its questions."""

from collections.abc import Sequence

from wherein.recipe.extra import require
from wherein.recipe.pairs import Passage

NEAREST = 5


def mined(contexts: Sequence[Passage], nearest: int = NEAREST) -> list[list[int]]:
    """For each context the numbers of its `nearest` wrong contexts, best first (fewer in a tiny corpus)."""
    bm25s = require("bm25s")
    texts, asked = [part.text for part in contexts], [" ".join(part.questions) for part in contexts]
    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)
    words = bm25s.tokenize(asked, stopwords="en", show_progress=False, return_ids=False)
    found, _ = index.retrieve(words, k=min(nearest + 1, len(texts)), show_progress=False)
    return [[int(row) for row in rows if row != own][:nearest] for own, rows in enumerate(found)]
