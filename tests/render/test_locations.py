"""Where a hit stands, as a person names it."""

import pytest

from made_hits import made_hit
from wherein.render.locations import headings_of, location_of, record_line
from wherein.terminal import display_width

PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


@pytest.mark.parametrize(
    ("media_type", "uri", "others", "shown"),
    [
        ("text/plain", "file:///d/a%20b.txt", {"line": 7}, "/d/a b.txt:7"),
        ("text/markdown", "file:///d/a.md", {"line": 7, "title": "T"}, "/d/a.md:7"),
        ("text/html", "file:///d/a.html", {"line": 7}, "/d/a.html"),
        ("text/html", "https://example.org/a%20b", {}, "https://example.org/a%20b"),
        ("text/plain", "stdin:memo", {"line": 2}, "stdin:memo:2"),
        ("application/pdf", "file:///d/r.pdf", {"page": 12}, "page 12 of /d/r.pdf"),
        ("image/tiff", "file:///d/r.tif", {"page": 2}, "page 2 of /d/r.tif"),
        (PPTX, "file:///d/t.pptx", {"page": 3}, "slide 3 of /d/t.pptx"),
        ("application/msword", "file:///d/t.doc", {"line": 9}, "/d/t.doc"),
        ("message/rfc822", "file:///d/x.eml", {"title": "Rent, Ann, 2 May 2024"}, "Rent, Ann, 2 May 2024 · /d/x.eml"),
        ("message/rfc822", "file:///d/x.mbox#m%40id", {"title": "Rent"}, "Rent · /d/x.mbox"),
        ("message/rfc822", "file:///d/x.mbox#message-4", {"title": ""}, "message 4 · /d/x.mbox"),
        ("message/rfc822", "file:///d/x.eml", {"title": ""}, "/d/x.eml"),
        ("application/pdf", "file:///d/x.eml#r.pdf", {"page": 2}, "page 2 of r.pdf · /d/x.eml"),
        ("text/plain", "file:///d/z.zip#in/a.txt", {"line": 4}, "in/a.txt:4 · /d/z.zip"),
        ("application/jsonl", "file:///d/w.jsonl#Q42", {"title": "Douglas\nAdams"}, "Douglas Adams · /d/w.jsonl"),
        ("application/jsonl", "file:///d/w.jsonl#Q42", {}, "record Q42 · /d/w.jsonl"),
        ("application/jsonl", "file:///d/w.jsonl#line-7", {}, "line 7 · /d/w.jsonl"),
        ("text/csv", "file:///d/w.csv#row-3", {}, "row 3 · /d/w.csv"),
        ("application/json", "file:///d/w.json#record-3", {}, "record 3 · /d/w.json"),
        ("text/csv", "file:///d/z.zip#in/w.csv/row-3", {}, "row 3 of in/w.csv · /d/z.zip"),
        ("application/json", "file:///d/w.json", {"line": 3}, "/d/w.json:3"),
        ("text/plain", "file:///d/caf%E9%1B.txt", {}, "/d/caf\\xe9\\x1b.txt:1"),
    ],
)
def test_locations(media_type: str, uri: str, others: dict[str, object], shown: str) -> None:
    assert str(location_of(made_hit(uri=uri, **others), media_type)) == shown


def test_the_line_of_a_sentence_takes_the_place_of_the_passages() -> None:
    assert str(location_of(made_hit(line=7), "text/plain", 9)) == "/a.txt:9"


@pytest.mark.parametrize(
    ("uri", "title", "width", "shown"),
    [
        ("file:///usr/share/doc/a.txt", "", 30, "/usr/share/doc/a.txt:1"),
        ("file:///usr/share/doc/a.txt", "", 20, "…/share/doc/a.txt:1"),
        ("file:///usr/share/doc/a.txt", "", 10, "…/a.txt:1"),
        ("file:///docs/mail/day.eml", "Family day, Ann, 2 May 2024", 40, "Family day, Ann, 2 May 2024 · …/day.eml"),
        ("file:///docs/family-day.eml", "Family day, Ann, 2 May 2024", 40, "Family day, Ann, 2 May 2024 · …y-day.eml"),
        ("file:///docs/mail/day.eml", "Family day, Ann, 2 May 2024", 30, "Family day, Ann… · …/day.eml"),
        ("file:///docs/mail/day.eml", "家族の日", 20, "家族の日 · …/day.eml"),
    ],
)
def test_what_is_too_long_is_cut_where_it_says_least(uri: str, title: str, width: int, shown: str) -> None:
    media_type = "message/rfc822" if title else "text/plain"
    fitted = str(location_of(made_hit(uri=uri, title=title), media_type).fitted(width))
    assert fitted == shown
    assert display_width(fitted) <= width


def test_the_title_is_shown_unless_the_location_or_a_heading_is_the_same() -> None:
    for others, shown in (
        ({"title": "A lease"}, "A lease"),
        ({"title": "A lease", "heading": ("One", "Two")}, "A lease > One > Two"),
        ({"title": "One", "heading": ("One", "Two")}, "One > Two"),
        ({"title": "a.txt"}, ""),
        ({"title": "A\x1b\nlease"}, "A\ufffd lease"),
    ):
        hit = made_hit(**others)  # type: ignore[arg-type]
        assert headings_of(hit, location_of(hit, "text/plain")) == shown
    mail = made_hit(title="Rent", heading=("Terms",))
    assert headings_of(mail, location_of(mail, "message/rfc822")) == "Terms"


@pytest.mark.parametrize(
    ("uri", "line"),
    [
        ("file:///w.jsonl#line-7", 7), ("file:///w.jsonl#Q7", None), ("file:///w.csv#row-7", None),
        ("file:///z.zip#w.jsonl/line-7", None), ("file:///w.jsonl", None),
    ],
)  # fmt: skip
def test_the_line_of_a_record(uri: str, line: int | None) -> None:
    assert record_line(uri) == line
