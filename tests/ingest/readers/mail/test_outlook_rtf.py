"""Compressed RTF; the first example is that of [MS-OXRTFCP] section 3.1."""

import pytest

from wherein.errors import Unreadable
from wherein.ingest.readers.mail.outlook_rtf import unpacked

EXAMPLE = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)


def test_references_into_what_came_before() -> None:
    assert unpacked(EXAMPLE) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_stored_bytes() -> None:
    assert unpacked(bytes((15, 0, 0, 0, 3, 0, 0, 0)) + b"MELA" + bytes(4) + b"abcd") == b"abc"


@pytest.mark.parametrize("data", [b"", EXAMPLE[:20], EXAMPLE[:8] + b"none" + EXAMPLE[12:]])
def test_damage(data: bytes) -> None:
    with pytest.raises(Unreadable):
        unpacked(data)
