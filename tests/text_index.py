"""A keyword index over plain texts, without a catalog."""

from collections.abc import Sequence

import numpy as np

from wherein.storage.catalog.packed_terms import unpack_rows
from wherein.storage.catalog.term_counts import count_texts
from wherein.storage.index.keyword_index import KeywordIndex, Part
from wherein.storage.index.postings import collect

__all__ = ["index_texts"]


def index_texts(texts: Sequence[str]) -> KeywordIndex:
    """Return the index of texts without titles and headings; the index of each in `texts` is its id."""
    counts = [own.counts for own in count_texts(texts)]
    postings = collect([unpack_rows(range(len(counts)), counts)] if counts else [])
    parts = Part(postings), Part(collect(()))
    return KeywordIndex(0, None, parts, len(counts), int(postings.lengths.sum(dtype=np.int64)))
