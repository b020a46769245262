"""Passages saved without the ingest pipeline, and their BM25 scores, counted in plain Python."""

import json
import math
from collections import Counter
from typing import Any

from sqlite_utils import Database

from stored_texts import TEXT
from wherein.search.bm25 import WEIGHTS
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document
from wherein.storage.catalog.models import StoredModel, bind_model
from wherein.storage.catalog.terms import terms_of

__all__ = ["QUESTIONS", "WORDS", "bound", "brute_force", "save"]

WORDS = ["the", "red", "box", "holds", "seven", "marbles", "leases", "E-1234", "foo_bar", "東京", "of", "a"]
QUESTIONS = ("the red box", "E-1234", "leases of foo", "東京 marbles", "nothing here", "the the the")


def bound(db: Database) -> StoredModel:
    """Bind a catalog to a model without vectors."""
    with writing(db, "test"):
        return bind_model(db, fingerprint="f" * 16, name="m", version="1", precision="w8a8", dimension=4)


def save(db: Database, uri: str, text: str, title: str = "", heading: tuple[str, ...] = ()) -> None:
    """Save a document of two chunks, one for each half of its text; of one when it is shorter than that."""
    half = len(text) // 2
    spans = [(0, half), (half, len(text))] if half else [(0, max(len(text), 1))]
    chunks = [ChunkRow(a, b, content_hash(text[a:b]), None, heading) for a, b in spans]
    with writing(db, "test"):
        save_document(db, DocumentRow(uri, None, title, "text/plain", text or " ", {}, (), chunks))


def brute_force(db: Any, question: str) -> dict[int, float]:
    """Return the score of each stored passage, from its text."""
    rows = db.execute(
        f'SELECT c.id, substr({TEXT}, c.start + 1, c."end" - c.start), c.heading, d.title FROM chunks c'
        " JOIN documents d ON d.id = c.document_id"
    ).fetchall()
    counted = {}
    for number, text, heading, title in rows:
        body = Counter(terms_of(text))
        above = Counter(terms_of(" ".join(json.loads(heading))))
        named = Counter(terms_of(title))
        tf = {t: body[t] + WEIGHTS.heading * above[t] + WEIGHTS.title * named[t] for t in {*body, *above, *named}}
        counted[number] = (tf, body.total())
    average = max(sum(length for _, length in counted.values()) / max(len(counted), 1), 1.0)
    scores = dict.fromkeys(counted, 0.0)
    for term, times in Counter(terms_of(question)).items():
        occurs = sum(term in tf for tf, _ in counted.values())
        idf = math.log(1 + (len(counted) - occurs + 0.5) / (occurs + 0.5))
        for number, (tf, length) in counted.items():
            if term in tf:
                norm = WEIGHTS.k1 * (1 - WEIGHTS.b + WEIGHTS.b * length / average)
                scores[number] += times * idf * tf[term] * (WEIGHTS.k1 + 1) / (tf[term] + norm)
    return scores
