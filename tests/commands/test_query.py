"""`wherein query`: formats, filters, batches, and that any question is answered."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from toy import ToyEncoder
from toy_reader import write_reader
from wherein import cli
from wherein.commands.answers import FORMATS
from wherein.commands.options import GlobalOptions
from wherein.library import Library
from wherein.search.modes import MODES


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]


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
        (["--batch", "-", "--format", "csv"], 2, "prints JSON"),
        (["--batch", "-", "--format", "markdown"], 2, "prints JSON"),
        (["lease", "--open", "1", "--json"], 2, "no other format"),
        (["--open", "1"], 2, "give the question"),
        (["--open", "1", "--batch", "-"], 2, "give the question"),
        (["lease", "--open", "0"], 2, "--open"),
        (["--batch", "nowhere"], 2, "nowhere"),
    ],
)
def test_wrong_options_are_refused_with_one_sentence(
    ask: Callable[..., click.testing.Result], arguments: list[str], code: int, words: str
) -> None:
    result = ask(*arguments)
    assert (result.exit_code, words in result.stderr) == (code, True), result.stderr


def test_require_fresh_exits_with_6_when_no_hit_is_fresh(ask: Callable[..., click.testing.Result], docs: Path) -> None:
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


@settings(max_examples=60)
@given(question=QUESTIONS, form=st.sampled_from(FORMATS), mode=st.sampled_from(MODES))
def test_any_question_is_answered(asked_library: Library, question: str, form: str, mode: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GlobalOptions, "open_library", lambda _: asked_library)
        options = ["--format", form, "--mode", mode, "--sentence", *(["--explain"] if form in ("text", "json") else [])]
        result = CliRunner().invoke(cli.main, ["query", *options, "--", question or " "])
    assert result.exit_code == (0 if question.strip() else 2), (result.stderr, result.exception)


@pytest.fixture(scope="module")
def asked_library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("asked")
    (folder / "a.txt").write_text("The lease is signed.\x1b[31m Cats sleep.")
    made = Library(folder / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    made.ingest([str(folder / "a.txt")])
    return made


def test_a_batch_may_begin_with_a_byte_order_mark(ask: Callable[..., click.testing.Result], docs: Path) -> None:
    line = '{"id": "q7", "question": "lease"}\ncats'
    for codec in ("utf-8-sig", "utf-16", "utf-32"):
        Path("b.jsonl").write_bytes(line.encode(codec))
        for arguments, stdin in ((["--batch", "b.jsonl"], b""), (["--batch", "-"], line.encode(codec))):
            answers = [json.loads(line) for line in ask(*arguments, stdin=stdin).stdout.splitlines()]
            assert [(answer["id"], answer["question"]) for answer in answers] == [("q7", "lease"), (2, "cats")]


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_two_formats_contradict_each_other(ask: Callable[..., click.testing.Result], form: str) -> None:
    result = ask("lease", "--json", "--format", form)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--json is short for --format json, and contradicts --format {form}; give one of them" in result.stderr
    assert json.loads(ask("lease", "--json", "--format", "json").stdout)["question"] == "lease"


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--in", "nowhere/*"], ["nowhere/*"]),
        (["--in", "0.md", "--in", "a\nb"], ["a\\nb"]),
        (["--in", "caf\udce9"], ["caf\\xe9"]),
        (["--in", "0.md", "--where", "year = 2021"], []),  # it matches a document, which fails for another reason
        (["--in", "?.md"], []),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_a_pattern_without_a_document_is_reported(
    ask: Callable[..., click.testing.Result], arguments: list[str], shown: list[str], mode: str
) -> None:
    notes = [f"no document matches the path or pattern {name}; see: wherein documents list" for name in shown]
    result = ask("lease", "--mode", mode, *arguments)
    assert result.stderr.splitlines() == [
        *(f"wherein: {note}" for note in notes),
        *(["no passages"] if not result.stdout else []),
    ]
    assert json.loads(ask("lease", "--mode", mode, "--json", *arguments).stdout)["notes"] == notes


@pytest.mark.parametrize("arguments", [["\udcff lease"], ["lease", "--in", "\udcff"], ["lease", "--in", "./\udcff"]])
def test_bytes_that_are_not_utf_8_are_no_error(ask: Callable[..., click.testing.Result], arguments: list[str]) -> None:
    for form in FORMATS:
        assert ask(*arguments, "--format", form).exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [["--where", "a\udcff = 1"], ["--type", "\udcff"], ["--since", "\udcff"], ["--batch", "\udcff"], ["--batch", "."]],
)
def test_bytes_that_are_not_utf_8_are_refused_with_a_sentence(
    ask: Callable[..., click.testing.Result], arguments: list[str]
) -> None:
    result = ask(*([] if "--batch" in arguments else ["lease"]), *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("wherein: ")


@pytest.fixture
def texts(library: Library, docs: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., click.testing.Result]:
    """Ask a library of one text with the word, four with few of the words and one with long passages."""
    (docs / "whole.txt").write_text("The owner may sign the lease today.")
    for n in range(3):
        (docs / f"part{n}.txt").write_text(f"Cats sleep {n} hours a day in the house of the owner. " * 3)
    library.ingest([str(docs)])
    monkeypatch.setattr(GlobalOptions, "open_library", lambda _: library)
    monkeypatch.chdir(docs)
    return lambda *arguments, stdin="": CliRunner().invoke(
        cli.main, ["query", "--mode", "keyword", *arguments], input=stdin
    )


def test_far_weaker_hits_are_counted_in_text_alone(texts: Callable[..., click.testing.Result]) -> None:
    question = "who may sign the lease, the owner?"
    shown = texts(question).stdout
    assert shown.startswith("1. The owner may sign the lease today.\n   whole.txt:1 · score ")
    assert shown.endswith(" · fresh\n\n… 3 weaker passages: --all\n")
    everything = texts(question, "--all").stdout
    assert "\n\n2. Cats sleep" in everything
    assert "weaker" not in everything
    assert len(json.loads(texts(question, "--json").stdout)["hits"]) == 4
    assert len(texts(question, "--format", "jsonl").stdout.splitlines()) == 4
    assert len(list(csv.DictReader(io.StringIO(texts(question, "--format", "csv").stdout)))) == 4
    assert "\n2. **Cats sleep" in texts(question, "--format", "markdown").stdout


def test_with_full_a_hit_has_its_whole_passage(texts: Callable[..., click.testing.Result], docs: Path) -> None:
    lines = [f"Boiler {n}." for n in range(8)]
    (docs / "long.txt").write_text("\n".join(lines))
    Library.ingest(GlobalOptions.open_library(None), [str(docs)])  # type: ignore[arg-type]
    short, whole = texts("boiler", "-n", "1").stdout, texts("boiler", "-n", "1", "--full").stdout
    assert short.count("\n") == 6
    assert whole.splitlines()[2:] == [f"   {line}" for line in lines]


def test_csv_has_one_head_and_a_row_for_each_hit(texts: Callable[..., click.testing.Result]) -> None:
    shown = texts("-n", "1", "--format", "csv", stdin="lease\nzebra\ncats\n").stdout
    rows = list(csv.DictReader(io.StringIO(shown)))
    assert [(row["question"], row["rank"]) for row in rows] == [("lease", "1"), ("cats", "1")]
    assert rows[0]["text"] == "The owner may sign the lease today."
    assert rows[0]["uri"].endswith("/whole.txt")
    assert rows[0]["chance"] == ""
    assert texts(" ", "--format", "csv").stdout == ""
    assert texts("zebra", "--format", "csv").stdout.startswith("question,rank,chance,")


def test_piped_questions_have_a_blank_line_between_their_answers(texts: Callable[..., click.testing.Result]) -> None:
    shown = texts("-n", "1", stdin="lease\nlease\n").stdout
    assert shown.count("1. The owner") == 2
    assert " · fresh\n\n1. The owner" in shown


def test_one_hit_is_shown_and_opened(
    texts: Callable[..., click.testing.Result], monkeypatch: pytest.MonkeyPatch, docs: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("wherein.commands.viewer.open_hit", lambda hit, _: opened.append(hit.uri))
    question = "who may sign the lease, the owner?"
    done = texts(question, "-n", "1", "--open", "2")  # as many hits as it takes
    assert (done.exit_code, done.stdout[:13], len(opened)) == (0, "2. Cats sleep", 1)
    assert opened[0].startswith(f"file://{docs}/part")
    done = texts("lease", "--open", "2")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "wherein: There is no hit 2: the answer has 1\n"
    assert texts("zebra", "--open", "1").stderr == "wherein: There is no hit 1: the answer has none\n"


def test_a_hit_is_opened_before_it_is_said_that_the_answer_model_is_damaged(
    texts: Callable[..., click.testing.Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("wherein.commands.viewer.open_hit", lambda hit, _: opened.append(hit.uri))
    monkeypatch.setenv("WHEREIN_MODELS", str(tmp_path / "models"))
    (write_reader(tmp_path / "models" / "reader", {}, {}) / "model.bin").write_bytes(b"")
    done = texts("lease", "--answer", "--open", "1")
    assert (done.exit_code, done.stdout[:3], len(opened)) == (5, "1. ", 1)
    assert "model.bin is damaged" in done.stderr


def test_strict_holds_for_a_question_and_for_a_batch(ask: Callable[..., click.testing.Result]) -> None:
    question = 'which "lease 3" is signed'
    answer = json.loads(ask(question, "--json").stdout)
    assert (len(answer["hits"]), answer["hits"][0]["phrases"]) == (5, ["lease 3"])
    assert [hit["uri"][-4:] for hit in json.loads(ask(question, "--strict", "--json").stdout)["hits"]] == ["3.md"]
    lines = f'{question}\n{{"id": "q", "question": "is \\"lease 9\\" signed"}}\n'
    first, second = map(json.loads, ask("--batch", "-", "--strict", stdin=lines).stdout.splitlines())
    assert [hit["uri"][-4:] for hit in first["hits"]] == ["3.md"]
    note = 'no passage contains "lease 9" exactly as quoted; without the quotes, its words are searched for separately'
    assert (second["hits"], second["notes"]) == ([], [note])


@pytest.mark.parametrize(
    ("arguments", "stderr"),
    [
        (
            ['is "lease 9" signed', "-n", "1"],
            'wherein: no passage contains "lease 9" exactly as quoted; its words were searched for separately\n',
        ),
        (
            ['"lease 9"'],
            'wherein: no passage contains "lease 9" exactly as quoted; without the quotes, its words are searched for'
            " separately\nno passages\n",
        ),
        (
            ["lease", "--", "-signed"],
            "wherein: every passage that would otherwise be found is excluded (-signed)\nno passages\n",
        ),
        (
            ["lease", "--strict", "--mode", "semantic"],
            "wherein: The mode semantic ignores quotes, so no question can be strict there; choose hybrid or keyword\n",
        ),
    ],
)
def test_what_operators_did_is_said_on_standard_error(
    ask: Callable[..., click.testing.Result], arguments: list[str], stderr: str
) -> None:
    assert ask(*arguments).stderr == stderr


def test_the_phrases_that_a_passage_holds_are_explained(ask: Callable[..., click.testing.Result]) -> None:
    lines = [line.strip() for line in ask('is "lease 3" signed', "-n", "1", "--explain").stdout.splitlines()]
    assert "matched phrases: lease 3" in lines
    assert "matched phrases" not in ask("is lease 3 signed", "-n", "1", "--explain").stdout


def test_a_misspelt_word_is_reported_in_every_format(ask: Callable[..., click.testing.Result]) -> None:
    note = 'no passage contains the word "slepe"; "sleep" was searched for as well'
    for form in ("text", "markdown", "csv", "jsonl"):
        result = ask("cats slepe", "--format", form)
        assert result.stderr == f"wherein: {note}\n"
    fields = json.loads(ask("cats slepe", "--json").stdout)
    assert fields["notes"] == [note]
    assert fields["corrections"] == [{"word": "slepe", "searched": "sleep"}]
    assert fields["question"] == "cats slepe"
    (line,) = ask("--batch", "-", stdin="cats slepe\n").stdout.splitlines()
    assert json.loads(line)["corrections"] == fields["corrections"]
    assert json.loads(ask("cats sleep", "--json").stdout)["corrections"] == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--explain", "--format", "csv"], "--explain has no effect with --format csv; choose text or json"),
        (["--explain", "--format", "jsonl"], "--explain has no effect with --format jsonl; choose text or json"),
        (["--rerank-ms", "400"], "--rerank-ms has no effect without --rerank"),
    ],
)
def test_an_option_without_effect_is_refused(
    ask: Callable[..., click.testing.Result], arguments: list[str], reason: str
) -> None:
    result = ask("lease", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in result.stderr
