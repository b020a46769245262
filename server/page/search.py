"""What is asked on the page, and the address that says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from wherein.errors import UsageError
from wherein.search.filters.where import parse_where
from wherein.search.modes import MODES
from wherein.server.schemas import QueryRequest

__all__ = ["LIMIT", "Search"]

LIMIT = 10
"""Passages that are shown at first, and how many more each time."""

_MAX_LIMIT = 100
_WORDS = frozenset(("true", "false"))


@dataclass(frozen=True)
class Search:
    """A question with its filters; each of `fields` is `name=value`. Two of one kind are alternatives."""

    question: str = ""
    mode: str = MODES[0]
    types: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    since: str = ""
    fields: tuple[str, ...] = ()
    where: str = ""
    limit: int = LIMIT

    @classmethod
    def of(cls, given: QueryParams) -> Search:
        """Return what the parameters of an address ask for; unknown ones are ignored."""
        limit = given.get("limit", "")
        return cls(
            question=given.get("q", "").strip(),
            mode=given.get("mode") or MODES[0],
            types=_given(given, "type"),
            folders=_given(given, "in"),
            since=given.get("since", "").strip(),
            fields=tuple(field for field in _given(given, "meta") if "=" in field),
            where=given.get("where", "").strip(),
            limit=min(max(int(limit), 1), _MAX_LIMIT)
            if limit.isascii() and limit.isdecimal() and len(limit) < 9
            else LIMIT,
        )

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The parameters of its address, without those that have their defaults."""
        return (
            [("q", self.question)] * bool(self.question)
            + [*self.filters]
            + [("limit", str(self.limit))] * (self.limit != LIMIT)
        )

    @property
    def filters(self) -> list[tuple[str, str]]:
        """The parameters of its address except the question."""
        return [
            *[("mode", self.mode)] * (self.mode != MODES[0]),
            *(("type", one) for one in self.types),
            *(("in", one) for one in self.folders),
            *[("since", self.since)] * bool(self.since),
            *(("meta", one) for one in self.fields),
            *[("where", self.where)] * bool(self.where),
        ]

    @property
    def address(self) -> str:
        """The address of the page that shows this."""
        return f"/?{query}" if (query := self.query) else "/"

    @property
    def query(self) -> str:
        """The parameters as a part of an address."""
        return urlencode(self.parameters, errors="replace")

    @property
    def is_filtered(self) -> bool:
        """Whether the mode or a filter was chosen."""
        return bool(self.filters)

    @property
    def more(self) -> Search | None:
        """The same with more passages; None when there are as many as this page shows."""
        return replace(self, limit=min(self.limit + LIMIT, _MAX_LIMIT)) if self.limit < _MAX_LIMIT else None

    def changed(self, **changes: Any) -> Search:
        """Return another search, with as many passages as at first."""
        return replace(self, limit=LIMIT, **changes)

    def request(self) -> QueryRequest:
        """Return the question as the API takes it. Raises UsageError for a mode that does not exist."""
        if self.mode not in MODES:
            raise UsageError(f"There is no mode {self.mode[:80]!a}; the modes are {', '.join(MODES)}")
        return QueryRequest(
            question=self.question, limit=self.limit, mode=self.mode, in_=self.folders, type=self.types,  # type: ignore[arg-type]
            since=self.since or None, where=self.condition, explain=True,
        )  # fmt: skip

    @property
    def condition(self) -> str | None:
        """The condition on metadata that the chosen values and `where` say together; None without any.

        Raises UsageError when `where` is no condition.
        """
        if self.where:
            parse_where(self.where)  # by itself: its brackets must not enclose what follows
        parts = [*([f"({self.where})"] if self.where else []), *self._chosen()]
        return " AND ".join(parts) or None

    def _chosen(self) -> Iterator[str]:
        values: dict[str, list[str]] = {}
        for field in self.fields:
            name, _, value = field.partition("=")
            values.setdefault(name, []).append(value)
        for name, alternatives in values.items():
            tests = " OR ".join(f'"{name}" = {_literal(value)}' for value in alternatives)
            yield f"({tests})"


def _given(given: QueryParams, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in given.getlist(name) if one))


def _literal(value: str) -> str:
    # As words they would only equal texts.
    return value.upper() if value in _WORDS else "'{}'".format(value.replace("'", "''"))
