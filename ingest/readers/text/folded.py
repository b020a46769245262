"""Calendars and contacts (iCalendar, vCard), whose long lines are folded in the middle of words.

RFC 5545, 3.1 and 3.3.11; RFC 6350, 3.2; for quoted-printable vCard 2.1.
"""

import quopri
import re

from wherein.ingest.readers.shared.charset import charset_for_label, is_known
from wherein.ingest.readers.shared.decode import clean

__all__ = ["unfolded"]

_BEGIN = re.compile(r"\s*BEGIN:(?:VCALENDAR|VCARD)[ \t]*\r?\n", re.IGNORECASE)
# Each match begins with a line and gives nothing back, so that the time stays linear.
_FOLDED = re.compile(r"^[^\n]++(?:\n[ \t][^\n]*+)++", re.MULTILINE)
_PROPERTY = re.compile(r"^(?P<name>[^\n:]*+:)(?P<text>(?:[^\n]*=\r?\n)*+[^\r\n]*)", re.MULTILINE)
_QUOTED = re.compile(r";(?:ENCODING=)?QUOTED-PRINTABLE", re.IGNORECASE)
_CHARSET = re.compile(r"CHARSET=([\w.:-]+)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([\\;,nN])")


def unfolded(text: str) -> str:
    """Return a calendar or contacts with each property on one line, and any other text as it is.

    The lines that are joined are followed by as many empty ones, so that those after them keep their numbers.
    """
    if not _BEGIN.match(text):
        return text
    text = _FOLDED.sub(lambda found: _joined(found[0], re.sub(r"\r?\n[ \t]", "", found[0])), text)
    text = _PROPERTY.sub(_decoded, text)
    return _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], text)


def _joined(source: str, line: str) -> str:
    return line + "\n" * source.count("\n")


def _decoded(found: re.Match[str]) -> str:
    if not _QUOTED.search(found["name"]):
        return found[0]
    declared = _CHARSET.search(found["name"])
    codec = charset_for_label(declared[1]).codec if declared else "utf-8"
    data = quopri.decodestring(found["text"].encode("utf-8", "replace"))
    shown = clean(data.decode(codec if is_known(codec) else "utf-8", "replace"))
    return _joined(found["text"], found["name"] + " ".join(shown.split()))
