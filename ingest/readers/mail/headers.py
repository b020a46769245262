"""What the header of a message says, with its encoded words as text."""

from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.shared.charset import charset_called
from wherein.ingest.readers.shared.decode import clean
from wherein.ingest.readers.shared.metadata import described

__all__ = ["Headers", "plain", "raw"]

_LONGEST = 1_000
_MOST = 100


class Headers:
    """Subject, and metadata: `author` and `created` as for any document, and `from`, `to` and `cc` with the addresses.

    `id` is the message's own, without its brackets; empty when it has none.
    """

    def __init__(self, message: Message) -> None:
        self.subject = _line(plain(_first(message, "subject")))
        self.id = _line(_first(message, "message-id")).strip("<>")
        senders = _addresses(raw(message, "from"))
        people: dict[str, list[str]] = {
            "from": [_shown(*sender) for sender in senders],
            "to": [_shown(*one) for one in _addresses(raw(message, "to"))],
            "cc": [_shown(*one) for one in _addresses(raw(message, "cc"))],
        }
        self.metadata: dict[str, JSONValue] = {
            **described(
                author=[name or address for name, address in senders],
                keywords=[plain(words) for words in raw(message, "keywords")],
                created=_date(_first(message, "date")),
            ),
            **{name: found[0] if len(found) == 1 else [*found] for name, found in people.items() if found},
        }


def raw(message: Message, name: str) -> list[str]:
    """Return the values of a header as they are written; bytes beyond ASCII are UTF-8, else Windows-1252."""
    values = (str(value) for key, value in message.raw_items() if key.lower() == name)
    return [_unescaped(value) for value in values]


def _first(message: Message, name: str) -> str:
    return next(iter(raw(message, name)), "")


def plain(value: str) -> str:
    """Return a header's value with its encoded words decoded, as far as they can be."""
    try:
        return "".join(_word(word, charset) for word, charset in decode_header(value))
    except (MessageError, ValueError):
        return value


def _unescaped(value: str) -> str:
    data = value.encode("utf-8", "surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _word(word: bytes | str, charset: str | None) -> str:
    if isinstance(word, str):
        return word
    # decode_header hands over what is between encoded words as bytes in this encoding.
    if charset is None:
        return word.decode("raw-unicode-escape", "replace")
    try:
        return word.decode(charset_called(charset).codec, "replace")
    except (LookupError, UnicodeError):
        return word.decode("ascii", "replace")


def _addresses(values: list[str]) -> list[tuple[str, str]]:
    """Return names and addresses. Addresses are parted before words are decoded, as these may hold commas."""
    pairs = ((_line(plain(name)), _line(address)) for name, address in getaddresses(values[:_MOST]))
    return [(name, address) for name, address in pairs if name or address][:_MOST]


def _shown(name: str, address: str) -> str:
    return f"{name} <{address}>" if name and address and name != address else name or address


def _date(value: str) -> str:
    try:
        return parsedate_to_datetime(value).isoformat()
    except (ValueError, TypeError, OverflowError, IndexError):
        return ""


def _line(value: str) -> str:
    return " ".join(clean(value).split())[:_LONGEST]
