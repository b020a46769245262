"""Filters: what they let pass, that the answer is exact among it, and that any text is a filter or an error."""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle import found, mistake, read_state
from toy import ToyEncoder
from wherein.errors import UsageError
from wherein.library import Library
from wherein.search.filters.parse import parse_filter
from wherein.storage.catalog.connection import open_reader

RECORDS: list[dict[str, object]] = [
    {"id": "a", "year": 2023, "tag": ["red", "blue"], "draft": True, "price": 9.5},
    {"id": "b", "year": 2024, "tag": "red", "draft": False, "note": "It's here"},
    {"id": "c", "year": "2025", "tag": [], "place": {"city": "Bonn"}},
    {"id": "d", "year": "last year", "tag": None, "half-life": 3},
    {"id": "e", "year": [1999, 2030], "my field": "x"},
    {"id": "f"},
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("filters")
    docs = folder / "docs"
    (docs / "sub folder").mkdir(parents=True)
    lines = [json.dumps({**record, "text": f"Record {record['id']} tells of a lease."}) for record in RECORDS]
    (docs / "records.jsonl").write_text("\n".join(lines))
    (docs / "old.md").write_text("---\nyear: 2020\ndraft: true\n---\n# Old\n\nAn old lease.\n")
    (docs / "sub folder" / "käse.txt").write_text("A lease for a cheese shop.")
    (docs / "sub folder" / "page.html").write_text(
        "<html><title>P</title><body><p>A page on a lease.</p></body></html>"
    )
    os.utime(docs / "old.md", (1_577_880_000, 1_577_880_000))  # 2020-01-01
    made = Library(folder / "library", encoder=ToyEncoder())
    made.ingest([str(docs)])
    made.ingest_stream("note", b"The note about a lease.")
    return made


def names(library: Library, **given_filter: object) -> set[str]:
    hits = library.query("a lease", 50, only=parse_filter(**given_filter)).hits  # type: ignore[arg-type]
    return {hit.uri.rpartition("/")[2].removeprefix("records.jsonl#") for hit in hits}


OTHERS = {"old.md", "k%C3%A4se.txt", "page.html", "stdin:note"}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("year = 2024", "b"),
        ("year >= 2024", "b c e"),
        ("year < 2000", "e"),
        ("year > 2020 AND year < 2025", "a b e"),
        ("year = '2024'", "b"),
        ("year >= '2025'", "c d e"),  # as texts
        ("year != 2024", "a c d e old.md"),
        ("NOT year = 2024", "a c d e f * old.md"),
        ("tag = 'red'", "a b"),
        ("tag IN ('blue', 'green')", "a"),
        ("tag not in ('blue')", "b c d e f * old.md"),
        ("tag IS NULL", "c d e f * old.md"),
        ("tag IS NOT NULL and draft = false", "b"),
        ("draft = TRUE", "a old.md"),
        ("draft = 1", ""),
        ("price > 9 AND price <= 9.5", "a"),
        ("tag LIKE 'R%'", "a b"),
        ("note CONTAINS 'it''s'", "b"),
        ('note CONTAINS "HERE"', "b"),
        ("half-life = 3", "d"),
        ("\"my field\" = 'x'", "e"),
        ("place = 'Bonn'", "c"),
        ("(year = 2024 OR year = 2023) AND NOT (tag = 'blue' OR tag = 'green')", "b"),
        ("year = 2024 OR year = 2023 AND tag = 'nothing'", "b"),
        ("year < 99999999999999999999999 AND year > -1e999", "a b c e old.md"),
        (f"year IN ({','.join(map(str, range(300, 2_025)))})", "a b e old.md"),
    ],
)
def test_conditions_on_metadata(library: Library, where: str, expected: str) -> None:
    wanted = set(expected.split())
    if "*" in wanted:
        wanted = wanted - {"*"} | OTHERS
    assert names(library, where=where) == wanted


def test_an_unknown_field_is_refused_with_the_known_ones(library: Library) -> None:
    with pytest.raises(UsageError, match=r"no.*|No document has a field yaer; known are year, .*half-life.*place"):
        names(library, where="yaer = 2024")


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["*.md"], {"old.md"}),
        (["käse.txt"], {"k%C3%A4se.txt"}),
        (["k?se.*", "old.*"], {"k%C3%A4se.txt", "old.md"}),
        (["[äöü-]*", "k[!a]se.txt"], {"k%C3%A4se.txt"}),
        (["sub folder"], {"k%C3%A4se.txt", "page.html"}),
        (["sub folder/*.html"], {"page.html"}),
        (["records.jsonl"], set("abcdef")),
        (["records.jsonl#[a-c]"], set("abc")),
        (["stdin:note"], {"stdin:note"}),
        (["note"], {"stdin:note"}),
        (["docs"], set("abcdef") | OTHERS - {"stdin:note"}),
        (["nowhere/*"], set()),
        (["A4se.txt", "*A4se.txt"], set()),  # half of a letter's bytes
    ],
)
def test_patterns_of_uris(library: Library, patterns: list[str], expected: set[str]) -> None:
    assert names(library, places=patterns) == expected


def test_paths_are_relative_to_the_current_folder(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    docs = library.folder.parent / "docs"
    monkeypatch.chdir(docs)
    assert names(library, places=["./old.md"]) == {"old.md"}
    assert names(library, places=[str(docs / "sub folder") + "/"]) == {"k%C3%A4se.txt", "page.html"}
    assert names(library, places=["../docs/*.jsonl"]) == set("abcdef")


def test_types_and_dates(library: Library) -> None:
    assert names(library, types=["md"]) == {"old.md"}
    assert names(library, types=["HTML", ".jsonl"]) == {"page.html", *"abcdef"}
    assert names(library, types=["text/html"]) == {"page.html"}
    assert names(library, types=["md"], where="year >= 2021") == set()
    assert names(library, since="2021-06-01") == set("abcdef") | OTHERS - {"old.md"}
    assert names(library, since="2020-01-01", types=["md"]) == {"old.md"}
    assert names(library, since="9999-01-01") == set()


@pytest.mark.parametrize("dimension", [16, 160])
@pytest.mark.parametrize("folded", [True, False])
def test_a_filtered_answer_is_exact_at_any_selectivity(tmp_path: Path, dimension: int, folded: bool) -> None:
    """Against NumPy; texts that two documents have must be found under the one that passes only."""
    docs = tmp_path / "docs"
    docs.mkdir()
    library = Library(tmp_path / "library", encoder=ToyEncoder(dimension))  # type: ignore[arg-type]
    if not folded:
        (docs / "first.jsonl").write_text(json.dumps({"id": "x", "text": "Nothing of the kind."}))
        library.ingest([str(docs)])
    records = [
        {
            "id": str(n),
            "n": n,
            "text": f"Tenant {n % 200} may sign lease {n % 7}, witness {n * n % 101 % 200} is there.",
        }
        for n in range(400)
    ]
    (docs / "records.jsonl").write_text("\n".join(map(json.dumps, records)))
    library.ingest([str(docs)])
    assert bool(library.status().delta) != folded
    vector, _ = ToyEncoder(dimension).encode_question("who may sign the lease?")
    db = open_reader(library.folder)
    state = read_state(db)
    db.close()
    numbers = np.array([int(p[0].rpartition("#")[2]) if p[0].rpartition("#")[2] != "x" else -1 for p in state.passages])
    for where, passes in _selectivities():
        kept = np.flatnonzero([number >= 0 and passes(number) for number in numbers])
        part = type(state)([state.passages[row] for row in kept], state.vectors[kept])
        for k in (1, 10, len(kept) + 1):
            answer = library.query("who may sign the lease?", k, mode="semantic", only=parse_filter(where=where))
            assert mistake(part, vector, k, found(answer.hits)) is None, (where, k)


def _selectivities() -> list[tuple[str, Callable[[int], bool]]]:
    return [
        ("n = 371", lambda n: n == 371),
        ("n < 9", lambda n: n < 9),
        ("n < 200", lambda n: n < 200),
        ("n >= 200 AND n < 390", lambda n: 200 <= n < 390),
        ("n != 3", lambda n: n != 3),
        ("n >= 0", lambda _: True),
        ("n < 0", lambda _: False),
    ]


def test_a_document_committed_later_is_selected_too(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    (docs / "a.md").write_text("---\nkind: x\n---\nA lease.")
    library.ingest([str(docs)])
    only = parse_filter(where="kind = 'x'")
    assert len(library.query("lease", 5, only=only).hits) == 1
    (docs / "b.md").write_text("---\nkind: x\n---\nAnother lease.")
    writer = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    writer.ingest([str(docs)])
    assert len(library.query("lease", 5, only=only).hits) == 2
    writer.remove_documents([str(docs / "a.md")])
    assert [hit.uri[-4:] for hit in library.query("lease", 5, only=only).hits] == ["b.md"]


FRAGMENTS = st.sampled_from(
    ["year", "tag", "'a'", "5", "1e999", "(", ")", "AND", "OR", "NOT", "IN", "LIKE", "CONTAINS", "IS", "NULL", "=",
     "!=", ">=", ",", '"', "'", "\0", "\ud800", "%", "$", "--", ";", "*", "TRUE", "-", "9" * 30]
)  # fmt: skip
WORDS = st.one_of(st.lists(FRAGMENTS, max_size=14).map(" ".join), st.text(st.characters(), max_size=60))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=WORDS, place=st.text(st.characters(), max_size=30))
def test_any_text_is_a_filter_or_an_error(library: Library, where: str, place: str) -> None:
    for given_filter in ({"where": where}, {"places": [place]}, {"types": [place]}, {"since": place}):
        with suppress(UsageError):
            library.query("a lease", 3, only=parse_filter(**given_filter))  # type: ignore[arg-type]


def _mixed(tmp_path: Path) -> Library:
    """A library of 60 records, two thirds of them in the generation, and of one text that two documents have."""
    docs = tmp_path / "docs"
    docs.mkdir()
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    for part in (range(40), range(40, 60)):
        lines = [
            json.dumps(
                {"id": str(n), "n": n, "text": f"Tenant {n} may {'sign' if n % 3 else 'read'} the lease {n // 9}."}
            )
            for n in part
        ]
        (docs / f"{part.start}.jsonl").write_text("\n".join(lines))
        library.ingest([str(docs)])
    (docs / "copy.md").write_text("---\nn: 99\n---\nTenant 7 may sign the lease 0.")
    library.ingest([str(docs)])
    return library


@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
@pytest.mark.parametrize("where", ["n = 7", "n = 99", "n < 12", "n >= 35 AND n < 45", "n != 7", "n >= 0", "n < 0"])
def test_a_filter_in_the_modes_with_keywords(tmp_path: Path, mode: str, where: str) -> None:
    """What passes is in the order of the unfiltered answer, with the same scores: those are of the whole library."""
    library = _mixed(tmp_path)
    for question in ("who may sign the lease 3?", 'tenant "sign the lease" -3', "lease -read"):
        everything = library.query(question, 100, mode=mode).hits
        selected = library.query(question, 100, mode=mode, only=parse_filter(where=where)).hits
        passing = {
            hit.chunk for hit in library.query("lease", 100, mode="semantic", only=parse_filter(where=where)).hits
        }
        expected = [hit for hit in everything if hit.chunk in passing]
        assert [hit.chunk for hit in selected] == [hit.chunk for hit in expected]
        assert [hit.score for hit in selected] == pytest.approx([hit.score for hit in expected])
        assert [hit.rank for hit in selected] == list(range(1, len(expected) + 1))


def test_passages_without_a_word_of_the_question_pass_by_meaning_only(tmp_path: Path) -> None:
    library, only = _mixed(tmp_path), parse_filter(where="n < 12")
    assert len(library.query("zebra", 5, only=only).hits) == 5
    assert library.query("zebra", 5, mode="keyword", only=only).hits == []
    assert len(library.query("read", 5, only=only).hits) == 5
    assert len(library.query("read", 5, mode="keyword", only=only).hits) == 4


@pytest.mark.parametrize("mode", ["semantic", "hybrid", "keyword"])
def test_a_document_committed_later_is_selected_in_every_mode(tmp_path: Path, mode: str) -> None:
    library, only = _mixed(tmp_path), parse_filter(where="n = 200")
    docs = tmp_path / "docs"
    assert library.query("lease", 5, mode=mode, only=only).hits == []
    (docs / "more.jsonl").write_text(json.dumps({"id": "x", "n": 200, "text": "A lease."}))
    writer = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    writer.ingest([str(docs)])
    assert [hit.text for hit in library.query("lease", 5, mode=mode, only=only).hits] == ["A lease."]


def test_words_are_found_under_a_filter_where_the_vectors_are_lost(tmp_path: Path) -> None:
    library = _mixed(tmp_path)
    db = open_reader(library.folder)
    db.close()
    with sqlite3.connect(library.folder / "catalog.db") as raw:
        raw.execute("DELETE FROM vectors")
    raw.close()
    hits = library.query("tenant", 50, mode="keyword", only=parse_filter(where="n < 12")).hits
    assert len(hits) == 12


TAGGED = {
    "one.md": "---\ntags: drink\nrelease date: 2024-01-31\n---\ncocoa one",
    "two.md": "---\ntags: [drink, food]\ngröße: 5\n---\ncocoa two",
    "three.md": "---\ntags:\n  - drink\n  - food\nauthor:\n  name: Ada\n---\ncocoa three",
    "four.md": '+++\ntags = ["game"]\n[author]\nname = "Bob"\n+++\ncocoa four',
    "five.md": "---\ntags: []\n---\ncocoa five",
    "six.jsonl": '{"id": "six", "text": "cocoa six", "tags": ["drink", 7], "author": {"name": "Ada"}}',
    "seven.html": "<meta name=keywords content='drink, food'><meta property='article:tag' content=game><p>cocoa seven",
}


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("tagged")
    for name, text in TAGGED.items():
        (folder / name).write_text(text)
    library = Library(folder / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([str(folder / name) for name in TAGGED])
    return library


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("tags = 'drink'", "one two three six"),
        ("tags IN ('food', 'game')", "two three four"),
        ("tags = 'drink' AND tags = 'food'", "two three"),
        ("tags LIKE 'dr%'", "one two three six"),
        ("tags CONTAINS 'OO'", "two three"),
        ("tags != 'drink'", "four"),
        ("NOT tags = 'drink'", "four five seven"),
        ("tags NOT IN ('drink')", "four five seven"),
        ("tags = 7", "six"),
        ("tags IS NULL", "five seven"),
        ("\"release date\" >= '2024'", "one"),
        ("größe > 4", "two"),
        ("author.name = 'Ada'", "three six"),
        ("author.name IS NOT NULL", "three four six"),
        ("keywords = 'game' AND keywords = 'drink'", "seven"),
    ],
)
def test_lists_nested_fields_and_any_name_of_a_field(tagged: Library, where: str, expected: str) -> None:
    hits = tagged.query("cocoa", 20, mode="keyword", only=parse_filter(where=where)).hits
    assert {hit.text.split()[-1] for hit in hits} == set(expected.split())


@pytest.mark.parametrize("where", ["author.born = 1", "tags.name = 'x'", "nothing = 1"])
def test_a_field_that_no_document_has_is_an_error_inside_another_too(tagged: Library, where: str) -> None:
    with pytest.raises(UsageError, match="No document has a field"):
        tagged.query("cocoa", 1, mode="keyword", only=parse_filter(where=where))
