"""A file of golden questions: read, resolved to the documents of a library, and measured on it."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from wherein.errors import UsageError
from wherein.evaluation.collection import lines
from wherein.evaluation.golden import DocumentHit, ranked_documents
from wherein.evaluation.measures import measures
from wherein.evaluation.squad_beir import Evaluation
from wherein.storage.disk.text_lines import to_unicode
from wherein.uri import comparable, display, possible_uris, readings

__all__ = [
    "DocumentHit",
    "GoldenLine",
    "ResolvedQuestion",
    "evaluate_golden",
    "ranked_documents",
    "read_golden",
    "resolve",
]


@dataclass(frozen=True)
class GoldenLine:
    """A question and the documents that should be found, by URI, path or end of a path; `line` counts from 1."""

    line: int
    question: str
    documents: tuple[str, ...]


@dataclass(frozen=True)
class ResolvedQuestion:
    """A question and the URIs of its documents; `missing` are names of documents that the library does not have."""

    question: str
    uris: frozenset[str]
    missing: tuple[str, ...]


def read_golden(path: Path) -> list[GoldenLine]:
    """Read JSON lines `{"question": …, "documents": [URI or end of a path, …]}`.

    Raises UsageError, with the number of the line, for one that is not valid.
    """
    golden = []
    for number, line in lines(path):
        try:
            entry = json.loads(line)
            question, documents = entry["question"], entry["documents"]
        except (ValueError, KeyError, TypeError):
            question = documents = None
        right = isinstance(question, str) and isinstance(documents, list) and documents
        if not right or not question.strip() or not all(isinstance(name, str) and name for name in documents):
            raise UsageError(f'{path}, line {number}, is not {{"question": "…", "documents": ["…"]}}')
        golden.append(GoldenLine(number, to_unicode(question), tuple(documents)))
    if not golden:
        raise UsageError(f"{path} holds no questions")
    return golden


def resolve(path: Path, golden: Sequence[GoldenLine], uris: Iterable[str]) -> list[ResolvedQuestion]:
    """Find each question's documents among the library's `uris`; `path` is the golden file's, for errors.

    Raises UsageError when a name, or the end of a path, is that of several documents.
    """
    names = dict.fromkeys(name for line in golden for name in line.documents)
    known = _KnownDocuments({name: possible_uris(name) for name in names}, uris)
    return [_resolved(path, line, known) for line in golden]


class _KnownDocuments:
    """Those of the library's documents that a golden file may name; one pass over a large library finds them."""

    def __init__(self, meant: Mapping[str, Sequence[str]], uris: Iterable[str]) -> None:
        """`meant` has the URIs that each name may stand for."""
        self._meant = meant
        self._present: set[str] = set()
        self._by_last_part: dict[str, list[str]] = defaultdict(list)
        exact = {uri for candidates in meant.values() for uri in candidates}
        last_parts = {_last_part(spelt) for name in meant for spelt in _spellings(name)}
        for uri in uris:
            if uri in exact:
                self._present.add(uri)
            if (last := _last_part(comparable(uri))) in last_parts:
                self._by_last_part[last].append(uri)

    def named(self, name: str) -> list[str]:
        """Return the URIs of the documents that a name stands for, else of those whose paths it is the end of."""
        found = [uri for uri in self._meant[name] if uri in self._present]
        if found:
            return found[:1] if found[0] == name else found  # a whole URI is meant as such
        spelt = _spellings(name)
        alike = dict.fromkeys(uri for spelling in spelt for uri in self._by_last_part.get(_last_part(spelling), ()))
        return [uri for uri in alike if any(_is_end(spelling, comparable(uri)) for spelling in spelt)]


def evaluate_golden(
    questions: Sequence[ResolvedQuestion],
    ask: Callable[[str, int], Sequence[DocumentHit]],
    passages: int,
    report: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """Return the measures of `evaluate_beir` over the documents of the answers, in the order of their best passages.

    `ask(question, k)` returns the `k` best passages, fewer when there are no more. The first 20 documents count.
    `passages` is the number of them in the library. Raises WhereinError without the extra `evaluate`.
    """
    relevant = [dict.fromkeys([*question.uris, *question.missing], 1) for question in questions]
    found = []
    for number, question in enumerate(questions, 1):
        report(f"asking question {number:,} of {len(questions):,}")
        found.append(ranked_documents(question.question, ask))
    values = measures(relevant, found)
    return Evaluation(values, "ndcg_10", len(questions), passages)


def _resolved(path: Path, line: GoldenLine, known: _KnownDocuments) -> ResolvedQuestion:
    uris, missing = set(), []
    for name in line.documents:
        named = known.named(name)
        if len(named) > 1:
            raise UsageError(
                f"{path}, line {line.line}: {display(name)} is the end of the paths of {len(named)} documents, such as"
                f" {named[0]}; give more of its path"
            )
        uris.update(named)
        if not named:
            missing.append(name)
    return ResolvedQuestion(line.question, frozenset(uris), tuple(missing))


def _spellings(name: str) -> list[str]:
    """Return what a name may be in the form of `comparable`; a file's name may itself hold a `%20`."""
    return list(dict.fromkeys([*(normalize("NFC", display(reading)) for reading in readings(name)), comparable(name)]))


def _is_end(name: str, location: str) -> bool:
    return name == location or location.endswith("/" + name.removeprefix("./").removeprefix("/"))


def _last_part(name: str) -> str:
    return name.rpartition("/")[2]
