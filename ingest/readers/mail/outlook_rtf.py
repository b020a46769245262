"""Compressed RTF, in which Outlook keeps the text of messages: [MS-OXRTFCP] section 2.2.

https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxrtfcp
"""

from struct import error as StructError
from struct import unpack_from

from wherein.errors import Unreadable
from wherein.ingest.readers.shared.reasons import DAMAGED

__all__ = ["unpacked"]

_COMPRESSED, _STORED = 0x75465A4C, 0x414C454D
_HEADER = 16
_SIZE = 4096
_KNOWN = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


def unpacked(data: bytes) -> bytes:
    """Return the RTF. Raises Unreadable when it is damaged."""
    try:
        _, size, kind = unpack_from("<III", data)
        if kind == _STORED:
            return data[_HEADER : _HEADER + size]
        if kind != _COMPRESSED:
            raise Unreadable(DAMAGED)
        return _decompressed(data, size)
    except (StructError, IndexError) as error:
        raise Unreadable(DAMAGED) from error


def _decompressed(data: bytes, size: int) -> bytes:
    window = bytearray(_KNOWN.ljust(_SIZE, b"\0"))
    position = len(_KNOWN)
    out = bytearray()
    offset = _HEADER
    while len(out) < size:
        flags = data[offset]
        offset += 1
        for bit in range(8):
            if flags >> bit & 1:
                (reference,) = unpack_from(">H", data, offset)
                offset += 2
                start, length = reference >> 4, (reference & 0xF) + 2
                if start == position:
                    return bytes(out)
                copied = [(start + step) % _SIZE for step in range(length)]
            else:
                window[position] = data[offset]
                copied = [position]
                offset += 1
            for index in copied:
                byte = window[index]
                window[position] = byte
                out.append(byte)
                position = (position + 1) % _SIZE
            if len(out) >= size:
                break
    return bytes(out)
