"""Which titles are embedded: those that stand in the document, and that say something else than the passage."""

import pytest

from wherein.ingest.titles import embedded_title, titled
from wherein.storage.catalog.titled_texts import TitledText


@pytest.mark.parametrize(
    ("uri", "title"),
    [
        ("file:///docs/a.txt", "a.txt"),
        ("file:///docs/K%C3%A4se%20und%20Brot.md", "Käse und Brot.md"),
        ("file:///docs/%FF.txt", "\N{REPLACEMENT CHARACTER}.txt"),
        ("file:///docs/a%23b.txt", "a#b.txt"),
        ("file:///docs/README", "README"),
        ("file:///docs/notes.txt.gz", "notes.txt"),
        ("file:///docs/picture.svgz", "picture.svg"),
        ("file:///docs/a.zip#notes/b.txt", "b.txt"),
        ("file:///docs/a.zip#b.txt%20%282%29", "b.txt (2)"),
        ("file:///docs/a.zip#notes/b.txt.xz", "b.txt"),
        ("file:///docs/mail.mbox#3.14%40example.org", "3.14@example.org"),
        ("stdin:memo", "memo"),
        ("stdin:notes/memo.txt", "memo.txt"),
        ("https://example.org/lease.html", "lease.html"),
        ("https://example.org/lease?page=2", "lease.html"),
        ("https://example.org/", "example.org.html"),
        ("file:///docs/a.txt", ""),
        ("file:///docs/a.txt", " \n"),
    ],
)
def test_the_name_of_a_file_is_no_title(uri: str, title: str) -> None:
    assert embedded_title("cosine", uri, title) == ""


@pytest.mark.parametrize(
    ("uri", "title"),
    [
        ("file:///docs/a.txt", "Lease"),
        ("file:///docs/Berlin.md", "Berlin"),
        ("file:///docs/records.jsonl#Berlin", "Berlin"),
        ("file:///docs/records.jsonl#1", "records"),
        ("file:///docs/a.zip#notes/b.txt", "notes"),
        ("file:///docs/Node.js.md", "Node.js"),
        ("https://example.org/wiki/Berlin", "Berlin - Wikipedia"),
        ("stdin:memo", "Memo"),
    ],
)
def test_a_title_that_stands_in_the_document_is_embedded(uri: str, title: str) -> None:
    assert embedded_title("cosine", uri, title) == title


@pytest.mark.parametrize("metric", ["dot", "l2"])
def test_other_metrics_keep_the_text_alone(metric: str) -> None:
    assert embedded_title(metric, "file:///docs/a.txt", "Lease") == ""


def test_a_title_that_says_the_same_as_the_passage_is_not_repeated() -> None:
    assert titled("Lease of the mill", "Lease  of\nthe mill ") == TitledText("Lease of the mill")
    assert titled("Lease of the mill.", "Lease of the mill") == TitledText("Lease of the mill.", "Lease of the mill")
    assert titled("A text.", "") == TitledText("A text.")
