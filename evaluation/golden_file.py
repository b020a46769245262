"""A file of golden questions: read, resolved to the documents of a library, and measured on it."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from wherein.errors import UsageError
from wherein.evaluation.collection import lines
from wherein.evaluation.golden import DocumentHit, ranked_documents
from wherein.evaluation.measures import measures
from wherein.evaluation.squad_beir import Evaluation

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
        golden.append(GoldenLine(number, question, tuple(documents)))
    if not golden:
        raise UsageError(f"{path} holds no questions")
    return golden


def resolve(path: Path, golden: Sequence[GoldenLine], uris: Iterable[str]) -> list[ResolvedQuestion]:
    """Find each question's documents among the library's `uris`; `path` is the golden file's, for errors.

    Raises UsageError when the end of a path is that of several documents.
    """
    # Grouped by the last part of their names, so that one pass over a large library is enough.
    wanted = {last for line in golden for name in line.documents for last in _last_parts(name)}
    by_last_part: dict[str, list[str]] = defaultdict(list)
    for uri in uris:
        if (last := _last_part(unquote(uri))) in wanted:
            by_last_part[last].append(uri)
    return [_resolved(path, line, by_last_part) for line in golden]


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


def _resolved(path: Path, line: GoldenLine, by_last_part: Mapping[str, Sequence[str]]) -> ResolvedQuestion:
    uris, missing = set(), []
    for name in line.documents:
        alike = [uri for last in _last_parts(name) for uri in by_last_part.get(last, ())]
        named = [uri for uri in alike if _names(name, uri)]
        if len(named) > 1:
            raise UsageError(
                f"{path}, line {line.line}: {name} is the end of the paths of {len(named)} documents, such as"
                f" {named[0]}; give more of its path"
            )
        uris.update(named)
        if not named:
            missing.append(name)
    return ResolvedQuestion(line.question, frozenset(uris), tuple(missing))


def _names(name: str, uri: str) -> bool:
    plain = unquote(uri)
    return name in (uri, plain) or plain.endswith("/" + name.removeprefix("./").removeprefix("/"))


def _last_parts(name: str) -> set[str]:
    """Return the last part of a path, as it is and decoded (a file's name may itself hold a `%20`)."""
    return {_last_part(name), _last_part(unquote(name))}


def _last_part(name: str) -> str:
    return name.rpartition("/")[2]
