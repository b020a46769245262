"""What a catalog holds beside its documents, as records: sources, files, aliases, exclusions, golden questions, runs.

A record has no number: rows refer to each other by their URIs, so that they fit into any other catalog.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wherein.errors import WhereinError
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.store.document import Record

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["KINDS", "RECORD_NAMES", "delete_record", "read_records", "record_name", "write_record"]

_SEPARATOR = "\n"
_SETTINGS = ("index", "model folder")
_STATE = "size, mtime_ns, ctime_ns, inode, checked_ns, content_hash, version, state, reason"
_COVERED_BY = "(SELECT json_group_array(s.uri) FROM file_sources fs JOIN sources s ON s.id = fs.source_id WHERE {})"
_SOURCE = "(SELECT s.uri FROM sources s WHERE s.id = source_id)"


@dataclass(frozen=True)
class _Table:
    """A table whose rows are records: `name` is the SQL of their names, `own` the columns of them."""

    table: str
    name: str
    columns: str
    key: str = ""
    only: str = "1"

    @property
    def fields(self) -> list[str]:
        """The names of the values of a record."""
        return [column.strip() for column in self.columns.split(",")]

    def select(self, where: str) -> str:
        """Return the statement that reads the name and the values of rows."""
        return f"SELECT {self.name}, {self.columns} FROM {self.table} WHERE {self.only} AND {where} ORDER BY 1"


_TABLES: Mapping[str, _Table] = {
    "setting": _Table("settings", "key", "value", "key", f"key IN {_SETTINGS}"),
    "source": _Table("sources", "uri", "kind, options, added_at", "uri"),
    "file": _Table("files", "uri", _STATE, "uri"),
    "alias": _Table("aliases", f"{_SOURCE} || char(10) || uri", "uri, target"),
    "exclusion": _Table(
        "exclusions",
        "coalesce(uri, 'text ' || hex(text_hash) || ' file ' || hex(file_hash))",
        "uri, kind, key, text_hash, file_hash, added_at",
    ),
    "golden": _Table("golden", "question || char(10) || uri", "question, uri, rank, added_at"),
    "run": _Table("nights", "began_at", "began_at, ended_at, outcome, report"),
}
_ALIAS_SOURCE = "(SELECT s.uri FROM sources s WHERE s.id = {row}.source_id)"
RECORD_NAMES: Mapping[str, tuple[str, str]] = {
    "setting": ("settings", "{row}.key"),
    "source": ("sources", "{row}.uri"),
    "file": ("files", "{row}.uri"),
    "alias": ("aliases", f"{_ALIAS_SOURCE} || char(10) || {{row}}.uri"),
    "exclusion": (
        "exclusions",
        "coalesce({row}.uri, 'text ' || hex({row}.text_hash) || ' file ' || hex({row}.file_hash))",
    ),
    "golden": ("golden", "{row}.question || char(10) || {row}.uri"),
    "run": ("nights", "{row}.began_at"),
}
"""For each kind the table of its rows, and the SQL of their names, in which `{row}` stands for the row."""
KINDS = tuple(_TABLES)
"""The kinds of records, in the order in which they have to be written."""


def record_name(*parts: str) -> str:
    """Return the name of a record that is named by several texts."""
    return _SEPARATOR.join(parts)


def read_records(db: Catalog, kind: str, names: Sequence[str] | None = None) -> Iterator[Record]:
    """Yield the records of a kind, all or those with these names, in the order of their names."""
    table = _table(kind)
    if names is None:
        rows = db.execute(table.select("1")).fetchall()
    else:
        listed = json.dumps(list(names))
        rows = db.execute(table.select(f"{table.name} IN (SELECT value FROM json_each(?))"), [listed]).fetchall()
    for name, *values in rows:
        value = {field: _encoded(one) for field, one in zip(table.fields, values, strict=True)}
        if kind == "file":
            value["sources"] = _sources_of(db, name)
        yield Record(kind, name, value)


def write_record(db: Database, record: Record) -> None:
    """Store a record in place of that of its kind and name. Call inside `writing`.

    The sources that an alias or a file belongs to have to be there.
    """
    table = _table(record.kind)
    fields, values = table.fields, [_decoded(record.value[field]) for field in table.fields]
    if record.kind == "alias":
        source, _, _ = record.name.partition(_SEPARATOR)
        fields, values = [*fields, "source_id"], [*values, _id_of(db, "sources", source)]
    if table.key:
        _update(db, table, fields, [record.name, *values])
    else:
        delete_record(db, record.kind, record.name)
        db.execute(f"INSERT INTO {table.table} ({', '.join(fields)}) VALUES ({_marks(values)})", values)
    if record.kind == "file":
        _save_sources(db, record)


def delete_record(db: Database, kind: str, name: str) -> None:
    """Delete a record, if there is one. Call inside `writing`."""
    table = _table(kind)
    db.execute(f"DELETE FROM {table.table} WHERE {table.name} = ?", [name])


def _update(db: Database, table: _Table, fields: Sequence[str], values: Sequence[object]) -> None:
    # Not INSERT OR REPLACE: what refers to the old row would go with it (ON DELETE CASCADE).
    changes = ", ".join(f"{field} = excluded.{field}" for field in fields)
    columns = ", ".join([table.key, *fields])
    db.execute(
        f"INSERT INTO {table.table} ({columns}) VALUES ({_marks(values)})"
        f" ON CONFLICT ({table.key}) DO UPDATE SET {changes}",
        list(values),
    )


def _sources_of(db: Catalog, uri: str) -> list[str]:
    where = "fs.file_id = (SELECT id FROM files WHERE uri = ?)"
    (sources,) = db.execute(f"SELECT {_COVERED_BY.format(where)}", [uri]).fetchone()
    return sorted(json.loads(sources))


def _save_sources(db: Database, record: Record) -> None:
    file_id = _id_of(db, "files", record.name)
    db.execute("DELETE FROM file_sources WHERE file_id = ?", [file_id])
    for source in record.value["sources"]:
        db.execute(
            "INSERT INTO file_sources (file_id, source_id) VALUES (?, ?)", [file_id, _id_of(db, "sources", source)]
        )


def _id_of(db: Catalog, table: str, uri: str) -> int:
    row = db.execute(f"SELECT id FROM {table} WHERE uri = ?", [uri]).fetchone()
    if row is None:
        raise WhereinError(f"A record names {uri}, which is not stored; store the sources before their files")
    return int(row[0])


def _table(kind: str) -> _Table:
    if kind not in _TABLES:
        raise WhereinError(f"There are no records of the kind {kind!a}; there are {', '.join(KINDS)}")
    return _TABLES[kind]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _encoded(value: Any) -> Any:
    """Return a value as JSON holds it: bytes as hexadecimal digits in a list of one."""
    return [value.hex()] if isinstance(value, bytes) else value


def _decoded(value: Any) -> Any:
    return bytes.fromhex(value[0]) if isinstance(value, list) else value
