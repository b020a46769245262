"""Ways to damage a file that know its format: lengths that lie, chains that loop, nesting without end."""

import io
import json
import re
import struct
from collections.abc import Callable, Sequence
from typing import Any

import olefile

import office
import ole_files
from mutation_steps import Chance, cut, flipped, mutated_bytes, mutated_text, with_hostile_values, without_elements

__all__ = ["mutated_json", "mutated_mime", "mutated_ole", "mutated_pdf", "mutated_rtf", "mutated_sheets", "mutated_xml"]

_LIES = (0, 1, 2, 3, 4, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFC, 0xFFFFFFFE, 0xFFFFFFFF)
_NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"2",
    b"255",
    b"65535",
    b"2147483648",
    b"4294967296",
    b"99999999999999999999",
    b"1e38",
    b"0.0",
)
_DEPTHS = (1, 2, 3, 10, 60, 60, 60, 1_200)
_RTF = (
    b"\\bin999999999 ", b"\\bin4294967296 ", b"\\bin-1 ", b"\\bin0", b"\\u-1", b"\\u65536?", b"\\u55357",
    b"\\u56832 ", b"\\uc0\\u8364", b"\\uc99999\\u8364", b"\\uc-1 ", b"\\ansicpg99999 ", b"\\ansicpg932 ", b"\\f1 ",
    b"\\f999 ", b"\\fcharset255 ", b"\\'8", b"\\'zz", b"\\'81", b"{\\*\\shpinst{\\shptxt ", b"{\\footnote ",
    b"{\\header ", b"\\cell ", b"\\row ", b"\\nestcell ", b"\\intbl ", b"\\ilvl999 ", b"\\outlinelevel-5 ",
    b"{\\upr{a}{\\*\\ud{b", b"\\yr99999999 ", b"{\\info{\\creatim\\mo99}}", b"\\par", b"\\*", b"\\", b"\\\xff",
    b"{\\field{\\*\\fldinst X}{\\fldrslt y}}", b"\\deleted ", b"\\v ", b"\\rtf1", b"{\\fonttbl", b"{\\stylesheet{",
    b"\0",
)  # fmt: skip
_XML = (
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;", b"&lt;p&gt;", b"<![CDATA[ <p>x</p> ]]>", b"<!-- ", b"-->", b"<?x",
    b"<x:y>", b"</x>", b"&#0;", b"&#xD800;", b"&nbsp;", b"]]>", b'<?xml version="1.0" encoding="utf-16"?>',
    b"<title>", b"</title>", b"<section>", b"<p>", b"</p>", b"<table>", b"<td>", b"<binary id='x'>AAAA", b"<text:p>",
    b"<text:h text:outline-level='-1'>",
    b"<table:table-cell table:number-columns-repeated='99999999'><text:p>x</text:p></table:table-cell>", b"\xff",
)  # fmt: skip
_MIME = (
    b"\nContent-Type: multipart/mixed; boundary=c\n\n--c\n", b"\n--b\n", b"\n--b--\n", b"--c--\n",
    b"\nContent-Type: message/rfc822\n\n", b"Content-Transfer-Encoding: base64\n",
    b"Content-Transfer-Encoding: uuencode\n", b"begin 644 x\n", b"=\n", b"=ZZ", b"charset=utf-16", b"charset=\xff",
    b"charset*=utf-8''%ff", b"name*0=a; name*2=b", b"boundary=", b"filename=../../x", b"=?utf-8?q?=ff?=",
    b"=?x?b?====?=", b"Subject: " + b"x" * 2_000, b"From: <@,;:>", b"Date: 99 Foo 0000 99:99:99 +9999\n", b"\r",
    b"\n\n", b"Content-Type: text/html\n\n<title>", b"<noscript>", b"<tr>", b"From a\n", b"\0",
)  # fmt: skip
_PDF = (
    b"/Count 999999999", b"/Kids[2 0 R 2 0 R]", b"/Rect[1e38 -1e38 1e38 0]", b"/MediaBox[0 0 1e9 1e9]",
    b"/Length 99999999", b"/Filter/FlateDecode", b"/Filter[/A85/Fl/Fl]", b"/Parent 3 0 R", b"/EF<</F 1 0 R>>",
    b"/AP<</N 4 0 R>>", b"/Subtype/Popup", b"/Contents(\xfe\xff\xd8\x00)", b"/FT/Tx", b"endobj", b"stream\n",
    b"endstream", b"1 0 R", b"<<", b">>", b"[", b"(", b"/XFA 1 0 R", b"/Rotate 45", b"/UserUnit 1e9", b"/Names[" * 30,
)  # fmt: skip
_VALUES: Sequence[Any] = (
    None,
    0,
    -1,
    1e308,
    True,
    "",
    [],
    {},
    "x" * 300,
    "\ud800",
    [["x"]],
    {"text": {}},
    ["a", 1, None],
)


def lying(data: bytes, chance: Chance) -> bytes:
    """Overwrite some numbers of one, two or four bytes by lengths and offsets that cannot be true."""
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        size, value = chance.choice((1, 2, 4, 4)), chance.choice((*_LIES, len(data)))
        offset = chance.randrange(max(1, len(data) - size)) & ~(size - 1 if chance.random() < 0.7 else 0)
        damaged[offset : offset + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
    return bytes(damaged)


def _inserting(tokens: Sequence[bytes], data: bytes, chance: Chance) -> bytes:
    for _ in range(chance.randint(1, 5)):
        offset = chance.randrange(len(data) + 1)
        repeated = chance.choice(_DEPTHS) if chance.random() < 0.05 else 1
        data = data[:offset] + chance.choice(tokens) * repeated + data[offset + chance.choice((0, 0, 1, 8)) :]
    return data


def _with_numbers(data: bytes, chance: Chance) -> bytes:
    share = chance.choice((0.02, 0.1, 0.5))
    return re.sub(rb"\d+", lambda found: chance.choice(_NUMBERS) if chance.random() < share else found[0], data)


def mutated_rtf(data: bytes, chance: Chance) -> bytes:
    if chance.random() < 0.3:
        return mutated_text(data, chance)
    if chance.random() < 0.1:
        return data[:-1] + b"{" * chance.choice(_DEPTHS) + b"x"
    return _with_numbers(data, chance) if chance.random() < 0.2 else _inserting(_RTF, data, chance)


def mutated_xml(data: bytes, chance: Chance) -> bytes:
    way = chance.randrange(6)
    if way == 0:
        return mutated_text(data, chance)
    if way == 1:
        tags = re.findall(rb"<[\w:]+>", data) or [b"<a>"]
        tag, depth = chance.choice(tags), chance.choice(_DEPTHS)
        return data.replace(tag, tag * depth, 1).replace(
            b"</" + tag[1:], (b"</" + tag[1:]) * depth, chance.randint(0, 1)
        )
    if way == 2:
        return with_hostile_values(data, chance)
    if way == 3:
        return without_elements(data, chance)
    return _with_numbers(data, chance) if way == 4 else _inserting(_XML, data, chance)


def mutated_mime(data: bytes, chance: Chance) -> bytes:
    return mutated_text(data, chance) if chance.random() < 0.4 else _inserting(_MIME, data, chance)


def mutated_pdf(data: bytes, chance: Chance) -> bytes:
    if chance.random() < 0.3:
        return mutated_text(data, chance)
    return _with_numbers(data, chance) if chance.random() < 0.4 else _inserting(_PDF, data, chance)


def mutated_json(data: bytes, chance: Chance) -> bytes:
    """Damage the text, or put values of other types where they are not expected."""
    if chance.random() < 0.4:
        return mutated_text(data, chance)
    lines = data.splitlines() if data.startswith(b"{") and b"\n{" in data else [data]
    return b"\n".join(json.dumps(_other(json.loads(line), chance)).encode() for line in lines)


def _other(value: Any, chance: Chance) -> Any:
    if chance.random() < 0.04:
        if chance.random() >= 0.2:
            return chance.choice(_VALUES)
        depth = chance.choice(_DEPTHS[:3])
        return json.loads("[" * depth + "]" * depth)
    if isinstance(value, dict):
        return {key: _other(inner, chance) for key, inner in value.items() if chance.random() > 0.03}
    return [_other(inner, chance) for inner in value] if isinstance(value, list) else value


def mutated_ole(data: bytes, chance: Chance) -> bytes:
    """Damage the container, its chains of sectors, its directory, or the content of one of its streams."""
    ways: tuple[Callable[[bytes, Chance], bytes], ...] = (
        mutated_bytes,
        _with_chains,
        _with_entries,
        _with_header,
        lying,
    )
    return _with_stream(data, chance) if chance.random() < 0.6 else chance.choice(ways)(data, chance)


def _with_chains(data: bytes, chance: Chance) -> bytes:
    """Lead some sectors to other ones: the table is the last sector of what `ole_files` writes."""
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 5)):
        offset = len(data) - 512 + 4 * chance.randrange(128)
        value = chance.choice((0, 1, chance.randrange(128), 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, len(data) // 512))
        struct.pack_into("<I", damaged, offset, value)
    return bytes(damaged)


def _with_entries(data: bytes, chance: Chance) -> bytes:
    """Damage names, links, starts and sizes in the directory."""
    damaged = bytearray(data)
    start = data.find("Root Entry".encode("utf-16-le"))
    entries = max(1, (len(data) - start) // 128)
    for _ in range(chance.randint(1, 5)):
        offset = (
            start + 128 * chance.randrange(min(entries, 20)) + chance.choice((0, 64, 66, 68, 72, 76, 116, 120, 124))
        )
        if offset + 4 <= len(data):
            struct.pack_into("<I", damaged, offset, chance.choice((*_LIES, chance.randrange(20))))
    return bytes(damaged)


def _with_header(data: bytes, chance: Chance) -> bytes:
    damaged = bytearray(data)
    offset = chance.choice((26, 30, 32, 40, 44, 48, 56, 60, 64, 68, 72, 76, 80, 84))
    struct.pack_into(
        "<H" if offset < 40 else "<I", damaged, offset, chance.choice(_LIES) & (0xFFFF if offset < 40 else 0xFFFFFFFF)
    )
    return bytes(damaged)


def _with_stream(data: bytes, chance: Chance) -> bytes:
    with olefile.OleFileIO(io.BytesIO(data)) as file:
        streams = {"/".join(path): file.openstream(path).read() for path in file.listdir()}
    for name in chance.sample(sorted(streams), min(len(streams), chance.randint(1, 2))):
        if chance.random() < 0.05 or not streams[name]:
            del streams[name]
        else:
            streams[name] = chance.choice((lying, lying, flipped, cut))(streams[name], chance)
    return ole_files.ole(streams)


def mutated_sheets(data: bytes, chance: Chance) -> bytes:
    """Damage the records in a package of binary parts."""
    if chance.random() < 0.2:
        return mutated_bytes(data, chance)
    parts = office.unpacked(data)
    for name in chance.sample(sorted(parts), chance.randint(1, 2)):
        way = lying if name.endswith(".bin") else with_hostile_values
        parts[name] = chance.choice((way, way, flipped, cut))(parts[name], chance)
    return office.packed(parts)
