"""A file of golden questions: read, resolved to documents by the ends of their paths, and measured."""

import os
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


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("gr\u00f6ssen.md", "file:///home/gro%CC%88ssen.md"),
        ("home/gro\u0308ssen.md", "file:///home/gr%C3%B6ssen.md"),
        ("caf\\xe9/a\\n.txt", "file:///home/caf%E9/a%0A.txt"),
        ("r.jsonl#M\u00fcller x", "file:///home/r.jsonl#M%C3%BCller%20x"),
        ("stdin:\\xff", "stdin:%FF"),
        ("https://example.org/\u00e4", "https://example.org/%C3%A4"),
    ],
)
def test_a_document_is_named_as_it_is_listed(name: str, uri: str) -> None:
    (found,) = resolve(FILE, [GoldenLine(3, "who?", (name,))], [*URIS, uri])
    assert found == ResolvedQuestion("who?", frozenset({uri}), ())


def test_a_path_in_the_current_folder_precedes_the_end_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    uri = f"file://{os.path.realpath(tmp_path)}/lease.pdf"
    (found,) = resolve(FILE, [GoldenLine(3, "who?", ("lease.pdf",))], [*URIS, uri])
    assert found.uris == {uri}


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_golden_file_may_begin_with_a_byte_order_mark(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_bytes('{"question": "wer schl\u00e4ft?", "documents": ["\u00fc.txt"]}\n'.encode(codec))
    assert read_golden(path) == [GoldenLine(1, "wer schl\u00e4ft?", ("\u00fc.txt",))]


def test_half_a_surrogate_pair_in_a_question_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_text('{"question": "x\\ud800", "documents": ["a\\udcff"]}', "utf-8")
    assert read_golden(path) == [GoldenLine(1, "x?", ("a\udcff",))]


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
