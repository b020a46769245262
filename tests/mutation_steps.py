"""Ways to damage files of any format."""

import random
import re

__all__ = [
    "XML_STEPS",
    "Chance",
    "cut",
    "flipped",
    "mutated_bytes",
    "mutated_text",
    "with_hostile_values",
    "without_elements",
]

HOSTILE = (b"", b"-1", b"0", b"NaN", b"1e999", b"99999999999999999999", b"\xc2\xb2", b"../../x", b"&#55296;", b"\xff")
TOKENS = (
    *(
        b"\n",
        b"\r",
        b"\n\n",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b'"',
        b"'",
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b"<",
        b">",
    ),
    *(b"From a@b Fri Jul  8 12:08:34 2011\n", b"=?utf-8?b?", b"=?x?q?=E9?=", b"?=", b"--b\n", b"Content-Type: ", b";"),
    *(b"message/rfc822", b"multipart/mixed; boundary=b", b"charset=", b"base64", b"quoted-printable", b"=E9=\n"),
    *(b"\\begin{", b"\\end{", b"tabular}", b"\\section{", b"\\verb|", b"$", b"\\[", b"%", b"&", b"\\item", b"\\\\"),
    *(
        b",",
        b";",
        b"\t",
        b"sep=;\n",
        b'""',
        b"\\ud800",
        b"1e999",
        b"null",
        b"---\n",
        b"===\n",
        b"<!--",
        b"]]>",
        b"&#0;",
    ),
)

Chance = random.Random


def flipped(data: bytes, chance: Chance) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 20)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def cut(data: bytes, chance: Chance) -> bytes:
    return data[: chance.randrange(len(data))]


def spliced(data: bytes, chance: Chance) -> bytes:
    first, last, resume = sorted(chance.randrange(len(data) + 1) for _ in range(3))
    return data[:last] + data[first:last] * chance.randint(0, 2) + data[resume:]


def with_tokens(data: bytes, chance: Chance) -> bytes:
    """Insert tokens that mean something to some reader at random offsets."""
    for _ in range(chance.randint(1, 8)):
        offset = chance.randrange(len(data) + 1)
        data = data[:offset] + chance.choice(TOKENS) + data[offset + chance.choice((0, 0, 1, 10)) :]
    return data


def with_lines_moved(data: bytes, chance: Chance) -> bytes:
    lines = data.splitlines(keepends=True)
    for _ in range(chance.randint(1, 5)):
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
        del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def with_hostile_values(data: bytes, chance: Chance) -> bytes:
    """Replace some attribute values and texts of XML."""
    share = chance.choice((0.02, 0.2, 1))

    def replaced(match: re.Match[bytes]) -> bytes:
        return match[1] + chance.choice(HOSTILE) + match[3] if chance.random() < share else match[0]

    return re.sub(rb"""([">])([^<>"]+)(["<])""", replaced, data)


def without_elements(data: bytes, chance: Chance) -> bytes:
    """Rename one kind of element to another, so that elements appear where they are not allowed."""
    names = sorted(set(re.findall(rb"<([\w:]+)", data)))
    if len(names) < 2:
        return data
    old, new = chance.sample(names, 2)
    return re.sub(rb"(</?)" + re.escape(old) + rb"\b", rb"\1" + new, data)


_BYTES = (flipped, cut, spliced)
_TEXT = (*_BYTES, with_tokens, with_lines_moved)
XML_STEPS = (*_BYTES, with_hostile_values, without_elements)


def mutated_bytes(data: bytes, chance: Chance) -> bytes:
    return chance.choice(_BYTES)(data, chance)


def mutated_text(data: bytes, chance: Chance) -> bytes:
    return chance.choice(_TEXT)(data, chance)
