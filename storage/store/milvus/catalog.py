"""The records of a library in Milvus: rows of JSON, by their kinds and names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from wherein.errors import UsageError
from wherein.storage.disk.batched import batched
from wherein.storage.store.document import Record
from wherein.storage.store.filters import And, Equal, Prefix
from wherein.storage.store.keys import record_key
from wherein.storage.store.milvus.client import CALL_SECONDS, Connection
from wherein.storage.store.milvus.expression import any_of, expression
from wherein.storage.store.milvus.ranges import rows_in_order
from wherein.storage.store.milvus.schema import CATALOG_FIELDS, MAX_NAME_BYTES, MAX_TEXT_BYTES, create_catalog

__all__ = ["MAX_VALUE_BYTES", "MilvusCatalog", "encoded"]

MAX_VALUE_BYTES = 2 * MAX_TEXT_BYTES - 8
"""The bytes of a record's value as JSON; it is kept in two columns."""
_AT_ONCE = 500
_CHECKPOINT, _LAST = "stamp", "catalog"


class MilvusCatalog:
    """The collection of records; it is created with the first record."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name
        self._is_there = False

    def exists(self) -> bool:
        """Whether there is such a collection."""
        if not self._is_there and not self._connection.address.is_absent:
            self._is_there = bool(
                self._connection.call(lambda client: client.has_collection(self.name, timeout=CALL_SECONDS))
            )
            if self._is_there:
                self._connection.load(self.name)
        return self._is_there

    @property
    def checkpoint(self) -> str:
        """The name of the last checkpoint of any process, "" before the first: another one after each."""
        return "".join(str(value["id"]) for value in self.find(_CHECKPOINT, [_LAST]).values())

    def mark_checkpoint(self) -> None:
        """Give the last checkpoint another name."""
        self.put([Record(_CHECKPOINT, _LAST, {"id": uuid4().hex})])

    def put(self, records: Sequence[Record]) -> None:
        """Store records, of those with one name the last. Raises UsageError for one that is too long."""
        rows = {(record.kind, record.name): _row(record) for record in records}
        if not rows:
            return
        if not self.exists():
            self._connection.call(lambda client: create_catalog(client, self.name))
            self._is_there = True
        for batch in batched(rows.values(), _AT_ONCE):
            self._connection.upsert(self.name, batch)

    def delete(self, kind: str, names: Sequence[str]) -> None:
        """Delete records by their names."""
        if self.exists():
            self._connection.delete(self.name, [record_key(kind, name) for name in dict.fromkeys(names)])

    def find(self, kind: str, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Return the values of records by their names; one that is not there is missing."""
        found: dict[str, Mapping[str, Any]] = {}
        keys = [record_key(kind, name) for name in dict.fromkeys(names)] if self.exists() else []
        for batch in batched(keys, _AT_ONCE):
            only = any_of("key", batch)
            for row in self._connection.query(self.name, only, CATALOG_FIELDS):
                found[row["name"]] = json.loads(row["value"] + row["more"])
        return found

    def each(self, kind: str) -> Iterator[Record]:
        """Yield the records of a kind, in no order that means anything."""
        if self.exists():
            for row in rows_in_order(self._connection, self.name, expression(Equal("kind", kind)), CATALOG_FIELDS):
                yield Record(kind, row["name"], json.loads(row["value"] + row["more"]))

    def some(self, kind: str, n: int) -> list[Mapping[str, Any]]:
        """Return the values of at most `n` records of a kind, any of them."""
        only = expression(Equal("kind", kind))
        rows = self._connection.query(self.name, only, ["value", "more"], n) if self.exists() else []
        return [json.loads(row["value"] + row["more"]) for row in rows]

    def names_beginning(self, kind: str, begin: str, limit: int) -> list[str]:
        """Return at most `limit` names of records of a kind that begin so, in their order."""
        only = expression(And((Equal("kind", kind), Prefix("name", begin))))
        return sorted(str(row["name"]) for row in self._connection.query(self.name, only, ["name"], limit))

    def count(self, kind: str) -> int:
        """Return how many records of a kind there are."""
        return self._connection.count(self.name, expression(Equal("kind", kind))) if self.exists() else 0


def encoded(value: Mapping[str, Any]) -> bytes:
    """Return a value as it is stored."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _row(record: Record) -> dict[str, Any]:
    raw, name = encoded(record.value), record.name.encode()
    if len(raw) > MAX_VALUE_BYTES or len(name) > MAX_NAME_BYTES:
        raise UsageError(
            f"The {record.kind} {record.name[:200]!a} has {len(raw):,} bytes of JSON and a name of {len(name):,}, more"
            f" than the {MAX_VALUE_BYTES:,} and {MAX_NAME_BYTES:,} that Milvus keeps"
        )
    first = raw[:MAX_TEXT_BYTES].decode(errors="ignore")  # a character at the end may be cut
    return {
        "key": record_key(record.kind, record.name),
        "kind": record.kind,
        "name": record.name,
        "value": first,
        "more": raw[len(first.encode()) :].decode(),
        "unused": [0.0, 0.0],
    }
