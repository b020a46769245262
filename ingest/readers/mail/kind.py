"""Messages, mailboxes and saved pages (MHTML), recognized by their first bytes.

In a module without the readers, because every text is checked this way.
"""

import re
from collections.abc import Callable

__all__ = ["HEADER_BYTES", "is_separator", "mail_module"]

HEADER_BYTES = 1 << 16
"""How much of a header is checked."""

_SUFFIXES = frozenset((".eml", ".emlx", ".mht", ".mhtml"))
_MAILBOX_SUFFIXES = frozenset((".mbox", ".mbx"))
_PAGE_SUFFIXES = frozenset((".mht", ".mhtml"))
_NAME = rb"[!-9;-~]{1,76}:"
_FIELD = re.compile(rb">?" + _NAME)
_HEADER = re.compile(rb"(?:\d+[ \t]*\r?\n|[\r\n]*)((?:%s.*\r?\n(?:[ \t].*\r?\n)*)*)" % _NAME)
_SENDER = re.compile(rb"^(?:from|return-path|sender):", re.IGNORECASE | re.MULTILINE)
_TRACE = re.compile(rb"^(?:date|message-id|received|mime-version|delivered-to):", re.IGNORECASE | re.MULTILINE)
_FROM_PERSON = re.compile(rb"^from:.*@", re.IGNORECASE | re.MULTILINE)
_SAVED_PAGE = re.compile(
    rb"""^(?:snapshot-content-location:|x-maf-|from:[ \t]*"?<?saved\ by\ )""", re.IGNORECASE | re.MULTILINE | re.VERBOSE
)
_RELATED = re.compile(rb"^content-type:[ \t]*(?:\r?\n[ \t]+)?multipart/related\b", re.IGNORECASE | re.MULTILINE)

# The line before a message ends with a date; Thunderbird also writes a bare "From ".
_SEPARATOR = re.compile(rb"From (?:.*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b.*\d\d?:\d\d.*\b\d{4}\b.*)?\r?\n?\Z")
# Without a date, or with one in another form, it counts before a field that messages begin with.
_LOOSE_SEPARATOR = re.compile(rb"From (?:\S+[ \t]*|.*\d\d?:\d\d.*)\r?\n?\Z")
_FIRST_FIELD = re.compile(
    rb">?(?:from|to|cc|subject|date|sender|received|reply-to|return-path|message-id|mime-version|delivered-to|status"
    rb"|envelope-to|authentication-results|dkim-signature|(?:x|arc|content)-[\w-]+)[ \t]*:",
    re.IGNORECASE,
)


def is_separator(line: bytes, following: bytes) -> bool:
    """Whether a line of a mailbox separates messages; `following` is the next one."""
    if _SEPARATOR.match(line):
        return True
    return bool(_LOOSE_SEPARATOR.match(line) and _FIRST_FIELD.match(following))


def mail_module(head: bytes, suffix: str, more: Callable[[], bytes]) -> str | None:
    """Return the module of the reader for a file that begins with `head`, None when it is not mail.

    `head` is in an encoding that contains ASCII; `more` returns a longer one, up to `HEADER_BYTES`.
    """
    first, _, rest = head.partition(b"\n")
    if is_separator(first, rest) and (suffix in _MAILBOX_SUFFIXES or _FIELD.match(rest)):
        return "mail.mbox"
    header, is_cut = _header(head)
    if is_cut and (header or _FIELD.match(head)):
        header, _ = _header(more())
    return _module(header, suffix)


def _header(head: bytes) -> tuple[bytes, bool]:
    """Return the whole lines of the header that a file begins with, and whether it may go on after `head`."""
    match = _HEADER.match(head)
    header, end = (match[1], match.end()) if match else (b"", 0)
    return header, b"\n" not in head[end:]


def _module(header: bytes, suffix: str) -> str | None:
    if _SAVED_PAGE.search(header) or (suffix in _PAGE_SUFFIXES and header and not _FROM_PERSON.search(header)):
        return "mail.mhtml"
    has_sender, has_trace = _SENDER.search(header), _TRACE.search(header)
    if has_trace and not has_sender and _RELATED.search(header):
        return "mail.mhtml"
    return "mail.message" if (has_sender and has_trace) or (suffix in _SUFFIXES and header) else None
