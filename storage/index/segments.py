"""The `segments` table: index files of what came after a generation, so that opening a large delta reads little.

A segment is written like a generation, of the vectors or chunks with ids over `above`; the segments of a generation
follow one another without a gap. What lies above the last is read from the catalog. They are merged as they grow, and
end with their generation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wherein.errors import Damaged
from wherein.storage.catalog.protocol import Catalog, typed
from wherein.storage.index.generations import SUFFIXES, Generation, generation_path
from wherein.storage.index.method import decode_method, encode_method

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "Segment",
    "delete_segments",
    "list_segments",
    "next_segment_file",
    "register_segment",
    "segments_of",
    "unreadable_segments",
]

_FILE_NAME = re.compile(r"s\d{6,}(\.[a-z]+)")
_SELECT = (
    "SELECT s.above, s.id, g.model_id, s.file, g.kind, s.count, s.highest_id, s.bytes, s.sha256, s.created_at, s.method"
    " FROM segments s JOIN generations g ON g.id = s.generation_id"
)


@dataclass(frozen=True)
class Segment:
    """A registered file of the vectors or chunks with ids over `above`; `content` describes it as a generation."""

    above: int
    content: Generation


def segments_of(db: Catalog, folder: Path, generation: Generation | None) -> tuple[Segment, ...]:
    """Return the segments that follow a generation, in order.

    They end before one whose file is missing, which is left out of a backup: the catalog holds all that it held.
    Raises Damaged when a row cannot be decoded.
    """
    if generation is None:
        return ()
    rows = db.execute(f"{_SELECT} WHERE s.generation_id = ? ORDER BY s.above", [generation.id]).fetchall()
    chain: list[Segment] = []
    for segment in map(_segment, rows):
        highest = chain[-1].content.highest_id if chain else generation.highest_id
        if segment.above != highest or not generation_path(folder, segment.content.file).exists():
            break
        chain.append(segment)
    return tuple(chain)


def list_segments(db: Catalog, generation: Generation | None = None) -> list[Segment]:
    """Return all registered segments, or those of one generation. Raises Damaged when a row cannot be decoded."""
    of_one, parameters = (" WHERE s.generation_id = ?", [generation.id]) if generation else ("", [])
    return [_segment(row) for row in db.execute(f"{_SELECT}{of_one} ORDER BY s.id", parameters).fetchall()]


def unreadable_segments(db: Catalog) -> list[int]:
    """Return the id of each row that `list_segments` cannot decode."""
    return [int(row[1]) for row in db.execute(f"{_SELECT} ORDER BY s.id").fetchall() if _is_damaged(row)]


def _is_damaged(row: tuple[Any, ...]) -> bool:
    try:
        _segment(row)
    except Damaged:
        return True
    return False


def _segment(row: tuple[Any, ...]) -> Segment:
    above, *values, method = typed("segments", row, int, int, int, str, str, int, int, int, str, str, str)
    content = Generation(*values)
    name = _FILE_NAME.fullmatch(content.file)
    try:
        if not name or name[1] != SUFFIXES.get(content.kind):
            raise ValueError("not the file name of such a segment; it might lead out of the folder")
        return Segment(above, replace(content, method=decode_method(method, *_covered(above, content))))
    except ValueError as error:
        raise Damaged(f"The record of index {content.file!r} is damaged; run: wherein repair") from error


def _covered(above: int, content: Generation) -> tuple[object, ...]:
    """Return the columns that the checksum of `method` covers too."""
    return above, content.file, content.count, content.highest_id, content.bytes, content.sha256


def next_segment_file(db: Catalog, kind: str) -> str:
    """Return the name of the next segment's file; none had it before."""
    (last,) = db.execute(
        "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'segments'), 0),"
        " coalesce((SELECT max(id) FROM segments), 0))"
    ).fetchone()
    return f"s{1 + int(last):06d}{SUFFIXES[kind]}"


def register_segment(db: Database, generation: Generation, segment: Segment) -> None:
    """Make a file a segment of a generation, in place of those that it was merged from. Call inside `writing`."""
    db.execute("DELETE FROM segments WHERE generation_id = ? AND above >= ?", [generation.id, segment.above])
    content = segment.content
    db.execute(
        "INSERT INTO segments (generation_id, file, count, above, highest_id, bytes, sha256, created_at, method)"
        " VALUES (:generation_id, :file, :count, :above, :highest_id, :bytes, :sha256, :created_at, :method)",
        {
            **vars(content),
            "generation_id": generation.id,
            "above": segment.above,
            "method": encode_method(content.method, *_covered(segment.above, content)),
        },
    )


def delete_segments(db: Database) -> None:
    """Forget all segments: until others are written, what they hold is read from the catalog. Call inside `writing`."""
    db.execute("DELETE FROM segments")
