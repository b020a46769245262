"""Mine hard negatives: for each context, the other contexts that BM25 finds for its questions."""

from collections.abc import Sequence

from wherein.recipe.extra import require
from wherein.recipe.pairs import Passage

NEAREST = 5


def mine(contexts: Sequence[Passage], nearest: int = NEAREST) -> list[list[int]]:
    """Return for each context the indices of its `nearest` wrong contexts, best first (fewer in a tiny corpus)."""
    bm25s = require("bm25s")
    texts, queries = [part.text for part in contexts], [" ".join(part.questions) for part in contexts]
    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)
    terms = bm25s.tokenize(queries, stopwords="en", show_progress=False, return_ids=False)
    results, _ = index.retrieve(terms, k=min(nearest + 1, len(texts)), show_progress=False)
    return [[int(row) for row in rows if row != context][:nearest] for context, rows in enumerate(results)]
