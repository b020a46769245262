"""Wrong arguments: every public method and every option refuses them before anything is read or written."""

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from toy import ToyEncoder
from wherein.errors import UsageError
from wherein.ingest.readers.ocr import tesseract
from wherein.library import Fields, Filter, Library, ResultOptions, arguments, parse_filter
from wherein.library.arguments import OTHER_RULES, RULES

NAN, INF = math.nan, math.inf
FLAG = ([True, False], [1, 0, None, "yes", "", []], [])
PATHLIKE = (["a", Path("a")], [1, True, b"a", ["a"], 1.5], ["", "a\0b"])
NAMED = (["a", Path("a"), 12, 2**62], [None, b"a", 1.5, True, ["a"], ("a",)], ["", "a\0b", 0, -1, 2**63])
NAMES = (
    [[], ["a"], (3, Path("a")), {"a"}],
    ["12", b"12", Path("a"), 12, None, {"a": 1}, [True], [None], [b"a"], iter(["a"])],
    [["a\0"], [""], [0]],
)
PATHS = (
    [["a"], (Path("a"),)],
    ["abc", b"abc", Path("abc"), 1, None, {"a": 1}, [1], [b"a"], iter(["a"])],
    [[""], ["\0"]],
)
TEXTS = ([[], ["*.log"], ("a",)], ["gnu", b"gnu", Path("gnu"), None, [1], [b"a"], [Path("a")], {"a": 1}], [["a\0b"]])
TEXT = (["a", "é 東京"], [None, 1, b"a", ["a"], Path("a")], ["a\0b", "\udce9"])
FUNCTION = ([print, lambda _: None], [None, "print", 1, []], [])
MOMENT = ([None, datetime(2100, 1, 1), datetime(2100, 1, 1, tzinfo=UTC)], ["06:00", 1, date(2100, 1, 1), True], [])
MODE = (["hybrid", "semantic", "keyword"], [None, 1, b"hybrid", ["hybrid"]], ["", "Hybrid", "words", "a\0"])
SIZE = ([None, 1, 2**63 - 1], [1.5, 2.0, "5", True, NAN, [1]], [0, -1, 2**63, 10**20])

CASES: dict[str, tuple[list[Any], list[Any], list[Any]]] = {
    "accept_removals": FLAG,
    "after": (["", "file:///a"], TEXT[1], ["a\0b"]),
    "as_questions": FLAG,
    "answer": ([], ["a", None, 1, SimpleNamespace(hits=[])], []),
    "backup": PATHLIKE,
    "cache": ([None, *PATHLIKE[0]], PATHLIKE[1], PATHLIKE[2]),
    "add_golden.question": TEXT,
    "coverage.name": ([None, *NAMED[0]], NAMED[1][1:], NAMED[2]),
    "chunk": ([1, 2**63 - 1], ["1", 1.0, None, True], [0, -1, 2**63]),
    "confined": FLAG,
    "context": ([0, 1_000], ["1", 1.0, None, True], [-1, 1_001]),
    "data": ([b"", b"a"], ["a", None, 1, bytearray(b"a"), [b"a"]], []),
    "deep": FLAG,
    "encoder": ([None, ToyEncoder()], ["a", 1, object()], []),
    "engine": ([None, SimpleNamespace(crew=None)], ["ray", 1, object()], []),
    "encoding": (["", "koi8-r", "Windows-1251"], [None, 5, b"koi8-r"], ["klingon", "rot13", "a\0b", "\udce9"]),
    "every": ([1, 60.0, 10**9], [True, "5", None, 5j], [0, 0.5, -1, 10**10, NAN, INF, -INF]),
    "exclude": TEXTS,
    "export": PATHLIKE,
    "fields": ([Fields(), Fields("body")], [None, "body", {"text": "body"}, ("body",)], [Fields(text="a\0b")]),
    "folder": ([None, *PATHLIKE[0]], PATHLIKE[1], PATHLIKE[2]),
    "force": FLAG,
    "index": ([None, "exact", "ivf", "hnsw", "auto"], [True, 1, b"exact", ["exact"]], ["", "flat", "exact\0"]),
    "jobs": ([None, 1, 64], [1.5, "2", True, NAN], [0, -1, 10**20]),
    "k": ([1, 5, 1_000_000], [True, False, "5", 5.0, NAN, None, [5]], [0, -1, 10**20, -(10**20)]),
    "limit": SIZE,
    "look_ahead": FLAG,
    "margin": ([0, 5, 0.5, 100], [True, "5", None, 5j], [-1, 100.1, NAN, INF, -INF, 10**400]),
    "max_size": SIZE,
    "documents": ([[], [1], (2, 3)], [1, "1", None, ["1"], [True], [1.0]], [[0], [-1], [2**63]]),
    "device": ([None, "CPU", "auto:cpu"], [1, b"CPU", ["CPU"]], ["", "CPU\0", "XPU"]),
    "mode": MODE,
    "ocr_languages": (["", "eng"], [None, 1, ["eng"], b"eng"], ["deu eng", "+", "eng\0", "\udce9"]),
    "model": ([None, *PATHLIKE[0]], PATHLIKE[1], PATHLIKE[2]),
    "modes": ([["hybrid"], ("keyword", "semantic")], ["hybrid", b"hybrid", None, 1, [1]], [["words"], ["hybrid", ""]]),
    "ingest_stream.name": (["a", "é 東京", "\udce9"], TEXT[1], ["a\0b", "\ud800", ""]),
    "name": NAMED,
    "names": NAMES,
    "no_exclude": FLAG,
    "only": ([None, Filter(), Filter(since_ns=0)], ["*.md", {"a": 1}, 1, ("a",)], [Filter(since_ns=2**63)]),
    "options": ([ResultOptions()], [None, {"fold": True}, True, "fold"], [ResultOptions(context=-1)]),
    "path": PATHLIKE,
    "places": PATHS,
    "precision": (["auto", "w8a8", "w8a32"], [None, 8, b"auto"], ["", "int8", "AUTO"]),
    "purge": FLAG,
    "question": (["a", "\0"], TEXT[1], ["\udce9"]),
    "questions": ([["a"], ("a",), iter(["a"])], ["abc", b"abc", None, 1, {"a": 1}], []),
    "remove": FLAG,
    "report": FUNCTION,
    "restore.index": FLAG,
    "since": ([None, "2024-01-01"], [2024, date(2024, 1, 1), b"2024"], ["2024\0"]),
    "sources": PATHS,
    "target": PATHLIKE,
    "text": (["a", "\0"], TEXT[1], ["\udce9"]),
    "texts": ([[], ["a", "\0"]], ["abc", b"abc", None, 1, [1], {"a": 1}], [["\udce9"]]),
    "threads": ([0, 1, 64], [1.5, "2", True, None, NAN], [-1, 10**20]),
    "to": PATHLIKE,
    "types": TEXTS,
    "until": MOMENT,
    "verify": FLAG,
    "wait": FLAG,
    "where": ([None, "year > 3"], [3, b"a", ["a"]], ["a\0b", "\udce9"]),
}
"""By argument, or by method and argument where it means something else: right values, of wrong types, and wrong."""


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, method in inspect.getmembers(Library, inspect.isfunction):
        if name == "__init__" or not name.startswith("_"):
            yield name, method
    yield "parse_filter", parse_filter


ARGUMENTS = [
    (name, argument, function)
    for name, function in public_functions()
    for argument in inspect.signature(function).parameters
    if argument != "self"
]


def cases_of(method: str, argument: str) -> tuple[list[Any], list[Any], list[Any]]:
    return CASES.get(f"{method}.{argument}") or CASES[argument]


def test_every_argument_of_every_public_method_has_a_rule_and_cases_and_no_rule_is_left_over() -> None:
    used = {argument for _, argument, _ in ARGUMENTS}
    assert set(RULES) == used
    assert {f"{method}.{name}" for method, rules in OTHER_RULES.items() for name in rules} | used == set(CASES)


@pytest.mark.parametrize(("method", "argument", "function"), ARGUMENTS, ids=lambda value: str(value)[:30])
def test_wrong_arguments_are_refused_before_anything_is_written(
    method: str, argument: str, function: Callable[..., Any], tmp_path: Path
) -> None:
    _, of_wrong_type, wrong = cases_of(method, argument)
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    first = [] if method == "parse_filter" else [library]
    for error, values in ((TypeError, of_wrong_type), (UsageError, wrong)):
        for value in values:
            with pytest.raises(error) as caught:
                function(*first, **{argument: value})
            assert type(caught.value) is error
            sentence = str(caught.value)
            assert sentence.startswith((argument, f"There is no {argument}")), sentence
            assert "\n" not in sentence
            assert len(sentence) < 300
    assert not (tmp_path / "library").exists()


@pytest.mark.parametrize("argument", sorted(CASES))
def test_right_arguments_pass(argument: str) -> None:
    method, _, name = argument.rpartition(".")
    rule = OTHER_RULES[method][name] if method else RULES[name]
    for value in CASES[argument][0]:
        rule(name, value)


@pytest.mark.parametrize(
    ("argument", "value", "error", "sentence"),
    [
        ("fields", Fields(text=5), TypeError, "fields.text must be a text, not int"),
        ("fields", Fields(id=["a"]), TypeError, "fields.id must be a text, not list"),
        ("fields", Fields(title="\udce9"), UsageError, r"fields.title is not valid Unicode: '\udce9'"),
        ("only", Filter("x"), TypeError, "only.uri_patterns must be a tuple of texts, not one str; write ['x']"),
        ("only", Filter(["x"]), TypeError, "only.uri_patterns must be a tuple of texts, not list"),
        (
            "only",
            Filter(("(",)),
            UsageError,
            "only.uri_patterns[0] is not a regular expression: missing ), unterminated subpattern at position 0",
        ),
        ("only", Filter(media_types=(1,)), TypeError, "only.media_types[0] must be a text, not int"),
        ("only", Filter(since_ns=1.5), TypeError, "only.since_ns must be a whole number, not float"),
        ("only", Filter(since_ns=True), TypeError, "only.since_ns must be a whole number, not bool"),
        (
            "only",
            Filter(since_ns=-(2**63) - 1),
            UsageError,
            f"only.since_ns must be from {-(2**63):,} to {2**63 - 1:,}, not -9223372036854775809",
        ),
        (
            "only",
            Filter(where="year > 3"),
            TypeError,
            "only.where must be a condition, as parse_filter makes it, not str",
        ),
        ("options", ResultOptions(fold="no"), TypeError, "options.fold must be True or False, not str"),
        ("options", ResultOptions(context=1_001), UsageError, "options.context must be from 0 to 1,000, not 1001"),
        ("options", ResultOptions(context=1.0), TypeError, "options.context must be a whole number, not float"),
        ("options", ResultOptions(sentence=1), TypeError, "options.sentence must be True or False, not int"),
        ("options", ResultOptions(min_score=NAN), UsageError, "options.min_score must be a finite number, not nan"),
        ("options", ResultOptions(min_score="0.5"), TypeError, "options.min_score must be a number, not str"),
        (
            "options",
            ResultOptions(require_fresh=None),
            TypeError,
            "options.require_fresh must be True or False, not NoneType",
        ),
    ],
)
def test_wrong_fields_of_the_options_are_refused(
    argument: str, value: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as caught:
        RULES[argument](argument, value)
    assert str(caught.value) == sentence


def test_each_field_of_the_options_has_a_rule() -> None:
    rules = {Fields: arguments.FIELDS, Filter: arguments.FILTER, ResultOptions: arguments.RESULT_OPTIONS}
    for kind, rules_of_kind in rules.items():
        assert {field.name for field in fields(kind)} == set(rules_of_kind)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "docs").mkdir()
    for number in range(13):
        (tmp_path / "docs" / f"{number}.txt").write_text(f"gnu {number}\n")
    made = Library(str(tmp_path / "library"), encoder=ToyEncoder(), jobs=1)  # type: ignore[arg-type]
    made.ingest([tmp_path / "docs"])
    return made


def test_nothing_is_removed_kept_or_damaged_by_a_text_where_a_list_is_meant(library: Library, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"^names must be a list of names, not one str; write \['12'\]$"):
        library.remove_documents("12")
    with pytest.raises(TypeError, match=r"^exclude must be a list of patterns, not one str; write \['gnu'\]$"):
        library.ingest([tmp_path / "docs"], exclude="gnu")
    with pytest.raises(UsageError, match=r"^name must not contain a NUL character: 'a\\x00b'$"):
        library.ingest_stream("a\0b", b"text")
    assert len(list(library.documents())) == 13
    assert library.sources()[0].exclude == ()
    assert not library.verify().findings


def test_documents_are_named_by_path_number_or_text(library: Library, tmp_path: Path) -> None:
    document = next(iter(library.documents()))
    path = tmp_path / "docs" / "0.txt"
    for name in (document.id, str(document.id), path, str(path), path.as_uri()):
        assert library.document(name)[0] == document
    assert [removed.id for removed in library.remove_documents([document.id, tmp_path / "docs" / "1.txt"])] == [1, 2]


def test_questions_are_checked_as_they_come(library: Library) -> None:
    answers = library.query_many(iter(["gnu", 5]), mode="keyword")  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"^questions\[1\] must be a text, not int$"):
        list(answers)
    assert [len(answer.hits) for answer in library.query_many(iter(["gnu"]), 3, mode="keyword")] == [3]


def test_the_default_library_is_that_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHEREIN_LIBRARY", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Library().folder == tmp_path / "wherein" / "library"
    monkeypatch.setenv("WHEREIN_LIBRARY", str(tmp_path / "named"))
    assert Library().folder == tmp_path / "named"


def test_a_folder_may_be_a_text_or_a_path_with_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder in ("~/notes", Path("~/notes"), str(tmp_path / "notes")):
        assert Library(folder).folder == tmp_path / "notes"


def test_a_moment_without_a_zone_is_on_the_local_clock(library: Library) -> None:
    past = datetime(2020, 1, 1)
    assert arguments.moment(past) == past.astimezone()
    assert library.reindex(until=past).unchanged == 0  # it stops at once


def test_tesseract_is_run_only_where_languages_were_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, was_run = tmp_path / "tesseract", tmp_path / "was-run"
    program.write_text(f"#!/bin/sh\necho 'List of available languages (1):'\necho eng\n: > '{was_run}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for cached in (tesseract._listed, tesseract.installed_languages):
        cached.cache_clear()
    RULES["ocr_languages"]("ocr_languages", "")
    assert not was_run.exists()
    RULES["ocr_languages"]("ocr_languages", "eng")
    assert was_run.exists()
    for cached in (tesseract._listed, tesseract.installed_languages):
        cached.cache_clear()
