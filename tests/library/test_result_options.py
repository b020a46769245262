"""What is made of hits for a reader: freshness, folding, context, sentences, batches; and how it looks."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from toy import ToyEncoder
from wherein import cli
from wherein.commands.options import GlobalOptions
from wherein.errors import Stale, UsageError
from wherein.library import Library, ResultOptions, parse_filter
from wherein.render import format_hit
from wherein.search.hits import Hit, Place, Sentence
from wherein.search.modes import MODES
from wherein.search.results.batch import read_batch
from wherein.search.results.dedupe import same_words
from wherein.search.results.sentences import sentence_spans
from wherein.terminal import Terminal, wrap_spans

PLAIN = Terminal(None, color=False, links=False)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]


def settle(folder: Path) -> None:
    for path in folder.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))


def freshness(library: Library, question: str = "lease") -> dict[str, str]:
    return {hit.uri.rpartition("/")[2]: hit.freshness for hit in library.query(question, 50).hits}


# Freshness.


def test_each_hit_says_whether_its_file_is_as_it_was_read(library: Library, docs: Path) -> None:
    for name in ("same", "touched", "rewritten", "longer", "gone", "folder", "broken"):
        (docs / f"{name}.txt").write_text(f"The {name} lease is signed.")
    (docs / "records.jsonl").write_text(json.dumps({"id": "r", "text": "A lease on record."}))
    settle(docs)
    library.ingest([str(docs)])
    library.ingest_stream("note", b"The lease on a note.")
    os.utime(docs / "touched.txt")
    (docs / "rewritten.txt").write_text("The rewritten lease is SIGNED.")
    (docs / "longer.txt").write_text("The longer lease is signed twice.")
    (docs / "gone.txt").unlink()
    (docs / "folder.txt").unlink()
    (docs / "folder.txt").mkdir()
    (docs / "broken.txt").write_bytes(b"\xe9 broken")
    library.ingest([str(docs / "broken.txt")])  # its old version goes on answering
    expected = {"same.txt": "fresh", "touched.txt": "fresh", "records.jsonl#r": "fresh", "rewritten.txt": "changed",
                "longer.txt": "changed", "broken.txt": "changed", "folder.txt": "changed", "gone.txt": "missing",
                "stdin:note": "unknown"}  # fmt: skip
    assert freshness(library) == expected
    docs.rename(docs.with_name("elsewhere"))
    assert set(freshness(library).values()) == {"missing", "unknown"}


def test_a_change_under_the_same_size_and_times_is_seen_while_the_file_is_new(library: Library, docs: Path) -> None:
    (docs / "a.txt").write_text("The lease is signed.")
    library.ingest([str(docs)])
    status = (docs / "a.txt").stat()
    (docs / "a.txt").write_text("The lease is SIGNED.")
    os.utime(docs / "a.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert freshness(library) == {"a.txt": "changed"}


def test_only_fresh_passages_and_as_many_as_there_are(library: Library, docs: Path) -> None:
    for n in range(30):
        (docs / f"{n}.txt").write_text(f"The lease number {n} is signed by tenant {n}.")
    library.ingest([str(docs)])
    nearest = [hit.uri for hit in library.query("lease tenant", 30).hits]
    gone = {uri.rpartition("/")[2] for uri in nearest[:22]}
    for name in gone:
        (docs / name).unlink()
    for k in (1, 5, 8, 20):
        hits = library.query("lease tenant", k, options=ResultOptions(require_fresh=True)).hits
        assert [hit.uri for hit in hits] == nearest[22:][:k]
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        assert {hit.freshness for hit in hits} == {"fresh"}
    docs.rename(docs.with_name("elsewhere"))
    with pytest.raises(Stale, match="wherein reindex") as told:
        library.query("lease", 5, options=ResultOptions(require_fresh=True))
    assert told.value.exit_code == 6
    (answer,) = library.query_many(["lease"], 5, options=ResultOptions(require_fresh=True))
    assert answer.hits == []


def test_nothing_found_is_not_stale(library: Library, docs: Path) -> None:
    (docs / "a.txt").write_text("A lease.")
    library.ingest([str(docs)])
    options = ResultOptions(require_fresh=True)
    assert library.query("lease", 5, only=parse_filter(types=["pdf"]), options=options).hits == []


# Folding.


def test_the_same_passage_is_shown_once_and_k_are_shown(library: Library, docs: Path) -> None:
    for n in range(40):
        (docs / f"copy{n}.txt").write_text("The owner may sign the lease.")
    for n in range(5):
        (docs / f"other{n}.txt").write_text(f"The {n} neighbours see a lease.")
    library.ingest([str(docs)])
    hits = library.query("The owner may sign the lease.", 4, options=ResultOptions(fold=True)).hits
    assert len(hits) == 4
    assert len(hits[0].also_in) == 39
    assert [hit.also_in for hit in hits[1:]] == [()] * 3
    assert len({hit.text for hit in hits}) == 4
    assert {hit.text for hit in library.query("The owner may sign the lease.", 4).hits} == {hits[0].text}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("The owner may sign.", "The owner may sign.", True),
        ("  The owner may sign.\n", "The owner may sign.", True),
        ("one two three four five " * 9 + "end", "one two three four five " * 9 + "END!", True),
        (" ".join(f"w{'x' * n}" for n in range(60)), " ".join(f"w{'x' * n}" for n in range(57)), True),
        (" ".join(f"w{'x' * n}" for n in range(60)), " ".join(f"w{'x' * n}" for n in range(40)), False),
        ("Report of 2023: " + "the same words again " * 20, "Report of 2024: " + "the same words again " * 20, False),
        ("The owner may sign.", "The owner may not sign.", False),
        ("", "...", False),
        ("。", "、", False),
    ],
)
def test_nearly_the_same(one: str, other: str, same: bool) -> None:
    assert same_words(one, other) is same
    assert same_words(other, one) is same


def test_a_lowest_score(library: Library, docs: Path) -> None:
    for n in range(9):
        (docs / f"{n}.txt").write_text(f"Lease {n} and house {n * n}.")
    library.ingest([str(docs)])
    for mode in ("semantic", "keyword"):
        hits = library.query("lease house", 9, mode=mode).hits
        for limit in (hits[3].score, -1.0, 2.0):
            kept = library.query("lease house", 9, mode=mode, options=ResultOptions(min_score=limit)).hits
            assert [hit.chunk for hit in kept] == [hit.chunk for hit in hits if hit.score >= limit]


def test_a_lowest_chance(library: Library, docs: Path) -> None:
    lines = [json.dumps({"id": str(n), "text": f"Lease {n} and house {n * n}."}) for n in range(120)]
    (docs / "leases.jsonl").write_text("\n".join(lines))
    library.ingest([str(docs)])
    hits = library.query("lease 3", 120).hits
    chances = [hit.chance or 0.0 for hit in hits]
    assert len(set(chances)) > 2
    for limit in (sorted(chances)[4], 0.0, 1.0):
        kept = library.query("lease 3", 120, options=ResultOptions(min_score=limit)).hits
        assert [hit.chunk for hit in kept] == [hit.chunk for hit in hits if (hit.chance or 0.0) >= limit]
    for limit in (-0.1, 1.1, float("nan")):
        with pytest.raises(UsageError, match="from 0 to 1"):
            library.query("lease", options=ResultOptions(min_score=limit))


# Around a passage, and in it.


def test_neighbours_are_shown_without_what_they_share(library: Library, docs: Path) -> None:
    text = " ".join(f"Sentence number {n} tells of thing {n * n}." for n in range(60))
    (docs / "long.txt").write_text(text)
    library.ingest([str(docs)])
    for neighbours in (1, 2, 60):
        for hit in library.query("thing", 20, options=ResultOptions(context=neighbours)).hits:
            assert text[hit.start - len(hit.before) : hit.end + len(hit.after)] == hit.before + hit.text + hit.after
            assert bool(hit.before) == (hit.start > 0)
            assert bool(hit.after) == (hit.end < len(text))
            if neighbours == 60:
                assert hit.before + hit.text + hit.after == text


def test_the_nearest_sentence_is_marked(library: Library, docs: Path) -> None:
    text = "Cats sleep all day.\n\nThe lease, says Dr. Smith, may be signed by the owner. Rent is due.\n"
    (docs / "a.txt").write_text(text)
    library.ingest([str(docs)])
    hit = library.query("who may sign the lease", 1, options=ResultOptions(sentence=True)).hits[0]
    assert hit.sentence is not None
    assert text[hit.sentence.start : hit.sentence.end] == "The lease, says Dr. Smith, may be signed by the owner."
    encoder = ToyEncoder()
    asked, _ = encoder.encode_question("who may sign the lease")
    best = encoder.encode_contexts([text[hit.sentence.start : hit.sentence.end]])[0] @ asked
    assert hit.sentence.score == pytest.approx(best)


def test_the_shipped_model_marks_the_sentence_that_answers(open_library: Callable[[], Library], docs: Path) -> None:
    (docs / "a.txt").write_text(
        "Rent is due on the first. Only the owner can put her name to the contract. Cats sleep."
    )
    open_library().ingest([str(docs)])
    hit = open_library().query("who may sign the lease?", 1, options=ResultOptions(sentence=True)).hits[0]
    assert hit.sentence is not None
    assert hit.text[hit.sentence.start : hit.sentence.end] == "Only the owner can put her name to the contract."
    first, second = open_library().query_many(["who may sign the lease?", "what do cats do?"], 1)
    assert first.hits[0].score == pytest.approx(hit.score, abs=1e-5)
    assert (first.question, second.question) == ("who may sign the lease?", "what do cats do?")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("A line\nthat goes on. Next.", ["A line\nthat goes on.", "Next."]),
        ("# Title\n\nText, e.g. this one.\n- one\n- two", ["# Title", "Text, e.g. this one.", "- one", "- two"]),
        ('He said "No." Then J. Smith left.', ['He said "No."', "Then J. Smith left."]),
        ("日本語です。次の文。", ["日本語です。", "次の文。"]),
        ("Version 2.5 is out. it is small", ["Version 2.5 is out. it is small"]),
        (" \n ... \n", []),
        ("", []),
    ],
)  # fmt: skip
def test_sentences(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentence_spans(text)] == expected


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from('ab .!?\n"。-1#é\0'), max_size=80))
def test_sentences_follow_each_other(text: str) -> None:
    spans = sentence_spans(text)
    ends = [0, *(end for span in spans for end in span), len(text)]
    assert ends == sorted(ends)
    covered = {place for start, end in spans for place in range(start, end)}
    assert all(place in covered for place, character in enumerate(text) if character.isalnum())


# Batches.


def test_a_batch_has_texts_or_objects() -> None:
    lines = [
        "who may sign?\n",
        "\n",
        '{"id": "q7", "question": "when?"}\n',
        '{"_id": 5, "text": "where?"}',
        '  {"query": "\\ud800x"}',
    ]
    assert list(read_batch(lines)) == [(1, "who may sign?"), ("q7", "when?"), (5, "where?"), (5, "?x")]
    for wrong in ("{broken", "{}", '{"question": 5}', '{"question": " "}', '{"question": "a", "id": [1]}', "{" * 10**5):
        with pytest.raises(UsageError, match="Line 2 of the questions"):
            list(read_batch(["first", wrong]))


def test_many_questions_have_the_answers_of_each(library: Library, docs: Path) -> None:
    for n in range(20):
        (docs / f"{n}.txt").write_text(f"Lease {n} tells of the house {n % 5}.")
    library.ingest([str(docs)])
    questions = [f"house {n % 5} lease {n}" for n in range(260)]
    assert list(library.query_many(questions, 3)) == [library.query(question, 3) for question in questions]
    assert list(library.query_many([], 3)) == []


# How it looks.


def hit(text: str, **others: object) -> Hit:
    given_hit = {"rank": 1, "score": 0.714, "distance": None, "document": 1, "chunk": 1,
                 "uri": "file:///d/a%20b.txt", "title": "Leases", "media_type": "text/plain", "start": 0,
                 "end": len(text), "line": 12, "page": None, "heading": (), "text": text,
                 "freshness": "fresh", **others}  # fmt: skip
    return Hit(**given_hit)  # type: ignore[arg-type]


def test_the_answer_is_in_the_first_two_lines() -> None:
    text = "# Signing\n\nCats sleep. The lease may be signed\nby the owner. Rent is due."
    first, second, *rest = format_hit(
        hit(text, page=3, heading=("Signing",)), "who may sign the lease?", PLAIN
    ).splitlines()
    assert first == "1. The lease may be signed by the owner."
    assert second == "   /d/a b.txt:12 (page 3) · Leases > Signing · 0.71 · fresh"
    assert "\n".join(line[3:] for line in rest) == text
    only = format_hit(hit("The lease is signed."), "lease", PLAIN)
    assert only == "1. The lease is signed.\n   /d/a b.txt:12 · Leases · 0.71 · fresh\n"
    also = tuple(Place(uri=f"file:///d/{n}.txt", title="", start=0, end=5, line=n, page=None) for n in range(1, 8))
    assert "   also in: /d/1.txt:1, /d/2.txt:2, /d/3.txt:3, /d/4.txt:4, /d/5.txt:5 and 2 more\n" in format_hit(
        hit("The lease is signed.", also_in=also), "lease", PLAIN
    )


@pytest.mark.parametrize("width", [30, 80, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = "The lease may be signed by the owner of the house " * 9 + "x" * 300 + "。日本語" * 50 + "\n    code\n"
    for look in (Terminal(width, color=False, links=False), Terminal(width, color=True, links=False)):
        told = hit(
            text,
            sentence=Sentence(start=0, end=60, score=0.9),
            before="b " * 99,
            heading=("Signing the lease of a house",) * 5,
        )
        shown = click.unstyle(format_hit(told, "lease", look))
        lines = [line for line in shown.splitlines() if line != "   /d/a b.txt:12 · 0.71 · fresh"]  # 31, cut nowhere
        assert all(sum(2 if ord(char) > 0x2E80 else 1 for char in line) <= width for line in lines)
        assert all(line[:3] in ("   ", "1. ") for line in lines)


def test_where_an_answer_stands_is_cut_at_its_beginning_between_words() -> None:
    told = hit("The lease is signed.", heading=("About houses and their owners", "Signing the lease"))
    place = format_hit(told, "lease", Terminal(64, color=False, links=False)).splitlines()[1]
    assert place == "   /d/a b.txt:12 · … owners > Signing the lease · 0.71 · fresh"


def test_words_that_tell_what_is_asked_for_are_marked() -> None:
    marked = Terminal(80, color=True, links=False)
    shown = format_hit(hit("- They keep these leases; whatever leasehold."), "what are the leases of these", marked)
    assert click.unstyle(shown).startswith("1. They keep")
    yellow = re.findall(r"\x1b\[33m(?:\x1b\[1m)?(\w+)", shown)
    assert set(yellow) == {"leases"}
    assert "\x1b[33m" in format_hit(hit("To be or not to be, that."), "what about that", marked)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(), max_size=200), st.integers(4, 40))
def test_wrapping_loses_nothing_but_blanks(text: str, width: int) -> None:
    spans = wrap_spans(text, width)
    kept = "".join(text[start:end] for start, end in spans)
    assert "".join(kept.split()) == "".join(text.split())
    assert "\n" not in kept


def test_colours_links_and_marks_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Cats sleep. The lease is signed."
    shown = format_hit(
        hit(text, sentence=Sentence(start=12, end=32, score=0.9)), "lease", Terminal(80, color=True, links=True)
    )
    assert "\x1b]8;;file:///d/a%20b.txt\x1b\\/d/a b.txt:12\x1b]8;;\x1b\\" in shown
    assert "\x1b[4m" in shown
    assert "\x1b" not in format_hit(hit(text), "lease", PLAIN)
    assert "\x1b" not in format_hit(hit("\x1b]0;evil\x07 \x9b2J \u202e lease", title="\x1b[31m"), "lease", PLAIN)
    note = format_hit(hit(text, uri="stdin:note"), "lease", Terminal(80, color=True, links=True))
    assert "\x1b]8" not in note


# The command.


@pytest.fixture
def ask(library: Library, docs: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., click.testing.Result]:
    for n in range(6):
        (docs / f"{n}.md").write_text(f"---\nyear: {2020 + n}\n---\nThe lease {n} is signed. Cats sleep {n} hours.\n")
    library.ingest([str(docs)])
    monkeypatch.setattr(GlobalOptions, "open_library", lambda _: library)
    monkeypatch.chdir(docs)
    return lambda *arguments, stdin="": CliRunner().invoke(cli.main, ["query", *arguments], input=stdin)


def test_the_command_filters_and_prints_in_three_formats(ask: Callable[..., click.testing.Result]) -> None:
    answer = json.loads(ask("lease", "--where", "year >= 2024", "--json").stdout)
    assert {hit["uri"][-4:] for hit in answer["hits"]} == {"4.md", "5.md"}
    assert {"freshness", "also_in", "before", "after", "sentence"} <= set(answer["hits"][0])
    lines = [json.loads(line) for line in ask("lease", "--in", "[0-2].md", "--format", "jsonl").stdout.splitlines()]
    assert {line["uri"][-4:] for line in lines} == {"0.md", "1.md", "2.md"}
    assert {line["question"] for line in lines} == {"lease"}
    text = ask("lease", "-n", "1", "--sentence", "--context", "1").stdout
    assert text.startswith("1. ")
    assert "fresh" in text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["lease", "--type", "word"], 2, "no document type 'word'; the types are"),
        (["lease", "--since", "soon"], 2, "is not a date"),
        (["lease", "--where", "year >"], 2, "at character 7"),
        (["lease", "--where", "jahr = 1"], 2, "known are year"),
        (["lease", "--batch", "-"], 2, "no question beside it"),
        (["--batch", "-", "--format", "text"], 2, "prints JSON"),
        (["--batch", "nowhere"], 2, "nowhere"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    ask: Callable[..., click.testing.Result], arguments: list[str], code: int, words: str
) -> None:
    result = ask(*arguments)
    assert (result.exit_code, words in result.stderr) == (code, True), result.stderr


def test_require_fresh_ends_with_6(ask: Callable[..., click.testing.Result], docs: Path) -> None:
    assert ask("lease", "--require-fresh").exit_code == 0
    for path in docs.iterdir():
        path.write_text("Something else.")
    result = ask("lease", "--require-fresh")
    assert (result.exit_code, result.stdout) == (6, "")
    assert "none is fresh" in result.stderr


def test_a_batch_is_answered_line_by_line(ask: Callable[..., click.testing.Result]) -> None:
    lines = 'lease 3\n\n{"id": "q", "question": "cats"}\n'
    answers = [json.loads(line) for line in ask("--batch", "-", "-n", "2", stdin=lines).stdout.splitlines()]
    assert [(answer["id"], answer["question"]) for answer in answers] == [(1, "lease 3"), ("q", "cats")]
    assert all(len(answer["hits"]) == 2 for answer in answers)


QUESTIONS = st.one_of(
    st.text(st.characters(), max_size=80),
    st.lists(
        st.sampled_from(["AND", "OR", "NOT", "NEAR(", "*", '"', "lease", "-x", "\0", "\ud800", "^", ":", "🙂", "ключ"]),
        max_size=9,
    ).map(" ".join),
)


@settings(max_examples=60, deadline=None)
@given(question=QUESTIONS, form=st.sampled_from(["text", "json", "jsonl"]), mode=st.sampled_from(MODES))
def test_any_question_is_answered(asked_library: Library, question: str, form: str, mode: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GlobalOptions, "open_library", lambda _: asked_library)
        options = ["--format", form, "--mode", mode, "--sentence", "--explain"]
        result = CliRunner().invoke(cli.main, ["query", *options, "--", question or " "])
    assert result.exit_code == (0 if question.strip() else 2), (result.stderr, result.exception)


@pytest.fixture(scope="module")
def asked_library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("asked")
    (folder / "a.txt").write_text("The lease is signed.\x1b[31m Cats sleep.")
    made = Library(folder / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    made.ingest([str(folder / "a.txt")])
    return made


@pytest.mark.parametrize("question", ["word " * 200_000, "x" * 10**6, "\0" * 10**6, '"' * 10**6, "🙂" * 250_000])
def test_a_megabyte_is_a_question(asked_library: Library, question: str) -> None:
    for mode in MODES:
        answer = asked_library.query(question, 1, mode=mode, options=ResultOptions(fold=True, sentence=True))
        assert len(answer.hits) == (mode != "keyword")
        for hit in answer.hits:
            assert format_hit(hit, question, Terminal(80, color=True, links=True), explain=True)
