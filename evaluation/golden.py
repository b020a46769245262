"""The user's own questions with the documents that should answer them, asked to the library itself."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from wherein.embed.encoder import Encoder, Matrix
from wherein.errors import UsageError
from wherein.evaluation.collection import lines
from wherein.evaluation.measures import measures
from wherein.evaluation.squad_beir import Evaluation
from wherein.search.hybrid import Ranker
from wherein.search.query_syntax import parse_question
from wherein.storage.catalog.golden import GoldenRow
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog

__all__ = ["Golden", "GoldenQuestions", "Pinned", "evaluate_golden", "pin", "read_golden"]

# So many documents of an answer count; a right one after them counts as not found.
_DEPTH = 20
_PASSAGES = 100


class Found(Protocol):
    """What is used of a hit."""

    @property
    def uri(self) -> str:
        """The document's uri."""


@dataclass(frozen=True)
class Golden:
    """A question and the documents that should be found, by uri, path, or the end of a path; `line` is the file's."""

    line: int
    question: str
    documents: tuple[str, ...]


@dataclass(frozen=True)
class Pinned:
    """A question and the uris of its documents; `missing` are those that are in no library, which cannot be found."""

    question: str
    uris: frozenset[str]
    missing: tuple[str, ...]


def read_golden(path: Path) -> list[Golden]:
    """Read JSON lines `{"question": …, "documents": [uri or end of a path, …]}`. Raises UsageError with the line."""
    found = []
    for number, line in lines(path):
        try:
            entry = json.loads(line)
            question, documents = entry["question"], entry["documents"]
        except (ValueError, KeyError, TypeError):
            question = documents = None
        right = isinstance(question, str) and isinstance(documents, list) and documents
        if not right or not question.strip() or not all(isinstance(name, str) and name for name in documents):
            raise UsageError(f'{path}, line {number}, is not {{"question": "…", "documents": ["…"]}}')
        found.append(Golden(number, question, tuple(documents)))
    if not found:
        raise UsageError(f"{path} holds no questions")
    return found


def pin(path: Path, questions: Sequence[Golden], uris: Iterable[str]) -> list[Pinned]:
    """Find each question's documents among the library's `uris`.

    Raises UsageError when the end of a path is that of several documents.
    """
    # By the last part of the name, so that a large library is gone through once.
    wanted = {last for golden in questions for name in golden.documents for last in _lasts(name)}
    candidates: dict[str, list[str]] = defaultdict(list)
    for uri in uris:
        if (last := _last(unquote(uri))) in wanted:
            candidates[last].append(uri)
    return [_pinned(path, golden, candidates) for golden in questions]


def evaluate_golden(
    questions: Sequence[Pinned],
    ask: Callable[[str, int], Sequence[Found]],
    passages: int,
    report: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """Return the measures of `evaluate_beir` over the documents of the answers, in the order of their best passages.

    `ask(question, k)` returns the `k` best passages, fewer when there are no more. The first 20 documents count.
    `passages` is the library's number of them, for the report. Raises WhereinError without the extra.
    """
    relevant = [dict.fromkeys([*golden.uris, *golden.missing], 1) for golden in questions]
    found = []
    for number, golden in enumerate(questions, 1):
        report(f"asking question {number:,} of {len(questions):,}")
        found.append(_documents(golden.question, ask))
    values = measures(relevant, found)
    return Evaluation(values, "ndcg_10", len(questions), passages)


class GoldenQuestions:
    """A library's golden questions, encoded once; `told` are their texts by id."""

    def __init__(self, rows: Sequence[GoldenRow], encoder: Encoder) -> None:
        self.told = {row.id: row.question for row in rows}
        self._rows = rows
        self._encoder = encoder

    @cached_property
    def _vectors(self) -> dict[str, Matrix]:
        texts = list(dict.fromkeys(self.told.values()))
        asked = self._encoder.encode_questions([parse_question(text).meaning for text in texts]) if texts else ()
        return dict(zip(texts, asked, strict=True))

    def ranks(self, db: Catalog, folder: Path, model: StoredModel) -> dict[int, int]:
        """Return the rank of each question's document among those of the answer that `db` gives now, by the row's id.

        0 for a document that is not among the first 20. Inside a transaction of `db` that is what it will answer.
        """
        if not self._rows:
            return {}
        ranker, metric = Ranker(db, folder, model), self._encoder.model.metric

        def ask(question: str, k: int) -> Sequence[Found]:
            return ranker.search(parse_question(question), self._vectors[question], metric, k)

        answers = {question: _documents(question, ask) for question in self._vectors}
        return {row.id: _rank(answers[row.question], row.uri) for row in self._rows}


def _rank(uris: Sequence[str], uri: str) -> int:
    return uris.index(uri) + 1 if uri in uris else 0


def _documents(question: str, ask: Callable[[str, int], Sequence[Found]]) -> list[str]:
    passages = _PASSAGES
    while True:
        hits = ask(question, passages)
        uris = list(dict.fromkeys(hit.uri for hit in hits))
        if len(uris) >= _DEPTH or len(hits) < passages:
            return uris[:_DEPTH]
        passages *= 4


def _pinned(path: Path, golden: Golden, candidates: dict[str, list[str]]) -> Pinned:
    uris, missing = set(), []
    for name in golden.documents:
        near = [uri for last in _lasts(name) for uri in candidates.get(last, ())]
        found = [uri for uri in near if _names(name, uri)]
        if len(found) > 1:
            raise UsageError(
                f"{path}, line {golden.line}: {name} is the end of {len(found)} documents, such as {found[0]};"
                " give more of its path"
            )
        uris.update(found)
        if not found:
            missing.append(name)
    return Pinned(golden.question, frozenset(uris), tuple(missing))


def _names(name: str, uri: str) -> bool:
    plain = unquote(uri)
    return name in (uri, plain) or plain.endswith("/" + name.removeprefix("./").removeprefix("/"))


def _lasts(name: str) -> set[str]:
    """Return the last part of a path, as it is and as a uri's (a file's name may itself hold a `%20`)."""
    return {_last(name), _last(unquote(name))}


def _last(name: str) -> str:
    return name.rpartition("/")[2]
