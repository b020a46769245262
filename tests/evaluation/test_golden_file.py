"""A file of golden questions: read, resolved to documents by the ends of their paths, and measured."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from wherein.errors import UsageError
from wherein.evaluation.golden_file import GoldenLine, ResolvedQuestion, evaluate_golden, read_golden, resolve

FILE = Path("golden.jsonl")
URIS = [
    "file:///home/a/lease.pdf",
    "file:///home/a/my%20notes.txt",
    "file:///home/b/lease.pdf",
    "file:///home/b/odd%2520name.txt",
    "file:///home/wiki.jsonl#7",
    "file:///home/wiki.jsonl#a%2Fb",
    "stdin:memo",
]


def resolved(*documents: str) -> ResolvedQuestion:
    (found,) = resolve(FILE, [GoldenLine(3, "who?", documents)], URIS)
    return found


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("a/lease.pdf", 0),
        ("/home/b/lease.pdf", 2),
        ("file:///home/a/lease.pdf", 0),
        ("my notes.txt", 1),
        ("./a/my notes.txt", 1),
        ("odd%20name.txt", 3),
        ("file:///home/b/odd%2520name.txt", 3),
        ("wiki.jsonl#7", 4),
        ("wiki.jsonl#a/b", 5),
        ("stdin:memo", 6),
    ],
)
def test_a_document_is_named_by_its_uri_or_the_end_of_its_path(name: str, uri: int) -> None:
    assert resolved(name) == ResolvedQuestion("who?", frozenset({URIS[uri]}), ())


def test_a_document_that_the_library_lacks_is_missing_and_counts_as_not_found() -> None:
    assert resolved("ease.pdf", "stdin:memo") == ResolvedQuestion("who?", frozenset({"stdin:memo"}), ("ease.pdf",))
    found = evaluate_golden([ResolvedQuestion("who?", frozenset(), ("ease.pdf",))], lambda question, k: [], 0)
    assert set(found.percent().values()) == {0.0}


def test_an_end_of_several_paths_is_refused_with_its_line() -> None:
    words = (
        "golden.jsonl, line 3: lease.pdf is the end of the paths of 2 documents, such as file:///home/a/lease.pdf;"
        " give more"
    )
    with pytest.raises(UsageError, match=re.escape(words)):
        resolved("lease.pdf")


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"question": "x"}', '{"question": "x", "documents": []}', '{"question": "x", "documents": "a.txt"}',
     '{"question": " ", "documents": ["a"]}', '{"question": "x", "documents": [1]}',
     '{"question": "x", "documents": [""]}', '{"question": 1, "documents": ["a"]}'],
)  # fmt: skip
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_text('{"question": "who?", "documents": ["a.txt"]}\n\n' + line, "utf-8")
    with pytest.raises(UsageError, match=r"golden.jsonl, line 3, is not"):
        read_golden(path)
    path.write_text("\n", "utf-8")
    with pytest.raises(UsageError, match="holds no questions"):
        read_golden(path)


def test_twenty_documents_count_however_many_passages_the_first_has() -> None:
    class Passage:
        def __init__(self, uri: str) -> None:
            self.uri = uri

    passages = [Passage("long")] * 250 + [Passage(f"d{n}") for n in range(40)]
    asked: list[int] = []

    def ask(question: str, k: int) -> Sequence[Passage]:
        asked.append(k)
        return passages[:k]

    questions = [ResolvedQuestion("?", frozenset({uri}), ()) for uri in ("long", "d18", "d19")]
    found = evaluate_golden(questions, ask, 290)
    assert list(found.values["top_20"]) == [1, 1, 0]
    assert list(found.values["mrr"]) == pytest.approx([1, 1 / 20, 0])
    assert asked == [100, 400] * 3
