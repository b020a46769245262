"""What every store does alike: the contract. Sets and counts are compared, and the order of scores; no scores."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stored_documents import MODEL, WIDTH, document, many_documents, vector_of
from wherein.errors import UsageError, WhereinError
from wherein.storage.catalog.coverage import Coverage
from wherein.storage.catalog.packed_terms import unpack_rows
from wherein.storage.catalog.terms import terms_of
from wherein.storage.store.document import EmbeddedDocument, Record
from wherein.storage.store.filters import And, Equal, Filter, In, Not, Or, Prefix, Range
from wherein.storage.store.keys import document_key
from wherein.storage.store.store import Model, Store

INJECTION = 'x" or key != "'
ODD = "naïve “quotes” \\ back\\slash 'single' % _ \t tab \U0001f600 漢字"


@pytest.fixture
def filled(store: Store) -> Store:
    store.begin_generation(MODEL, "exact")
    assert store.upsert(many_documents(40)).documents == 40
    return store


def same(one: EmbeddedDocument, other: EmbeddedDocument) -> bool:
    fields = (
        "uri",
        "title",
        "media_type",
        "text",
        "metadata",
        "notes",
        "coverage",
        "added_at",
        "changed_at",
        "version",
    )
    alike = all(getattr(one, name) == getattr(other, name) for name in fields)
    return alike and list(one.chunks) == list(other.chunks) and bool((one.vectors == other.vectors).all())


def test_a_document_is_returned_as_it_was_stored(store: Store) -> None:
    store.begin_generation(MODEL)
    odd = document(
        "stdin:odd", [f"{ODD}\n", f"second {ODD}\n\n", "third"], {"name": ODD, "list": [1, "a"], "deep": {"a": 1}},
        title=ODD, headings=[("One", ODD), (), ("Two",)],
    )  # fmt: skip
    odd = replace(odd, coverage=Coverage(7, 2, "de", ((2, 5), (9, 12))))
    overlapping = document("stdin:overlap", ["a sentence. another one. ", "a third."])
    first, second = overlapping.chunks
    text = overlapping.text + " and what follows"
    overlapping = replace(overlapping, text=text, chunks=[first, replace(second, start=12)])

    store.upsert([odd, overlapping])

    found = {one.uri: one for one in store.read(["stdin:odd", "stdin:overlap", "stdin:unknown"])}
    assert [same(found[one.uri], one) for one in (odd, overlapping)] == [True, True]


def test_an_empty_store_has_no_generation(store: Store) -> None:
    assert store.generations() == []
    with pytest.raises(WhereinError):
        store.upsert(many_documents(1))


def test_documents_are_listed_in_the_order_of_their_keys(shared: Store) -> None:
    entries = list(shared.documents())

    assert [entry.uri for entry in entries] == sorted((one.uri for one in many_documents(40)), key=document_key)
    stored = {one.uri: one for one in many_documents(40)}
    assert all(entry.version == stored[entry.uri].version for entry in entries)
    assert {(entry.chunks, entry.metadata["author"]) for entry in entries} == {(3, f"Author {n}") for n in range(5)}
    assert [entry.uri for entry in shared.documents([entries[3].uri, "stdin:none"])] == [entries[3].uri]


def test_passages_are_found_by_their_keys_and_scanned_in_their_order(shared: Store) -> None:
    rows = list(shared.scan(vectors=True))

    assert [row.key for row in rows] == sorted(key for one in many_documents(40) for key in one.passage_keys)
    wanted = [rows[7].key, "0" * 32, rows[3].key]
    assert [row.key for row in shared.get(wanted)] == [rows[7].key, rows[3].key]
    assert shared.get(wanted)[0].vector is None
    assert np.array_equal(shared.get(wanted, vectors=True)[0].vector, rows[7].vector)
    assert all(row.line == 1 + row.ordinal and row.page == (row.ordinal + 1 if row.ordinal else None) for row in rows)
    assert shared.count() == len(rows) == shared.stats().passages
    assert shared.stats().documents == 40


FILTERS: list[tuple[Filter, Callable[[int], bool]]] = [
    (Equal("metadata.year", 2003), lambda n: n % 20 == 3),
    (Equal("metadata.author", "Author 2"), lambda n: n % 5 == 2),
    (Equal("metadata.draft", True), lambda n: n % 2 == 0),
    (Equal("metadata.year", "2003"), lambda n: False),
    (Equal("metadata.missing", 1), lambda n: False),
    (Not(Equal("metadata.missing", 1)), lambda n: True),
    (Equal("metadata.author", INJECTION), lambda n: False),
    (Equal("uri", INJECTION), lambda n: False),
    (In("metadata.year", (2001, 2002, "x")), lambda n: n % 20 in (1, 2)),
    (In("uri", ("file:///notes/3/3.txt", "file:///notes/4/4.txt")), lambda n: n in (3, 4)),
    (In("uri", ()), lambda n: False),
    (Range("metadata.year", 2005, 2007), lambda n: 5 <= n % 20 <= 7),
    (Range("metadata.year", 2005, 2007, includes_high=False), lambda n: 5 <= n % 20 < 7),
    (Range("metadata.year", low=2015.5), lambda n: n % 20 > 15),
    (Range("metadata.author", high="Author 1"), lambda n: n % 5 <= 1),
    (Range("uri"), lambda n: True),
    (Prefix("uri", "file:///notes/3/"), lambda n: n % 7 == 3),
    (Prefix("uri", "file:///notes/3%"), lambda n: False),
    (Prefix("uri", "FILE"), lambda n: False),
    (Prefix("uri", ""), lambda n: True),
    (Prefix("metadata.author", "Author"), lambda n: True),
    (Prefix("metadata.year", "20"), lambda n: False),
    (And((Equal("metadata.draft", False), Prefix("uri", "file:///notes/2/"))), lambda n: n % 2 == 1 and n % 7 == 2),
    (Or((Equal("metadata.year", 2003), Equal("title", "9.txt"))), lambda n: n % 20 == 3 or n == 9),
    (Not(Or((Prefix("uri", "file:///notes/1/"), Equal("metadata.draft", True)))), lambda n: n % 7 != 1 and n % 2 == 1),
    (And(()), lambda n: True),
    (Or(()), lambda n: False),
    (Not(And(())), lambda n: False),
    (Equal("media_type", "text/plain"), lambda n: True),
    # As many as a question asks for, and as deep as they would be one in the other.
    (In("uri", tuple(f"file:///notes/{n % 7}/{n}.txt" for n in range(30, 2_030))), lambda n: n >= 30),
    (In("ordinal", tuple(range(2_000))), lambda n: True),
    (In("metadata.year", (*range(1_400, 2_004), "x", 2_005.5)), lambda n: n % 20 <= 3),
    (Or(tuple(And((Equal("metadata.year", n), Range("uri"))) for n in range(1_703, 2_003))), lambda n: n % 20 < 3),
    (And(tuple(Not(Equal("metadata.year", n)) for n in range(1_703, 2_003))), lambda n: n % 20 >= 3),
]  # fmt: skip


@pytest.mark.parametrize("ordinal", [None, 1])
def test_filters_select_the_same_passages_everywhere(shared: Store, ordinal: int | None) -> None:
    numbers = {one.uri: at for at, one in enumerate(many_documents(40))}
    for only, passes in FILTERS:
        narrowed = only if ordinal is None else And((only, Equal("ordinal", ordinal)))
        found = {numbers[row.uri] for row in shared.scan(narrowed)}
        assert found == {n for n in range(40) if passes(n)}, narrowed
        assert shared.count(narrowed) == len(found) * (3 if ordinal is None else 1), narrowed


@pytest.mark.parametrize(
    "only",
    [
        Equal("nothing", 1), Equal("metadata.", 1), Equal('metadata.a"b', 1), Equal("metadata.x", float("nan")),
        Range("metadata.x", high=float("inf")), Equal("metadata.x", 2**64), Equal("uri", 1), Equal("ordinal", "1"),
        Equal("ordinal", True), Equal("uri", "\ud800"), Equal("uri", "a\0b"),
    ],
    ids=repr,
)  # fmt: skip
def test_wrong_filters_are_refused_alike(shared: Store, only: Filter) -> None:
    for ask in (shared.count, lambda one: list(shared.scan(one)), lambda one: shared.search(vector_of("a"), 1, one)):
        with pytest.raises(UsageError):
            ask(only)


def test_the_nearest_passages_are_found(shared: Store) -> None:
    rows = list(shared.scan(vectors=True))
    vectors = np.array([row.vector for row in rows])
    for question in map(vector_of, ("one", "two", "three")):
        best = np.argsort(-(vectors @ question))[:10]
        found = shared.search(question, 10)
        assert {one.passage.key for one in found} == {rows[at].key for at in best}
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        only = Equal("metadata.author", "Author 1")
        passing = [at for at in np.argsort(-(vectors @ question)) if rows[at].metadata["author"] == "Author 1"]
        filtered = shared.search(question, 10, only, vectors=True)
        assert {one.passage.key for one in filtered} == {rows[at].key for at in passing[:10]}
        assert all(one.passage.vector is not None for one in filtered)
    assert len(shared.search(vector_of("one"), 1_000)) == 120


@pytest.mark.parametrize("k", [0, -1, 16_385, 10**9])
def test_searches_for_too_many_or_none_are_refused(shared: Store, k: int) -> None:
    with pytest.raises(UsageError):
        shared.search(vector_of("one"), k)


@pytest.mark.parametrize("vector", [np.full(WIDTH, np.nan), np.full(WIDTH, np.inf), np.ones(WIDTH + 1), np.ones(0)])
def test_vectors_that_mean_nothing_are_refused(shared: Store, vector: np.ndarray) -> None:
    with pytest.raises(UsageError):
        shared.search(vector.astype(np.float32), 1)


def test_terms_are_counted_alike(shared: Store) -> None:
    terms = list(dict.fromkeys(terms_of("garden heating zebra")))
    texts = {key: one.text[chunk.start : chunk.end] for one in many_documents(40)
             for key, chunk in zip(one.passage_keys, one.chunks, strict=True)}  # fmt: skip
    held = {key: set(terms_of(text)) for key, text in texts.items()}

    pair = terms[0], terms[1]
    statistics = shared.term_statistics(terms, [pair])

    assert statistics.passages == 120
    assert statistics.families == {pair: sum(not own.isdisjoint(pair) for own in held.values())}
    assert statistics.length == sum(len(list(terms_of(text))) for text in texts.values())
    assert statistics.frequencies == {term: sum(term in own for own in held.values()) for term in terms}
    found = {one.key: one.counts for one in shared.with_terms(terms)}
    assert set(found) == {key for key, own in held.items() if own.intersection(terms)}
    some = list(found)[:5]
    assert {one.key: one.counts for one in shared.counted([*some, "0" * 32])} == {key: found[key] for key in some}
    (row,) = unpack_rows([0], [found[some[0]]]).single()
    assert set(row.entries["term"].tolist()) >= held[some[0]]
    only = Equal("metadata.year", 2003)
    assert {one.key[:16] for one in shared.with_terms(terms, only)} <= {
        document_key(one.uri)[:16] for one in many_documents(40) if one.metadata["year"] == 2003
    }


def test_terms_are_the_same_whether_all_are_kept_or_asked_for(shared: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    terms = [*terms_of("garden heating number 7 zebra")]
    asked = terms, [tuple(terms[:2])]
    kept = shared.term_statistics(*asked), {one.key: one.counts for one in shared.with_terms(terms[:2])}

    monkeypatch.setattr("wherein.storage.store.milvus.terms._MAX_HELD", 0)

    assert (shared.term_statistics(*asked), {one.key: one.counts for one in shared.with_terms(terms[:2])}) == kept


def test_the_main_language_is_that_of_most_documents(store: Store) -> None:
    store.begin_generation(MODEL, "exact")
    languages = ("de", "", "de", "fr", "", "", "fr", "de")
    documents = [
        replace(document(f"stdin:{number}", ["a"]), coverage=Coverage(1, 0, language))
        for number, language in enumerate(languages)
    ]
    store.upsert([*documents, replace(document("stdin:old", ["a"]), coverage=None)])
    store.checkpoint()

    assert store.main_language() == "de"
    store.delete(["stdin:0", "stdin:2"])
    store.checkpoint()
    assert store.main_language() == "fr"
    store.delete(["stdin:3"])
    store.checkpoint()
    assert store.main_language() == ""


def test_terms_that_another_connection_has_changed_count(
    open_store: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wherein.storage.store.milvus.terms._TRUSTED_SECONDS", 0.0)
    old, new = [*terms_of("giraffe okapi")]
    writer, reader = open_store(), open_store()
    writer.begin_generation(MODEL, "exact")
    writer.upsert([document("stdin:a", ["a giraffe"])])
    writer.checkpoint()
    assert reader.term_statistics([old, new]).frequencies == {old: 1, new: 0}

    writer.upsert([document("stdin:a", ["an okapi"])])  # as many passages
    writer.checkpoint()

    assert reader.term_statistics([old, new]).frequencies == {old: 0, new: 1}
    assert [*reader.with_terms([old])] == []
    (found,) = reader.with_terms([new])
    assert [row.text for row in reader.get([found.key])] == ["an okapi"]


def test_a_new_version_replaces_the_old_one(filled: Store) -> None:
    old, unchanged = many_documents(40)[:2]
    new = document(old.uri, ["only one passage now, about zebras.\n"], {"year": 1999})

    assert filled.upsert([new]).passages == 1
    assert filled.upsert([new, unchanged]).documents == 2

    assert filled.count() == 120 - 2
    assert [row.text for row in filled.scan(Equal("uri", old.uri))] == ["only one passage now, about zebras.\n"]
    assert filled.count(Equal("metadata.year", 1999)) == 1
    (term,) = terms_of("zebras")
    assert filled.term_statistics([term]).frequencies == {term: 1}
    assert filled.stats().documents == 40
    assert filled.search(new.vectors[0], 1)[0].passage.uri == old.uri


def test_of_two_versions_at_once_the_last_counts(store: Store) -> None:
    store.begin_generation(MODEL)

    written = store.upsert(
        [document("stdin:a", ["one"]), document("stdin:b", ["b"]), document("stdin:a", ["two", "x"])]
    )

    assert (written.documents, written.passages, store.count()) == (2, 3, 3)
    assert {row.text for row in store.scan()} == {"two", "x", "b"}


def test_deleted_documents_are_gone(filled: Store) -> None:
    uris = [one.uri for one in many_documents(40)[:3]]

    assert filled.delete([*uris, uris[0], "stdin:unknown"]) == 3
    assert filled.delete(uris) == 0

    assert filled.count() == 120 - 9
    assert list(filled.read(uris)) == []
    assert not {row.uri for row in filled.scan()} & {*uris}
    assert filled.term_statistics([]).passages == 111


REJECTED = {
    "NaN": replace(document("stdin:nan", ["a"]), vectors=np.full((1, WIDTH), np.nan, np.float32)),
    "infinite": replace(document("stdin:inf", ["a"]), vectors=np.full((1, WIDTH), np.inf, np.float32)),
    "narrow": replace(document("stdin:narrow", ["a"]), vectors=np.ones((1, WIDTH - 1), np.float32)),
    "too few vectors": replace(document("stdin:few", ["a", "b"]), vectors=np.ones((1, WIDTH), np.float32)),
    "no passage": replace(document("stdin:empty", ["a"]), chunks=[], vectors=np.ones((0, WIDTH), np.float32)),
    # As many characters as a text may have, but more bytes.
    "bytes": document("stdin:bytes", ["é" * 40_000]),
    "metadata": document("stdin:metadata", ["a"], {"name": "x" * 66_000}),
    "metadata in bytes": document("stdin:metadata-bytes", ["a"], {"name": "漢" * 30_000}),
    "not a number": document("stdin:json", ["a"], {"x": float("nan")}),
    "title": document("stdin:title", ["a"], title="t" * 9_000),
    "surrogate": document("stdin:surrogate", ["a"], {"x": "\ud800"}),
    "gap": replace(document("stdin:gap", ["abc", "def"]), text="abcdef", chunks=[
        replace(document("stdin:gap", ["abc", "def"]).chunks[0], end=2),
        document("stdin:gap", ["abc", "def"]).chunks[1],
    ]),
}  # fmt: skip


def test_what_cannot_be_stored_everywhere_is_rejected_with_the_reason(store: Store) -> None:
    store.begin_generation(MODEL)
    earlier = document("stdin:nan", ["the version before"])
    store.upsert([earlier])

    written = store.upsert([*REJECTED.values(), document("stdin:good", ["good"])])

    assert written.rejected.keys() == {one.uri for one in REJECTED.values()}
    assert all(len(reason.splitlines()) == 1 for reason in written.rejected.values())
    assert {row.text for row in store.scan()} == {"the version before", "good"}


def test_texts_of_the_greatest_size_are_stored(store: Store) -> None:
    store.begin_generation(MODEL)
    large = document("stdin:large", ["é" * 32_767, "x" * 65_535], {"name": "x" * 59_000})

    assert store.upsert([large]).rejected == {}

    assert [one.text for one in store.read(["stdin:large"])] == [large.text]


def test_records_are_kept_by_kind_and_name(store: Store) -> None:
    store.begin_generation(MODEL)
    source = Record("source", "/notes", {"kind": "path", "options": json.dumps({"exclude": [], "max_size": None}),
                                         "added_at": "2026-01-01"})  # fmt: skip
    state = {"size": 1, "mtime_ns": 2**62, "ctime_ns": 3, "inode": -4, "checked_ns": 5, "content_hash": ["00ff"],
             "version": "1", "state": "read", "reason": "", "sources": ["/notes"]}  # fmt: skip
    files = [Record("file", f"file:///notes/{name}", state) for name in ("b", "a", ODD.replace("\t", ""))]
    golden = Record("golden", "who?\nfile:///notes/a",
                    {"question": "who?", "uri": "file:///notes/a", "rank": None, "added_at": "2026"})  # fmt: skip

    store.put_records([source, *files, golden])
    store.put_records([replace(golden, value={**golden.value, "rank": 3})])

    assert list(store.records("source")) == [source]
    assert list(store.records("file")) == sorted(files, key=lambda record: record.name)
    assert [record.value["rank"] for record in store.records("golden")] == [3]
    assert list(store.records("file", ["file:///notes/a", "file:///unknown"])) == [files[1]]
    store.delete_records("file", ["file:///notes/a", "file:///unknown"])
    assert len(list(store.records("file"))) == 2


def test_what_was_written_is_there_when_the_store_is_opened_again(open_store: Callable[[], Store]) -> None:
    first = open_store()
    first.begin_generation(MODEL, "exact")
    first.upsert(many_documents(10))
    first.checkpoint()
    first.close()
    first.close()

    second = open_store()

    assert second.count() == 30
    assert [one.is_active for one in second.generations()] == [True]
    assert second.generations()[0].model == MODEL


@pytest.mark.parametrize("index", ["hnsw", "ivf", "exact", "auto"])
def test_a_generation_of_each_index_finds_enough(open_store: Callable[[], Store], index: str) -> None:
    store, documents = open_store(), many_documents(40)
    store.begin_generation(MODEL, "exact")
    store.upsert(documents)
    new = store.begin_generation(MODEL, index)
    other = store.at(new)
    other.upsert(documents)
    if store.capabilities().isolates:
        other.delete([documents[0].uri])
        assert (store.count(), other.count()) == (120, 117)
        other.upsert(documents[:1])
    store.publish_generation(new)

    rows = list(store.scan(vectors=True))
    vectors, found = np.array([row.vector for row in rows]), 0
    for number in range(10):
        question = vector_of(f"question {number}")
        best = {rows[at].key for at in np.argsort(-(vectors @ question))[:10]}
        found += len(best & {one.passage.key for one in store.search(question, 10)})
    assert found >= 0.95 * 100
    assert [one.is_active for one in store.generations()][-1]
    assert store.generations()[-1].index in (index, "exact", "auto")


@pytest.mark.parametrize("index", ["HNSW", "flat", "annoy", ""])
def test_an_unknown_index_is_refused(store: Store, index: str) -> None:
    with pytest.raises(UsageError, match="There is no index"):
        store.begin_generation(MODEL, index)


def test_generations_are_published_and_dropped(filled: Store) -> None:
    if not filled.capabilities().isolates:
        pytest.skip("a local store has one set of documents")
    first = filled.generations()[0]
    second = filled.begin_generation(Model("other", "other", "2", "w8a32", 8), "exact")
    small = replace(document("stdin:a", ["a"]), vectors=np.ones((1, 8), np.float32))
    filled.at(second).upsert([small])
    assert filled.count() == 120

    filled.publish_generation(second)
    assert (filled.count(), filled.stats().documents) == (1, 1)
    assert filled.search(np.ones(8, np.float32), 1)[0].passage.uri == "stdin:a"

    filled.publish_generation(first)
    assert (filled.count(), filled.stats().documents) == (120, 40)
    with pytest.raises(WhereinError, match="active"):
        filled.drop_generation(first)
    filled.drop_generation(second)
    assert [one.name for one in filled.generations()] == [first.name]


def test_words_are_listed(shared: Store) -> None:
    assert {"garden", "heating", "number", "part"} <= shared.words()
    assert not {"a", "zebra", "0"} & shared.words()


def test_a_sample_is_spread_over_all_passages(shared: Store) -> None:
    assert shared.sample(1_000).shape == (120, WIDTH)
    some = shared.sample(20)
    assert 5 <= len(some) <= 60
    assert np.array_equal(some, shared.sample(20))


def test_a_store_says_what_it_can_do(shared: Store) -> None:
    limits = shared.capabilities()
    assert {"auto", "exact", "hnsw", "ivf"} <= {*limits.index_kinds}
    assert limits.max_hits == 16_384
    assert limits.engine
