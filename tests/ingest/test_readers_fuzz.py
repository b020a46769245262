"""Whatever is done to a file, it is read or refused with a reason."""

import os
import random
import re

import pytest

import office
from errors import Unreadable

FILES = {name: make() for name, make in office.MAKERS.items()}
ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "120"))
HOSTILE = (b"", b"-1", b"0", b"NaN", b"1e999", b"99999999999999999999", b"\xc2\xb2", b"../../x", b"&#55296;", b"\xff")


def flipped(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 20)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def spliced(data: bytes, chance: random.Random) -> bytes:
    first, last, place = sorted(chance.randrange(len(data) + 1) for _ in range(3))
    return data[:last] + data[first:last] * chance.randint(0, 2) + data[place:]


def with_hostile_values(data: bytes, chance: random.Random) -> bytes:
    """Replace some attributes and texts."""
    share = chance.choice((0.02, 0.2, 1))

    def replaced(match: re.Match[bytes]) -> bytes:
        return match[1] + chance.choice(HOSTILE) + match[3] if chance.random() < share else match[0]

    return re.sub(rb"""([">])([^<>"]+)(["<])""", replaced, data)


def without_elements(data: bytes, chance: random.Random) -> bytes:
    """Rename or close some elements, so that others stand where they should not."""
    names = sorted(set(re.findall(rb"<([\w:]+)", data)))
    if len(names) < 2:
        return data
    old, new = chance.sample(names, 2)
    return re.sub(rb"(</?)" + re.escape(old) + rb"\b", rb"\1" + new, data)


CHANGES = (flipped, cut, spliced, with_hostile_values, without_elements)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Damage the file as it is, or some of its parts before they are packed again."""
    if chance.random() < 0.25:
        return chance.choice((flipped, cut, spliced))(data, chance)
    parts = office.unpacked(data)
    for name in chance.sample(sorted(parts), min(len(parts), chance.randint(1, 3))):
        if chance.random() < 0.1 or not parts[name]:
            del parts[name]
        else:
            parts[name] = chance.choice(CHANGES)(parts[name], chance)
    return office.packed(parts)


@pytest.mark.parametrize("kind", sorted(FILES))
def test_damaged_files_are_read_or_refused(kind: str) -> None:
    read = 0
    reasons = list[str]()
    for number in range(ROUNDS):
        damaged = mutated(FILES[kind], random.Random(f"{kind} {number}"))
        try:
            document = office.read(damaged)
        except Unreadable as refused:
            reasons.append(str(refused))
            continue
        read += 1
        starts = [mark.start for mark in document.marks]
        assert starts == sorted(set(starts))
        assert all(0 <= start < len(document.text) for start in starts)
        assert not re.search("[\0\ud800-\udfff]", document.text + document.title + repr(document.metadata))
    assert 0 < read < ROUNDS
    assert all(reason.isprintable() and len(reason) < 200 for reason in reasons)
