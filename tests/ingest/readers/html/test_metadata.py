"""The metadata in the head of a web page."""

import io

from selectolax.lexbor import LexborHTMLParser

from wherein.ingest.document import Document, JSONValue
from wherein.ingest.readers.html.metadata import metadata_of
from wherein.ingest.readers.html.page import read


def page(source: str) -> Document:
    (document,) = read(io.BytesIO(source.encode()), "page.html")
    assert isinstance(document, Document)
    return document


def metadata(head: str) -> dict[str, JSONValue]:
    return metadata_of(LexborHTMLParser(f"<head>{head}</head>"))


def test_metadata() -> None:
    head = """<meta name="Author" content="Ada"><meta name=author content=" Bob ">
    <meta name="keywords" content="rent, lease"><meta charset="utf-8">
    <meta name="date" content="some day"><meta property="article:published_time" content="2024-01-31T10:05:00+02:00">
    <meta name="DC.date" content="2023"><meta name="dcterms.modified" content="2024-02-01">
    <meta name="description" content=""><meta property="og:description" content="All &amp; more">"""
    assert page(f"<html lang='en-GB'><head>{head}</head><body>text</body></html>").metadata == {
        "author": ["Ada", "Bob"],
        "description": "All & more",
        "keywords": ["rent", "lease"],
        "language": "en-GB",
        "created": "2024-01-31T08:05:00Z",
        "modified": "2024-02-01",
    }
    assert page("<meta property='article:author' content='https://example.org/ada'><p>text").metadata == {}


def test_the_preferred_name_wins_whatever_its_order() -> None:
    assert metadata('<meta name="citation_author" content="Bob"><meta name="author" content="Ada">') == {
        "author": "Ada"
    }
    assert metadata('<meta name="author" content=" "><meta name="dc.creator" content="Bob">') == {"author": "Bob"}


def test_a_date_that_is_none_gives_way_to_nothing() -> None:
    assert metadata('<meta name="date" content="yesterday">') == {}
    assert metadata('<meta name="last-modified" content="2024-02-30">') == {}


def test_the_language_is_that_of_the_page() -> None:
    assert metadata_of(LexborHTMLParser('<html xml:lang="de_AT"><p lang="fr">')) == {"language": "de-AT"}
    assert metadata_of(LexborHTMLParser("")) == {}
