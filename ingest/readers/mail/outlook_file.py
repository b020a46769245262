"""The properties of an Outlook message: [MS-OXMSG] sections 2.1 (properties) and 2.2 (what it holds).

https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxmsg
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from struct import iter_unpack

from wherein.ingest.readers.office.ole import OleFile
from wherein.ingest.readers.shared.code_pages import codec_of_page

__all__ = ["Storage"]

_FIXED = "__properties_version1.0"
_UNICODE, _NARROW, _BINARY, _OBJECT = "001F", "001E", "0102", "000D"
_HEADERS = {"": 32, "message": 24}  # bytes before the properties of the message, and of one inside it
_OTHER_HEADER = 8
_CODE_PAGE, _INTERNET_CODE_PAGE = 0x3FFD, 0x3FDE
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class Storage:
    """A message, recipient or attachment: its properties by their ids, such as `0037` for the subject."""

    def __init__(self, ole: OleFile, path: str = "", page: int = 0) -> None:
        self._ole = ole
        self._path = path
        self._fixed = self._read_fixed()
        self._page = self._fixed.get(_CODE_PAGE, page)

    def _read_fixed(self) -> dict[int, int]:
        """Return the properties of eight bytes at most, as numbers."""
        is_message = not self._path.rpartition("/")[2].startswith(("__recip", "__attach"))
        start = _HEADERS["message" if self._path else ""] if is_message else _OTHER_HEADER
        name = self._name(_FIXED)
        data = self._ole.read(name)[start:] if name in self._ole else b""
        rows = iter_unpack("<HHIQ", data[: len(data) // 16 * 16])
        return {identity: value for _, identity, _, value in rows}

    def _name(self, name: str) -> str:
        return f"{self._path}/{name}" if self._path else name

    def text(self, identity: str) -> str:
        """Return a property as text, "" without it."""
        for kind in (_UNICODE, _NARROW):
            name = self._name(f"__substg1.0_{identity}{kind}")
            if name in self._ole:
                codec = "utf-16-le" if kind == _UNICODE else codec_of_page(self._page & 0xFFFF or 1252)
                return self._ole.read(name).decode(codec, "replace").rstrip("\0")
        return ""

    def data(self, identity: str) -> bytes | None:
        """Return a property as bytes, None without it."""
        name = self._name(f"__substg1.0_{identity}{_BINARY}")
        return self._ole.read(name) if name in self._ole else None

    def number(self, identity: int) -> int:
        """Return a property that is a number, 0 without it."""
        return self._fixed.get(identity, 0) & 0xFFFFFFFF

    def time(self, identity: int) -> datetime | None:
        """Return a property that is a time, None without it."""
        try:
            return _EPOCH + timedelta(microseconds=self._fixed[identity] // 10) if self._fixed.get(identity) else None
        except OverflowError:
            return None

    @property
    def internet_codec(self) -> str:
        """The codec of the HTML."""
        return codec_of_page(self.number(_INTERNET_CODE_PAGE) or 65001)

    def inside(self, prefix: str) -> Iterator["Storage"]:
        """Yield the recipients or attachments."""
        for name in self._ole.storages(self._path):
            if name.startswith(prefix):
                yield Storage(self._ole, self._name(name), self._page)

    def message(self) -> "Storage | None":
        """Return the message that an attachment is, None if it is a file."""
        name = f"__substg1.0_3701{_OBJECT}"
        if name not in self._ole.storages(self._path):
            return None
        inner = Storage(self._ole, self._name(name), self._page)
        return inner if inner._fixed else None
