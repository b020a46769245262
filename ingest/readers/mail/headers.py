"""The header fields of a message, with encoded words (RFC 2047) decoded."""

from datetime import datetime
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.shared.charset import charset_for_label
from wherein.ingest.readers.shared.decode import clean, decode
from wherein.ingest.readers.shared.metadata import standard_metadata
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["Headers", "decode_raw", "decode_words"]

_MAX_LENGTH = 1_000
_MAX_ADDRESSES = 100
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Headers:
    """The subject, the id, a title and the metadata of a message.

    The title says subject, sender and day, as far as they are known: `Rent, Ann Quince, 2 May 2024`.
    Metadata are `author`, `keywords` and `created` as for any document, and `from`, `to` and `cc` with the addresses.
    `id` has no angle brackets and is empty when the message has none.
    """

    def __init__(self, message: Message) -> None:
        self.subject = _line(decode_words(_first(message, "subject")))
        self.id = _line(_first(message, "message-id")).strip("<>")
        senders = _addresses(_values(message, "from"))
        date = _date(_first(message, "date"))
        sender = next((name or address for name, address in senders), "")
        self.title = ", ".join(filter(None, (self.subject, sender, _day(date))))
        people: dict[str, list[str]] = {
            "from": [_format_address(*sender) for sender in senders],
            "to": [_format_address(*pair) for pair in _addresses(_values(message, "to"))],
            "cc": [_format_address(*pair) for pair in _addresses(_values(message, "cc"))],
        }
        self.metadata: dict[str, JSONValue] = {
            **standard_metadata(
                author=[name or address for name, address in senders],
                keywords=[decode_words(words) for words in _values(message, "keywords")],
                created=date.isoformat() if date else "",
            ),
            **{role: names[0] if len(names) == 1 else [*names] for role, names in people.items() if names},
        }


def _values(message: Message, name: str) -> list[str]:
    """Return the values of a header field as written, with bytes beyond ASCII decoded as those of any text."""
    values = (str(value) for key, value in message.raw_items() if key.lower() == name)
    return [decode_raw(value) for value in values]


def _first(message: Message, name: str) -> str:
    return next(iter(_values(message, name)), "")


def decode_raw(value: str) -> str:
    """Return the value of a header field with bytes beyond ASCII decoded as those of any text."""
    data = value.encode("utf-8", "surrogateescape")
    try:
        return value if data.isascii() else decode(data).text
    except Skipped:
        return data.decode("cp1252", "replace")


def decode_words(value: str) -> str:
    """Return the value of a header field with its encoded words decoded; as written when one is invalid."""
    try:
        # Nothing is left of an encoded word that is not base64 at all.
        return "".join(_decode_word(word, charset) for word, charset in decode_header(value)) or value
    except (MessageError, ValueError):
        return value


def _decode_word(word: bytes | str, charset: str | None) -> str:
    if isinstance(word, str):
        return word
    # decode_header returns the text between encoded words as bytes in this encoding.
    if charset is None:
        return word.decode("raw-unicode-escape", "replace")
    try:
        return word.decode(charset_for_label(charset).codec, "replace")
    except (LookupError, UnicodeError):
        return word.decode("ascii", "replace")


def _addresses(values: list[str]) -> list[tuple[str, str]]:
    """Return names and addresses. They are split before words are decoded, because decoded words may hold commas."""
    pairs = ((_line(decode_words(name)), _line(address)) for name, address in getaddresses(values[:_MAX_ADDRESSES]))
    return [(name, address) for name, address in pairs if name or address][:_MAX_ADDRESSES]


def _format_address(name: str, address: str) -> str:
    return f"{name} <{address}>" if name and address and name != address else name or address


def _date(value: str) -> datetime | None:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):  # some programs write ISO 8601
        try:
            return parse(value.strip())
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _day(date: datetime | None) -> str:
    """Return the day of the sender's calendar."""
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}" if date else ""


def _line(value: str) -> str:
    return " ".join(clean(value).split())[:_MAX_LENGTH]
