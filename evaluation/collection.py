"""Collections for evaluations: documents, questions, and which documents answer which question."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wherein.errors import UsageError
from wherein.storage.disk.text_lines import decode_text, text_lines

__all__ = ["Collection", "lines", "read_beir", "read_squad"]

_SQUAD_FIELDS = "data, paragraphs, context, qas or question is missing, or is something else there"


@dataclass(frozen=True)
class Collection:
    """Documents, each with a title, which may be empty, and a text; and questions. Both have ids.

    `relevant` has for each question the ids of documents with their grades; 0 is irrelevant.
    """

    ids: list[str]
    titles: list[str]
    texts: list[str]
    question_ids: list[str]
    questions: list[str]
    relevant: list[Mapping[str, int]]


def read_squad(path: Path) -> Collection:
    """Read a SQuAD v1.1 file: every distinct context is a document, titles are left out (the model card's protocol).

    Raises UsageError for any other file.
    """
    numbers: dict[str, int] = {}
    questions: list[str] = []
    relevant: list[Mapping[str, int]] = []
    try:
        for article in json.loads(decode_text(path.read_bytes()))["data"]:
            for paragraph in article["paragraphs"]:
                number = numbers.setdefault(str(paragraph["context"]), len(numbers))
                for entry in paragraph["qas"]:
                    questions.append(str(entry["question"]))
                    relevant.append({str(number): 1})
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not a SQuAD v1.1 file: it is not JSON ({error})") from error
    except (KeyError, TypeError) as error:
        raise UsageError(f"{path} is not a SQuAD v1.1 file: {_SQUAD_FIELDS}") from error
    if not questions:
        raise UsageError(f"{path} holds no questions")
    # Not the id of any context, or BEIR's rule about equal ids would leave that document out.
    names = [f"q{number}" for number in range(len(questions))]
    ids = [str(number) for number in numbers.values()]
    return Collection(ids, [""] * len(ids), list(numbers), names, questions, relevant)


def read_beir(folder: Path, split: str = "test") -> Collection:
    """Read a BEIR folder: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv` (https://github.com/beir-cellar/beir).

    Only queries that the qrels judge are asked. The qrels may have BEIR's three columns or TREC's four, with a header
    or without. Raises UsageError with file and line.
    """
    corpus = dict(_entries(folder, "corpus.jsonl"))
    queries = {name: str(entry["text"]) for name, entry in _entries(folder, "queries.jsonl")}
    qrels = folder / "qrels" / f"{split}.tsv"
    relevant = _qrels(qrels, queries)
    if not relevant:
        raise UsageError(f"{qrels} holds no judgements")
    asked = list(relevant)
    return Collection(
        ids=list(corpus),
        titles=[str(entry.get("title") or "") for entry in corpus.values()],
        texts=[str(entry["text"]) for entry in corpus.values()],
        question_ids=asked,
        questions=[queries[name] for name in asked],
        relevant=[relevant[name] for name in asked],
    )


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number, from 1, and text of each line that is not blank. Raises UsageError if the file cannot be read."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(text_lines(file), 1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text") from error


def _entries(folder: Path, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    path = folder / name
    seen = set()
    for number, line in lines(path):
        try:
            entry = json.loads(line)
            key, _ = str(entry["_id"]), entry["text"]
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path}, line {number}, is not a JSON object with _id and text") from error
        if key in seen:
            raise UsageError(f"{path}, line {number}, has the _id {key!r} of an earlier line")
        seen.add(key)
        yield key, entry
    if not seen:
        raise UsageError(f"{path} is empty")


def _qrels(path: Path, queries: Mapping[str, str]) -> dict[str, dict[str, int]]:
    relevant: dict[str, dict[str, int]] = {}
    for number, line in lines(path):
        columns = line.split()
        right = len(columns) in (3, 4)
        if not right or not columns[-1].removeprefix("-").isdecimal():
            if right and number == 1:
                continue  # the header
            raise UsageError(f"{path}, line {number}, is not a question, a document and a grade")
        # The second of TREC's four columns is not used; counted from the end, both layouts are alike.
        question, document, grade = columns[0], columns[-2], int(columns[-1])
        if question not in queries:
            raise UsageError(f"{path}, line {number}: there is no question {question!r} in queries.jsonl")
        relevant.setdefault(question, {})[document] = grade
    return relevant
