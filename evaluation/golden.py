"""A library's golden questions, asked before and after a new index is swapped in."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

from wherein.embed.encoder import Encoder
from wherein.search.embedded import EmbeddedQuestion, embed_questions
from wherein.search.hybrid import Ranker
from wherein.search.query_syntax import parse_question
from wherein.storage.catalog.golden import GoldenRow
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog

__all__ = ["DocumentHit", "GoldenQuestions", "ranked_documents"]

# Documents of an answer that count; a right one after them counts as not found.
_MAX_DOCUMENTS = 20
# Passages that are asked for at first, since several may be of one document.
_PASSAGES = 100


class DocumentHit(Protocol):
    """A hit; only its document counts."""

    @property
    def uri(self) -> str:
        """The document's URI."""


class GoldenQuestions:
    """A library's golden questions, encoded once; `texts` has their texts by id."""

    def __init__(self, rows: Sequence[GoldenRow], encoder: Encoder) -> None:
        self.texts: dict[int, str] = {row.id: row.question for row in rows}
        self._rows = rows
        self._encoder = encoder

    @cached_property
    def _embedded(self) -> dict[str, EmbeddedQuestion]:
        texts = list(dict.fromkeys(self.texts.values()))
        meanings = [parse_question(text).meaning for text in texts]
        return dict(zip(texts, embed_questions(self._encoder, meanings), strict=True)) if texts else {}

    def ranks(self, db: Catalog, folder: Path, model: StoredModel) -> dict[int, int]:
        """Return the rank of each question's document in the answer from the state that `db` sees, by the row's id.

        Ranks count documents from 1; 0 for a document that is not among the first 20. Inside a write transaction the
        state is the one to be committed.
        """
        if not self._rows:
            return {}
        ranker = Ranker(db, folder, model)

        def ask(question: str, k: int) -> Sequence[DocumentHit]:
            return ranker.search(parse_question(question), self._embedded[question], k)

        answers = {question: ranked_documents(question, ask) for question in self._embedded}
        return {row.id: _rank(answers[row.question], row.uri) for row in self._rows}


def _rank(uris: Sequence[str], uri: str) -> int:
    return uris.index(uri) + 1 if uri in uris else 0


def ranked_documents(question: str, ask: Callable[[str, int], Sequence[DocumentHit]]) -> list[str]:
    """Return the URIs of the first 20 documents of an answer, in the order of their best passages."""
    passages = _PASSAGES
    while True:
        hits = ask(question, passages)
        uris = list(dict.fromkeys(hit.uri for hit in hits))
        if len(uris) >= _MAX_DOCUMENTS or len(hits) < passages:
            return uris[:_MAX_DOCUMENTS]
        passages *= 4
