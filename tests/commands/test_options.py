"""Options that several commands share."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from wherein import cli
from wherein.commands.options import (
    GlobalOptions,
    fields_options,
    filter_options,
    global_options,
    mode_option,
    parse_until_option,
    result_options,
    to_unicode,
)
from wherein.embed.metric import METRICS
from wherein.errors import UsageError
from wherein.library import Fields, Filter, ResultOptions, parse_filter
from wherein.search import modes
from wherein.storage.index.choices import CHOICES


def test_the_choices_of_the_options_are_those_of_the_library() -> None:
    def choices(command: str, option: str) -> tuple[str, ...]:
        found: click.Command | None = cli.main
        for name in command.split():
            assert isinstance(found, click.Group)
            found = found.get_command(click.Context(found), name)
        assert found
        kind = next(parameter.type for parameter in found.params if parameter.name == option)
        assert isinstance(kind, click.Choice)
        return tuple(kind.choices)

    assert choices("query", "mode") == choices("evaluate squad", "mode") == tuple(modes.MODES)
    assert choices("reindex", "index") == CHOICES
    assert choices("model add", "metric") == METRICS


def options_of(*arguments: str) -> GlobalOptions:
    """Return the options that a command gets when these precede its name."""
    found: list[GlobalOptions] = []

    @click.command()
    @global_options
    def command(options: GlobalOptions) -> None:
        found.append(options)

    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return found[0]


def test_the_library_is_the_named_one_else_that_of_the_environment_else_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WHEREIN_LIBRARY", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert options_of() == GlobalOptions(tmp_path / "data" / "wherein" / "library", "auto", None, 0, None)
    monkeypatch.setenv("WHEREIN_LIBRARY", "/from/environment")
    assert options_of().folder == Path("/from/environment")
    assert options_of("--library", "named").folder == Path("named")


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert options_of().cache == tmp_path / "wherein" / "compiled"


def test_global_options_reach_the_library(tmp_path: Path) -> None:
    options = options_of(
        "--library", str(tmp_path), "--precision", "w8a32", "--model", "m", "--threads", "3", "--jobs", "2"
    )
    assert options == GlobalOptions(tmp_path, "w8a32", "m", 3, 2)
    library = options.open_library()
    assert library.folder == tmp_path
    choice = library._models
    assert (choice.name, choice.precision, choice.threads, choice.cache) == ("m", "w8a32", 3, options.cache)
    assert library._jobs == 2


@pytest.mark.parametrize("arguments", [("--threads", "-1"), ("--jobs", "0"), ("--precision", "w4")])
def test_wrong_global_options_are_usage_errors(arguments: tuple[str, str]) -> None:
    result = CliRunner().invoke(cli.main, [*arguments, "status"])
    assert result.exit_code == 2
    assert arguments[0] in result.stderr


@click.command()
@fields_options
@filter_options
@result_options
@mode_option("How?")
def _with_all_options(fields: Fields, only: Filter | None, results: ResultOptions, mode: str) -> None:
    _received.append((fields, only, results, mode))


_received: list[tuple[Fields, Filter | None, ResultOptions, str]] = []


def received(*arguments: str) -> tuple[Fields, Filter | None, ResultOptions, str]:
    result = CliRunner().invoke(_with_all_options, arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return _received.pop()


def test_without_options_a_command_asks_everything_folds_near_duplicates_and_marks_sentences() -> None:
    assert received() == (Fields(), None, ResultOptions(fold=True, sentence=True), "hybrid")
    assert received("--no-sentence")[2] == ResultOptions(fold=True)
    assert received("--no-sentence", "--no-fold") == (Fields(), None, ResultOptions(), "hybrid")


def test_sentences_are_not_marked_with_exact_answers_or_in_batches_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[ResultOptions] = []

    def answer(query: Any, *_: object) -> None:
        opened.append(query.results)

    monkeypatch.setattr("wherein.commands.query._answer", answer)
    monkeypatch.setattr("wherein.commands.query._answer_batch", answer)
    (tmp_path / "questions").write_text("who?")
    batch = ("--batch", str(tmp_path / "questions"))
    for arguments in (
        ["who?"],
        ["who?", "--answer"],
        ["who?", "--answer", "--sentence"],
        batch,
        [*batch, "--sentence"],
    ):
        result = CliRunner().invoke(cli.main, ["--library", str(tmp_path), "query", *arguments])
        assert result.exit_code == 0, result.output
    assert [results.sentence for results in opened] == [True, False, True, False, True]


def test_options_become_the_values_that_the_library_takes() -> None:
    assert received(
        *("--text-field", "body", "--id-field", "key", "--title-field", "name"),
        *("--in", "notes/*", "--in", "b.md", "--type", "pdf", "--since", "2024-01-31", "--where", "year >= 2024"),
        *("--context", "2", "--sentence", "--no-fold", "--min-score", "0.5", "--require-fresh", "--mode", "keyword"),
    ) == (
        Fields("body", "key", "name"),
        parse_filter(("notes/*", "b.md"), ("pdf",), "2024-01-31", "year >= 2024"),
        ResultOptions(fold=False, context=2, sentence=True, min_score=0.5, require_fresh=True),
        "keyword",
    )


def test_until_is_a_future_time_or_nothing() -> None:
    assert parse_until_option(None) is None
    until = parse_until_option("06:00")
    assert until is not None
    assert until > datetime.now().astimezone()
    with pytest.raises(UsageError, match="is not a time"):
        parse_until_option("")


def test_undecodable_bytes_of_an_argument_are_replaced() -> None:
    assert [to_unicode(text) for text in ("", "é🙂", "a\udce9b", "\ud800")] == ["", "é🙂", "a?b", "?"]
