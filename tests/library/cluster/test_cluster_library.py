"""A library in Milvus answers, lists and changes as one in a folder: the same documents go through both."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cluster_pairs import WORDS, Pair, open_library
from wherein.errors import LibraryBusy, UsageError, WhereinError
from wherein.ingest.progress.events import RunProblem, Summary
from wherein.library import Answer, Library, ResultOptions, parse_filter
from wherein.library.cluster.cluster_library import ClusterLibrary
from wherein.storage.store.document import Record

QUESTIONS = (
    *(" ".join(WORDS[at : at + 3]) for at in range(0, 20, 4)), "mark3x2", '"garden heating" roof', "tenant -river",
)  # fmt: skip


def places(answer: Answer) -> list[tuple[str, int, int]]:
    return [(hit.uri, hit.start, hit.line) for hit in answer.hits]


def counts(summary: Summary) -> Summary:
    return replace(summary, seconds=0.0)


def require_equal(pair: Pair, mode: str, options: ResultOptions, **filters: object) -> None:
    only = parse_filter(**filters) if filters else None  # type: ignore[arg-type]
    for question in QUESTIONS:
        local, milvus = (library.query(question, 8, mode=mode, only=only, options=options) for library in pair.both)
        # Of passages with equal scores others may be among the best.
        floor = local.hits[-1].score + 1e-6 if local.hits else 0.0
        above = {(hit.uri, hit.start, hit.line, hit.text) for hit in local.hits if hit.score > floor}
        assert above <= {(hit.uri, hit.start, hit.line, hit.text) for hit in milvus.hits}
        assert len(local.hits) == len(milvus.hits)
        for one, other in zip(local.hits, milvus.hits, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-3)


def test_answers_are_those_of_a_folder(shared: Pair) -> None:
    for mode in ("hybrid", "keyword", "semantic"):
        require_equal(shared, mode, ResultOptions(fold=True, sentence=True))
    require_equal(shared, "hybrid", ResultOptions(context=1))
    assert any(hit.before or hit.after for hit in shared.milvus.query("garden", options=ResultOptions(context=1)).hits)


def test_misspelt_words_are_corrected_alike(shared: Pair) -> None:
    for question in ("lanlord deposti", "mountian river", "tenantt", "gardne heatnig", "qwertz"):
        for mode in ("hybrid", "keyword"):
            local, milvus = (library.query(question, 5, mode=mode) for library in shared.both)
            assert local.corrections == milvus.corrections
            assert local.notes == milvus.notes
            assert [hit.matched for hit in local.hits] == [hit.matched for hit in milvus.hits]
    assert shared.milvus.query("lanlord", 1).corrections[0].searched == "landlord"


GERMAN = (
    "Das Haus des Nachbarn steht leer, und niemand weiß, wem es jetzt gehört.",
    "Die Häuser der Stadt sind alt, und die Häuser am Fluss sind noch viel älter.",
    "Zwischen den Häusern liegt ein Garten, in dem die Kinder am Nachmittag spielen.",
    "Der Mieter hat den Schlüssel verloren und deshalb den ganzen Abend vor der Tür gewartet.",
)


@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
def test_other_inflections_are_found_alike(tmp_path: Path, place: Callable[[], str], mode: str) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    for number, text in enumerate(GERMAN):
        (documents / f"{number}.txt").write_text(text)
    local, milvus = open_library(tmp_path / "library"), open_library(place())
    for library in (local, milvus):
        library.ingest([documents])

    for question in ("Wo stehen Häuser?", "Welches Haus ist alt?", "Schlüsseln des Mieters", '"Haus" Garten', "Hauser"):
        one, other = (library.query(question, 4, mode=mode) for library in (local, milvus))
        # The order of equal scores differs.
        scores, matched = ([{hit.uri: getattr(hit, name) for hit in answer.hits} for answer in (one, other)]
                           for name in ("score", "matched"))  # fmt: skip
        assert scores[0] == pytest.approx(scores[1], abs=1e-3)
        assert matched[0] == matched[1]
        assert one.corrections == other.corrections
    assert len(milvus.query("Häuser", 4, mode="keyword").hits) == 3
    for library in (local, milvus):
        library.close()


def test_filters_mean_the_same(shared: Pair) -> None:
    options = ResultOptions()
    require_equal(shared, "hybrid", options, places=[str(shared.documents / "2" / "**")])
    require_equal(shared, "keyword", options, where="year >= 2004")
    require_equal(shared, "semantic", options, types=["md"])
    require_equal(shared, "hybrid", options, since="2001-01-01", where="year in (2001, 2002) or not year > 2003")
    nothing = [library.query("garden", only=parse_filter(["nothing*"])) for library in shared.both]
    assert nothing[0].notes == nothing[1].notes != ()
    assert nothing[0].hits == nothing[1].hits == []


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda library: library.query("  "), UsageError),
        (lambda library: library.query("a", only=parse_filter(where="nope = 1")), UsageError),
        (lambda library: library.document("nothing.md"), UsageError),
        (lambda library: library.remove_documents(["nothing.md"]), UsageError),
        (lambda library: library.remove_golden("nothing"), UsageError),
        (lambda library: library.add_golden("who?", "nothing.md"), UsageError),
        (lambda library: library.ingest(["/nothing/there"]), UsageError),
        (lambda library: library.ingest("documents"), TypeError),
        (lambda library: library.ingest([], max_size=-1), UsageError),
        (lambda library: library.remove_documents("nothing.md"), TypeError),
        (lambda library: library.reindex(index="annoy"), UsageError),
        (lambda library: library.roll_back(), WhereinError),
        (lambda library: library.query("a", mode="exact"), UsageError),
        (lambda library: library.query("a", options=ResultOptions(strict=True), mode="semantic"), UsageError),
    ],
)
def test_errors_are_the_same_sentences(shared: Pair, ask: Callable[[Library], object], error: type[Exception]) -> None:
    said = []
    for library in shared.both:
        with pytest.raises(error) as raised:
            ask(library)
        said.append(str(raised.value))
    assert said[0] == said[1]


def test_changes_are_taken_over(pair: Pair) -> None:
    changed, gone, moved = (pair.documents / "0" / f"n{number}.md" for number in (0, 3, 6))
    changed.write_text(changed.read_text().replace("mark0x1", "a crossing for okapis"))
    gone.unlink()
    moved.rename(moved.with_name("renamed.md"))
    (pair.documents / "new.md").write_text("# New\n\nSomething about giraffes.\n")

    summaries = [counts(library.reindex()) for library in pair.both]

    assert summaries[0] == summaries[1]
    assert (summaries[0].new, summaries[0].changed, summaries[0].moved, summaries[0].removed) == (1, 1, 1, 1)
    assert summaries[0].reused > 0
    listed = [[(one.uri, one.title, one.chunks, one.metadata) for one in library.documents()] for library in pair.both]
    assert listed[0] == listed[1]
    for question in ("okapis", "giraffes", "mark6x1", "mark3x1"):
        local, milvus = (places(library.query(question, 1)) for library in pair.both)
        assert local == milvus
    assert pair.milvus.reindex().unchanged == 21


def test_documents_stay_away_and_come_back(pair: Pair) -> None:
    path = str(pair.documents / "1" / "n1.md")
    for library in pair.both:
        assert [one.uri for one in library.remove_documents([path])] == [f"file://{path}"]
    assert [len(library.removed()) for library in pair.both] == [1, 1]
    assert [library.ingest([pair.documents]).new for library in pair.both] == [0, 0]
    assert [library.ingest([path]).new for library in pair.both] == [1, 1]
    assert pair.milvus.document(path)[1] == pair.local.document(path)[1]
    assert [one.start for one in pair.milvus.document(path)[2]] == [one.start for one in pair.local.document(path)[2]]
    with pytest.raises(UsageError, match="Purging is not available"):
        pair.milvus.remove_documents([path], purge=True)


def test_an_index_is_swapped_in_and_rolled_back(pair: Pair) -> None:
    golden = str(pair.documents / "0" / "n0.md")
    for library in pair.both:
        library.add_golden("mark0x1", golden)
    pair.milvus.reindex(index="hnsw")
    assert pair.milvus.status().index == "hnsw"
    assert [row.rank for row in pair.milvus.golden()] == [1]
    require_equal(pair, "hybrid", ResultOptions())
    (pair.documents / "new.md").write_text("# New\n\nSomething about giraffes.\n")
    for library in pair.both:
        library.reindex()
        library.remove_documents([golden])

    assert "answers again" in pair.milvus.roll_back()

    assert pair.milvus.status().index == "exact"
    assert [library.status().documents for library in pair.both] == [21, 21]
    assert [library.status().chunks for library in pair.both].count(pair.local.status().chunks) == 2
    require_equal(pair, "hybrid", ResultOptions())
    with pytest.raises(WhereinError, match="no earlier generation"):
        pair.milvus.roll_back()


def test_sources_are_listed_and_forgotten(pair: Pair) -> None:
    assert [[one.uri for one in library.sources()] for library in pair.both] == [[str(pair.documents)]] * 2
    for library in pair.both:
        library.remove_source(str(pair.documents), remove=True)
    assert [library.sources() for library in pair.both] == [[], []]
    assert pair.milvus.status().documents == 0
    assert pair.milvus.query("garden").hits == []


def test_a_stream_and_its_plan(pair: Pair) -> None:
    plans = [library.plan([pair.documents]) for library in pair.both]
    assert [(plan.new, plan.unchanged) for plan in plans] == [(0, 21), (0, 21)]
    for library in pair.both:
        library.ingest_stream("note", b"Okapis live in the forest.")
    assert [[hit.uri for hit in library.query("okapis", 1).hits] for library in pair.both] == [["stdin:note"]] * 2


def test_what_a_store_cannot_hold_is_reported_each_time(pair: Pair) -> None:
    large = pair.documents / "large.jsonl"
    large.write_text(json.dumps({"id": "a", "text": "Some text.", "note": "x" * 70_000}) + "\n")
    for _ in range(2):
        problems: list[RunProblem] = []
        summary = pair.milvus.ingest([pair.documents], report=problems.append)  # type: ignore[arg-type]
        assert summary.failed == 1
        reasons = [one.reason for one in problems if isinstance(one, RunProblem)]
        assert reasons == ["its metadata have more than 60,000 bytes"]
    assert pair.milvus.query("Some text", 1, mode="keyword").hits == []


def test_what_only_a_folder_has_is_refused(shared: Pair) -> None:
    library = shared.milvus
    asks: list[Callable[[], object]] = [
        library.verify, library.repair, lambda: library.backup("x"), lambda: library.restore("x"), library.watch,
        lambda: library.passage(1), library.drop_previous_model, lambda: library.reindex(model="other"),
        lambda: library.query("a", options=ResultOptions(require_fresh=True)),
    ]  # fmt: skip
    for ask in asks:
        with pytest.raises(UsageError, match="Milvus"):
            ask()


def test_it_is_opened_by_its_address_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"milvus:{tmp_path / 'none.db'}"
    for library in (Library(address), Library.open(Path(address)), open_library(address)):
        assert isinstance(library, ClusterLibrary)
        with pytest.raises(WhereinError, match="There is no library at"):
            list(library.documents())
    monkeypatch.setenv("WHEREIN_LIBRARY", address)
    assert isinstance(Library(), ClusterLibrary)
    assert not Library().exists()
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(TypeError, match="threads must be a whole number"):
        Library(address, threads="two")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="not the address"):
        Library("milvus:none")


def test_one_process_writes_at_a_time(pair: Pair) -> None:
    store, holder = pair.milvus.store, {"id": "another", "host": "elsewhere", "pid": 7, "renewed_at": time.time()}  # type: ignore[attr-defined]
    store.put_records([Record("lease", "writer", holder)])
    for write in (lambda: pair.milvus.ingest([pair.documents]), pair.milvus.reindex, pair.milvus.roll_back):
        with pytest.raises(LibraryBusy, match="process 7 on elsewhere is writing to this library"):
            write()
    assert pair.milvus.plan([pair.documents]).unchanged == 21

    # One that was killed renews it no longer; one of this machine that is gone is seen at once.
    for gone in ({"renewed_at": time.time() - 100}, {"host": socket.gethostname(), "pid": 2**22 + 1}):
        store.put_records([Record("lease", "writer", {**holder, **gone})])
        assert pair.milvus.ingest([pair.documents]).unchanged == 21
    assert list(store.records("lease")) == []


def test_a_plan_writes_nothing(pair: Pair, tmp_path: Path) -> None:
    address = f"milvus:{tmp_path / 'none.db'}"
    assert [library.exists() for library in pair.both] == [True, True]
    assert open_library(address).plan([pair.documents]).new == 21
    assert not (tmp_path / "none.db").exists()
