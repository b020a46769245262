"""What the public methods accept. Every argument is checked by its rule before anything is read or written.

A value of the wrong type raises TypeError, any other value that makes no sense UsageError; the sentence names the
argument. A rule belongs to a name: an argument means the same in every method that has it, and `OTHER_RULES` has the
few that do not. A text is refused where a list is meant: Python would take its letters one by one.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import wraps
from numbers import Real
from operator import index
from pathlib import Path
from typing import Any, TypeVar, cast

from wherein.embed.devices import check_device_name
from wherein.embed.precision import MAX_THREADS, PRECISIONS
from wherein.errors import UsageError
from wherein.ingest.limits import MAX_JOBS, MAX_SIZE
from wherein.search.limits import MAX_CONTEXT, MAX_HITS, MAX_RERANK_MS
from wherein.search.modes import MODES
from wherein.search.pipeline import Answer
from wherein.search.results.postprocess import ResultOptions
from wherein.storage.catalog.fields import Fields
from wherein.storage.filters.condition import Condition
from wherein.storage.filters.selection import Filter
from wherein.storage.index.choices import CHOICES

__all__ = [
    "OTHER_RULES", "RULES", "Name", "StrPath", "checked", "each_question", "model", "moment", "path", "text", "texts",
]  # fmt: skip

StrPath = str | os.PathLike[str]
Name = str | int | os.PathLike[str]
"""What names a document or a source: its URI or path, or its number."""

Rule = Callable[[str, object], None]
"""Raises TypeError or UsageError when the value of the argument of that name is not acceptable."""

_MAX_SHOWN = 80
_LANGUAGES = re.compile(r"[A-Za-z0-9_/]+(?:\+[A-Za-z0-9_/]+)*")
_INT64 = 2**63
_Checked = TypeVar("_Checked", bound=Callable[..., Any])


def checked(public: _Checked) -> _Checked:
    """Return a function, or a class with public methods, that checks its arguments."""
    if not isinstance(public, type):
        return _checking(public)
    for name, method in list(vars(public).items()):
        if callable(method) and (name == "__init__" or not name.startswith("_")):
            setattr(public, name, _checking(method))
    return cast(_Checked, public)


def _checking(function: _Checked) -> _Checked:
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    rules = {**RULES, **OTHER_RULES.get(function.__name__, {})}

    @wraps(function)
    def check_and_call(*args: Any, **named: Any) -> Any:
        for name, value in (*zip(names, args, strict=False), *named.items()):
            if name in rules:
                rules[name](name, value)
        return function(*args, **named)

    return cast(_Checked, check_and_call)


# From what a caller may pass to what is worked with.


def path(value: StrPath) -> Path:
    """Return the path that a caller names, with `~` expanded."""
    return Path(os.path.expanduser(value))  # noqa: PTH111 - Path.expanduser raises where it finds no home


def model(value: StrPath | None) -> str | Path | None:
    """Return a model as it is looked up: a text may be a model's name, any other path is that of its folder."""
    return value if value is None or isinstance(value, str) else Path(value)


def text(value: Name) -> str:
    """Return a name, path or number as text."""
    return str(value) if isinstance(value, int) else os.fspath(value)


def texts(values: Collection[Name]) -> list[str]:
    """Return names, paths or numbers as texts."""
    return [text(value) for value in values]


def moment(moment: datetime | None) -> datetime | None:
    """Return a moment with its time zone: the local one, where it has none."""
    return moment if moment is None or moment.tzinfo else moment.astimezone()


# Rules.


def _wrong_type(name: str, wanted: str, value: object) -> TypeError:
    return TypeError(f"{name} must be {wanted}, not {type(value).__name__}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _instance(kind: Any, wanted: str) -> Rule:
    def rule(name: str, value: object) -> None:
        if not isinstance(value, kind):
            raise _wrong_type(name, wanted, value)

    return rule


def _having(method: str, what: str) -> Rule:
    def rule(name: str, value: object) -> None:
        if not hasattr(value, method):
            raise _wrong_type(name, what, value)

    return rule


def _optional(rule: Rule) -> Rule:
    def rule_or_none(name: str, value: object) -> None:
        if value is not None:
            rule(name, value)

    return rule_or_none


def _whole(lowest: int, highest: int) -> Rule:
    def rule(name: str, value: object) -> None:
        try:
            number = index(cast(int, value))
        except TypeError:
            raise _wrong_type(name, "a whole number", value) from None
        if isinstance(value, bool):
            raise _wrong_type(name, "a whole number", value)
        if not lowest <= number <= highest:
            raise UsageError(f"{name} must be from {lowest:,} to {highest:,}, not {_shown(value)}")

    return rule


def _number(lowest: float, highest: float) -> Rule:
    def rule(name: str, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, Real):
            raise _wrong_type(name, "a number", value)
        try:
            number = float(value)
        except OverflowError:  # an int of more digits than a float can have
            number = math.inf
        if not math.isfinite(number):
            raise UsageError(f"{name} must be a finite number, not {_shown(value)}")
        if not lowest <= number <= highest:
            raise UsageError(f"{name} must be from {lowest:g} to {highest:g}, not {_shown(value)}")

    return rule


def _text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise _wrong_type(name, "a text", value)
    if "\0" in value:
        raise UsageError(f"{name} must not contain a NUL character: {_shown(value)}")


def _device(name: str, value: object) -> None:
    _text(name, value)
    check_device_name(str(value))


def _question(name: str, value: object) -> None:
    """Refuse what the tokenizer cannot encode; a question that is not stored may have any other character."""
    if not isinstance(value, str):
        raise _wrong_type(name, "a text", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{name} is not valid Unicode: {_shown(value)}") from None


def _unicode(name: str, value: object) -> None:
    """Refuse what SQLite cannot store as it is."""
    _text(name, value)
    _question(name, value)


def _stream_name(name: str, value: object) -> None:
    _text(name, value)
    if not value:
        raise UsageError(f"{name} must not be empty")
    # The surrogates that stand for undecodable bytes are percent-encoded, others are none.
    _unicode(name, re.sub("[\udc80-\udcff]", "", str(value)))


def _path(name: str, value: object) -> None:
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise _wrong_type(name, "a path: a text or a pathlib.Path", value)
    _text(name, text)
    if not text:
        raise UsageError(f"{name} must not be empty; the current folder is .")


def _name(name: str, value: object) -> None:
    if isinstance(value, int):
        _whole(1, _INT64 - 1)(name, value)
    else:
        _path(name, value)


def _regex(name: str, value: object) -> None:
    _text(name, value)
    try:
        re.compile(cast(str, value))
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(f"{name} is not a regular expression: {error}") from None


def _encoding(name: str, value: object) -> None:
    # Imported here: a question needs none of it.
    from wherein.ingest.readers.shared.charset import codec_for_name, is_known

    _unicode(name, value)
    if value and not is_known(codec_for_name(str(value))):
        raise UsageError(f"{name} is not a known encoding: {_shown(value)}; write, for example, windows-1251")


def _ocr_languages(name: str, value: object) -> None:
    _unicode(name, value)
    if not value:
        return
    if not _LANGUAGES.fullmatch(str(value)):
        raise UsageError(f"{name} must be Tesseract's codes, joined by +, such as deu+eng, not {_shown(value)}")
    # Imported here, and not run without need: asking Tesseract for its languages takes longer than reading a text.
    from wherein.ingest.readers.ocr.tesseract import installed_languages, obstacle

    if installed_languages() and (missing := obstacle(str(value))):
        raise UsageError(f"{missing}; it has {', '.join(installed_languages())}")


def _one_of(choices: tuple[str, ...]) -> Rule:
    def rule(name: str, value: object) -> None:
        _text(name, value)
        if value not in choices:
            raise UsageError(f"There is no {name} {str(value)[:_MAX_SHOWN]}; there are {', '.join(choices)}")

    return rule


def _each(rule: Rule, wanted: str, *, kind: Any = Collection) -> Rule:
    """Return the rule for a list, whose elements may be read twice; a text, a path and a mapping are none."""

    def rule_for_each(name: str, value: object) -> None:
        if isinstance(value, str | bytes | bytearray | memoryview | os.PathLike | Mapping):
            raise TypeError(f"{name} must be {wanted}, not one {type(value).__name__}; write [{_shown(value)}]")
        if not isinstance(value, kind):
            raise _wrong_type(name, wanted, value)
        for number, element in enumerate(value):
            rule(f"{name}[{number}]", element)

    return rule_for_each


def _questions(name: str, value: object) -> None:
    """Questions may come from anything that can be iterated: they are asked as they come, and checked then."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise _wrong_type(name, "a list of texts", value)


def each_question(questions: Iterable[str]) -> Iterator[str]:
    """Yield the questions. Raises TypeError or UsageError at the first that is none."""
    for number, question in enumerate(questions):
        _question(f"questions[{number}]", question)
        yield question


def _moment(name: str, value: object) -> None:
    if not isinstance(value, datetime):
        raise _wrong_type(name, "a datetime", value)
    try:
        moment(value)
    except (OverflowError, ValueError, OSError):
        raise UsageError(f"{name} is not a moment on this machine's clock: {value}") from None


def _made_of(kind: type, remedy: str, rules: Mapping[str, Rule]) -> Rule:
    """Return the rule for a dataclass, whose fields have rules of their own."""

    def rule(name: str, value: object) -> None:
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be {kind.__name__}, not {type(value).__name__}; {remedy}")
        for field, rule_of_field in rules.items():
            rule_of_field(f"{name}.{field}", getattr(value, field))

    return rule


_flag = _instance(bool, "True or False")
_paths = _each(_path, "a list of paths")
_texts = _each(_text, "a list of texts")

FIELDS: Mapping[str, Rule] = {"text": _unicode, "id": _unicode, "title": _unicode}
FILTER: Mapping[str, Rule] = {
    "uri_patterns": _each(_regex, "a tuple of texts", kind=tuple),
    "media_types": _each(_unicode, "a tuple of texts", kind=tuple),
    "since_ns": _optional(_whole(-_INT64, _INT64 - 1)),
    "patterns": _each(_text, "a tuple of texts", kind=tuple),
    "where": _optional(_instance(Condition, "a condition, as parse_filter makes it")),
}
RESULT_OPTIONS: Mapping[str, Rule] = {
    "fold": _flag,
    "context": _whole(0, MAX_CONTEXT),
    "sentence": _flag,
    "min_score": _optional(_number(-math.inf, math.inf)),
    "require_fresh": _flag,
    "strict": _flag,
    "rerank": _flag,
    "rerank_ms": _whole(1, MAX_RERANK_MS),
}

RULES: Mapping[str, Rule] = {
    "accept_removals": _flag,
    "after": _text,
    "answer": _instance(Answer, "an Answer, as query returns it"),
    "as_questions": _flag,
    "backup": _path,
    "cache": _optional(_path),
    "chunk": _whole(1, _INT64 - 1),
    "confined": _flag,
    "context": _whole(0, MAX_CONTEXT),
    "data": _instance(bytes, "bytes"),
    "deep": _flag,
    "device": _optional(_device),
    "documents": _each(_whole(1, _INT64 - 1), "a list of numbers"),
    "encoder": _optional(_having("encode_contexts", "an encoder")),
    "encoding": _encoding,
    "engine": _optional(_having("crew", "an engine")),
    "every": _number(1, 10**9),
    "exclude": _each(_text, "a list of patterns"),
    "export": _path,
    "fields": _made_of(Fields, 'write Fields("body")', FIELDS),
    "folder": _optional(_path),
    "force": _flag,
    "index": _optional(_one_of(CHOICES)),
    "jobs": _optional(_whole(1, MAX_JOBS)),
    "k": _whole(1, MAX_HITS),
    "limit": _optional(_whole(1, _INT64 - 1)),
    "look_ahead": _flag,
    "margin": _number(0, 100),
    "max_size": _optional(_whole(1, MAX_SIZE)),
    "mode": _one_of(MODES),
    "model": _optional(_path),
    "modes": _each(_one_of(MODES), "a list of modes"),
    "name": _name,
    "names": _each(_name, "a list of names"),
    "no_exclude": _flag,
    "ocr_languages": _ocr_languages,
    "only": _optional(_made_of(Filter, "make one with parse_filter", FILTER)),
    "options": _made_of(ResultOptions, "write ResultOptions(fold=True)", RESULT_OPTIONS),
    "path": _path,
    "places": _paths,
    "precision": _one_of(PRECISIONS),
    "purge": _flag,
    "question": _question,
    "questions": _questions,
    "remove": _flag,
    "report": _having("__call__", "a function"),
    "since": _optional(_text),
    "sources": _paths,
    "target": _path,
    "text": _question,
    "texts": _each(_question, "a list of texts"),
    "threads": _whole(0, MAX_THREADS),
    "to": _path,
    "types": _texts,
    "until": _optional(_moment),
    "verify": _flag,
    "wait": _flag,
    "where": _optional(_unicode),
}
"""The rule of each argument of a public method, by its name."""

OTHER_RULES: Mapping[str, Mapping[str, Rule]] = {
    "add_golden": {"question": _unicode},
    "coverage": {"name": _optional(_name)},
    "ingest_stream": {"name": _stream_name},
    "restore": {"index": _flag},
}
"""By method, the rules of arguments that mean something else there."""
