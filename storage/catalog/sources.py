"""The `sources` table: what the user asked to be followed; every reindex walks it again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from types import NoneType
from typing import TYPE_CHECKING

from wherein.errors import Damaged
from wherein.storage.catalog.fields import NO_FIELDS, Fields
from wherein.storage.catalog.models import now
from wherein.storage.catalog.protocol import Catalog, typed
from wherein.storage.catalog.reading import AS_USUAL, Reading
from wherein.uri import file_path, file_uri

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "Source", "forget_source", "list_sources", "remember_source", "remember_version", "rename_source",
    "save_exclusions", "save_fields", "unreadable_sources",
]  # fmt: skip

_KINDS = frozenset(("path", "stdin", "web"))
_SELECT = "SELECT id, uri, kind, options, added_at FROM sources"


@dataclass(frozen=True)
class Source:
    """A file, folder or glob pattern (`kind` path), a web page (web) or a text from standard input (stdin).

    `max_size` of a file in bytes, None for no limit. `fields` name the text, id and title of records, `encoding` that
    of text that is not Unicode, `ocr_languages` the languages of text in pictures. `etag` and `modified` are the
    headers ETag and Last-Modified of a page when it was last ingested. `uri` is a real path, or with `pattern` a
    pattern below a real folder; an older version stored any absolute path, and None for `pattern`. Of a `confined` one
    no link leads out, and it is not fetched from a private address.
    """

    id: int
    uri: str
    kind: str
    exclude: tuple[str, ...]
    max_size: int | None
    added_at: str
    fields: Fields = NO_FIELDS
    etag: str = ""
    modified: str = ""
    pattern: bool | None = None
    encoding: str = ""
    ocr_languages: str = ""
    confined: bool = False

    @property
    def reading(self) -> Reading:
        """How its files are read."""
        return Reading(self.fields, self.encoding, self.ocr_languages)


def remember_source(
    db: Database,
    uri: str,
    kind: str,
    exclude: tuple[str, ...],
    max_size: int | None,
    reading: Reading = AS_USUAL,
    *,
    pattern: bool = False,
    confined: bool = False,
) -> int:
    """Add a source, or update the options of a known one; return its id. Call inside `writing`."""
    options: dict[str, object] = {
        "exclude": list(exclude),
        "max_size": max_size,
        "fields": asdict(reading.fields),
        "pattern": pattern,
    }
    if confined:
        options["confined"] = True
    if reading.encoding:
        options["encoding"] = reading.encoding
    if reading.ocr_languages:
        options["ocr_languages"] = reading.ocr_languages
    db.execute(
        # Not INSERT OR REPLACE: with the old row, the files of the source would lose it (ON DELETE CASCADE).
        "INSERT INTO sources (uri, kind, options, added_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (uri) DO UPDATE SET options = excluded.options",
        [_storable(uri), kind, json.dumps(options), now()],
    )
    (number,) = db.execute("SELECT id FROM sources WHERE uri = ?", [_storable(uri)]).fetchone()
    return int(number)


def save_exclusions(db: Database, source_id: int, exclude: tuple[str, ...]) -> None:
    """Replace the exclusions of a source. Call inside `writing`."""
    db.execute(
        "UPDATE sources SET options = json_set(options, '$.exclude', json(?)) WHERE id = ?",
        [json.dumps(exclude), source_id],
    )


def save_fields(db: Database, source_id: int, fields: Fields) -> None:
    """Replace the names of a source's fields. Call inside `writing`."""
    db.execute(
        "UPDATE sources SET options = json_set(options, '$.fields', json(?)) WHERE id = ?",
        [json.dumps(asdict(fields)), source_id],
    )


def rename_source(db: Database, source_id: int, uri: str, *, pattern: bool) -> None:
    """Give a source the form in which it is stored now. Call inside `writing`."""
    db.execute(
        "UPDATE sources SET uri = ?, options = json_set(options, '$.pattern', json(?)) WHERE id = ?",
        [_storable(uri), json.dumps(pattern), source_id],
    )


def remember_version(db: Database, source_id: int, etag: str, modified: str) -> None:
    """Store the headers ETag and Last-Modified of a page that is ingested. Call inside `writing`."""
    db.execute(
        "UPDATE sources SET options = json_set(options, '$.etag', ?, '$.modified', ?) WHERE id = ?",
        [etag, modified, source_id],
    )


def list_sources(db: Catalog) -> list[Source]:
    """Return all sources, oldest first. Raises Damaged when a row cannot be decoded."""
    rows = db.execute(f"{_SELECT} ORDER BY id").fetchall()
    return [_source(*row) for row in rows]


def unreadable_sources(db: Catalog) -> list[tuple[int, str]]:
    """Return id and URI of each source that `list_sources` cannot decode."""
    unreadable = []
    for number, uri, *rest in db.execute(f"{_SELECT} ORDER BY id").fetchall():
        try:
            _source(number, uri, *rest)
        except Damaged:
            unreadable.append((int(number), str(uri)))
    return unreadable


def forget_source(db: Database, source_id: int) -> None:
    """Stop following a source; its files and documents stay. Call inside `writing`."""
    db.execute("DELETE FROM sources WHERE id = ?", [source_id])


def _source(source_id: int, uri: str, kind: str, options: str, added_at: str) -> Source:
    typed("sources", (uri, kind, options, added_at), str, str, str, str)
    try:
        chosen = json.loads(options)
        exclude, max_size = chosen["exclude"], chosen["max_size"]
        typed("sources", (exclude, max_size, *exclude), list, (int, NoneType), *[str] * len(exclude))
        fields = Fields(**chosen.get("fields", {}))
        etag, modified, pattern = chosen.get("etag", ""), chosen.get("modified", ""), chosen.get("pattern")
        typed("sources", (fields.text, fields.id, fields.title, etag, modified), str, str, str, str, str)
        encoding, languages = chosen.get("encoding", ""), chosen.get("ocr_languages", "")
        confined = chosen.get("confined", False)
        typed("sources", (pattern, encoding, languages, confined), (bool, NoneType), str, str, bool)
    except (ValueError, LookupError, TypeError) as error:
        raise Damaged(f"The options of the source {uri} are damaged; run: wherein verify") from error
    if "\0" in uri or kind not in _KINDS:  # no path or address holds a NUL character
        raise Damaged(f"The name of the source {source_id} is damaged; run: wherein verify")
    name = file_path(uri) or uri
    rest = (fields, etag, modified, pattern, encoding, languages, confined)
    return Source(source_id, name, kind, tuple(exclude), max_size, added_at, *rest)


def _storable(name: str) -> str:
    """Return a path as it is stored: with bytes that are not UTF-8 as a URI, because SQLite holds Unicode only."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return file_uri(name)
    return name
