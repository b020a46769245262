"""The location of a hit, as a person names it: `notes.md:12`, `page 12 of report.pdf`, a message by its subject."""

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from wherein.terminal import display_width, keep_start, one_line, shorten_path
from wherein.uri import display, display_uri

if TYPE_CHECKING:
    from wherein.search.hits import Hit, Place

__all__ = ["LINE_TYPES", "RECORD_TYPES", "Location", "headings_of", "location_of", "record_line"]

LINE_TYPES = frozenset(("text/plain", "text/markdown", "text/x-rst"))
"""Media types whose text is that of the file, line by line."""
RECORD_TYPES = frozenset(("application/json", "application/jsonl", "text/csv"))
_MAIL = "message/rfc822"
_SLIDES = frozenset(
    (
        "application/vnd.ms-powerpoint",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    )
)
# The key of a record without an id, and of a message without one; of a file in an archive its path comes first.
_NUMBERED = re.compile(r"(?:(?P<within>.*)/)?(?P<unit>line|row|record|message)-(?P<number>\d+)", re.DOTALL)

_MIN_CONTAINER = 9
"""Columns for the end of a file's name, beside a title that is shown whole."""


@dataclass(frozen=True)
class Location:
    """Where a passage is: `page 12 of ` (`unit`), a path or a title (`name`), `:12` (`line`), and the `container`.

    The container is the file of a record, a message or a member of an archive; each part is "" where there is none.
    """

    name: str
    unit: str = ""
    line: str = ""
    container: str = ""
    is_title: bool = False

    def __str__(self) -> str:
        return f"{self.unit}{self.name}{self.line}{' · ' if self.container else ''}{self.container}"

    def fitted(self, width: int) -> "Location":
        """Return a location that takes at most `width` columns, unless that leaves nothing.

        A path loses its first folders, and a title its last words.
        """
        if display_width(str(self)) <= width:
            return self
        room = width - display_width(str(self)) + display_width(self.name) + display_width(self.container)
        left = room - display_width(self.name)
        if left < _MIN_CONTAINER:  # then the name does not stay whole, and its end is as good as the file's
            left = min(display_width(f"…/{PurePosixPath(self.container).name}"), room // 2)
        container = shorten_path(self.container, left) if self.container else ""
        shorten = keep_start if self.is_title else shorten_path
        return replace(self, name=shorten(self.name, room - display_width(container)), container=container)


def location_of(place: "Hit | Place", media_type: str, line: int | None = None) -> Location:
    """Return the location of a passage of a document of this media type, or the `line` of a sentence in it."""
    uri, _, key = place.uri.partition("#")
    file = display_uri(uri)
    inside = display_uri(place.uri).removeprefix(f"{file}#") if key else ""
    if media_type == _MAIL or (key and media_type in RECORD_TYPES):
        title = one_line(place.title) or _record_name(inside, media_type)
        return Location(title, container=file, is_title=True) if title else Location(file)
    name, container = (inside, file) if inside else (file, "")
    if place.page is not None:
        return Location(name, f"{'slide' if media_type in _SLIDES else 'page'} {place.page} of ", container=container)
    has_lines = media_type in LINE_TYPES or media_type in RECORD_TYPES
    return Location(name, line=f":{line or place.line}" if has_lines else "", container=container)


def _record_name(key: str, media_type: str) -> str:
    """Return the name of a record without a title: `row 3` by its number, `record Q42` by its id."""
    numbered = _NUMBERED.fullmatch(key)
    if numbered:
        within = f" of {display(numbered['within'])}" if numbered["within"] else ""
        return f"{numbered['unit']} {numbered['number']}{within}"
    return f"record {key}" if key and media_type in RECORD_TYPES else key


def record_line(uri: str) -> int | None:
    """Return the line of its file on which a record of JSONL is; None where its key does not say."""
    numbered = _NUMBERED.fullmatch(uri.partition("#")[2])
    is_line = numbered and numbered["unit"] == "line" and not numbered["within"]
    return int(numbered["number"]) if numbered and is_line else None


def headings_of(hit: "Hit", location: Location) -> str:
    """Return the title of a document and the headings above a passage, without what the location says already."""
    known = {*map(one_line, hit.heading), location.name, PurePosixPath(location.name).name}
    title = [hit.title] if hit.title and one_line(hit.title) not in known else []
    return " > ".join(map(one_line, (*title, *hit.heading)))
