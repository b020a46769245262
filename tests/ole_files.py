"""Small files in OLE containers: Word, PowerPoint and Excel files as they were until 2003, and Outlook messages."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_SECTOR, _SMALL_SECTOR, _LEAST = 512, 64, 4096
_FREE, _END, _FAT, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


def ole(streams: Mapping[str, bytes]) -> bytes:
    """A container; names may be paths."""
    tree: dict[str, list[str]] = {"": []}
    for path in streams:
        steps = path.split("/")
        for depth in range(1, len(steps) + 1):
            parent, child = "/".join(steps[: depth - 1]), "/".join(steps[:depth])
            if child not in tree:
                tree[child] = []
                tree[parent].append(child)
    large, small = _Sectors(_SECTOR), _Sectors(_SMALL_SECTOR)
    starts = {path: (small if len(data) < _LEAST else large).add(data) for path, data in streams.items()}
    starts[""] = large.add(b"".join(small.sectors))
    root_size = len(small.sectors) * _SMALL_SECTOR
    directory = large.add(b"".join(_entries(tree, streams, starts, root_size)))
    small_table = large.add(b"".join(number.to_bytes(4, "little") for number in small.table).ljust(_SECTOR, b"\xff"))
    count = -(-(len(large.table) + 20) * 4 // _SECTOR)
    table = [*large.table, *[_FAT] * count]
    table += [_FREE] * (count * _SECTOR // 4 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, count, directory, 0, _LEAST, small_table, 1, _END, 0
    )
    first = len(large.sectors)
    header += struct.pack("<109I", *range(first, first + count), *[_FREE] * (109 - count))
    return header + b"".join(large.sectors) + struct.pack(f"<{len(table)}I", *table)


class _Sectors:
    """Sectors of one size, and for each the number of the next."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.sectors: list[bytes] = []
        self.table: list[int] = []

    def add(self, data: bytes) -> int:
        """Return the number of the first sector of a stream."""
        first, count = len(self.sectors), -(-len(data) // self.size)
        if not count:
            return _END
        pieces = (data[number * self.size : (number + 1) * self.size] for number in range(count))
        self.sectors += [piece.ljust(self.size, b"\0") for piece in pieces]
        self.table += [*range(first + 1, first + count), _END]
        return first


def _entries(
    tree: Mapping[str, list[str]], streams: Mapping[str, bytes], starts: Mapping[str, int], root_size: int
) -> Iterator[bytes]:
    paths = list(tree)
    for path, children in tree.items():
        name = (path.rpartition("/")[2] or "Root Entry").encode("utf-16-le")
        siblings = tree[path.rpartition("/")[0]] if path else [""]
        after = siblings[siblings.index(path) + 1 :][:1]
        links = [paths.index(after[0]) if after else _NONE, paths.index(children[0]) if children else _NONE]
        yield (
            name.ljust(64, b"\0")
            + struct.pack("<HBB", len(name) + 2, 2 if path in streams else 1 if path else 5, 1)
            + struct.pack("<III36x", _NONE, *links)
            + struct.pack("<IQ", starts.get(path, 0), len(streams[path]) if path in streams else root_size * (not path))
        )
    yield bytes(128) * (-len(paths) % 4)


@dataclass(frozen=True)
class Line:
    """A paragraph of a Word document: its style, and properties as [MS-DOC] codes them. `end` ends it."""

    text: str
    style: int = 0
    properties: bytes = b""
    end: str = "\r"


IN_TABLE, ROW_END = b"\x16\x24\x01", b"\x16\x24\x01\x17\x24\x01"
HEADING_1, HEADING_2 = 1, 2


def word(
    lines: Sequence[Line], notes: str = "", header: str = "", comments: str = "", hidden: str = "", flags: int = 0
) -> bytes:
    """A Word document; the characters of the main text that are in `hidden` are hidden."""
    main = "".join(line.text + line.end for line in lines)
    parts = [main, notes, header, "", comments, "", "", ""]
    text = "".join(parts)
    start = 2048
    ends = [start]
    for line in lines:
        ends.append(ends[-1] + 2 * len(line.text + line.end))
    paragraphs = _page(ends, [struct.pack("<H", line.style) + line.properties for line in lines], 13, _paragraph_entry)
    runs = [start + 2 * number for number in range(len(main) + 1)]
    shown = [b"\x3c\x08\x01" if character in hidden else b"" for character in main]
    characters = _page(runs, shown, 1, _character_entry) if hidden else b""
    styles = struct.pack("<HHH", 4, 3, 10) + b"".join(struct.pack("<HH10x", 12, number) for number in range(3))
    clx = b"\2" + struct.pack("<IIIHIH", 16, 0, len(text), 0, start, 0)
    bins = [struct.pack("<III", start, ends[-1], 1), struct.pack("<III", start, runs[-1], 2) if hidden else b""]
    offsets: dict[int, tuple[int, int]] = {}
    table = b""
    for number, content in ((33, clx), (1, styles), (13, bins[0]), (12, bins[1])):
        offsets[number] = (len(table), len(content))
        table += content
    fib = bytearray(512)
    struct.pack_into("<H8xH", fib, 0, 0xA5EC, flags)
    struct.pack_into("<8I", fib, 0x4C, *map(len, parts))
    for number, location in offsets.items():
        struct.pack_into("<II", fib, 0x9A + 8 * number, *location)
    stream = bytes(fib) + paragraphs + characters.ljust(512, b"\0")
    return ole({"WordDocument": stream.ljust(start, b"\0") + text.encode("utf-16-le"), "0Table": table})


def _page(offsets: Sequence[int], values: Sequence[bytes], size: int, entry: object) -> bytes:
    page = bytearray(512)
    struct.pack_into(f"<{len(offsets)}I", page, 0, *offsets)
    place = 510
    for number, value in enumerate(values):
        data = entry(value)  # type: ignore[operator]
        place = (place - len(data)) & ~1
        page[place : place + len(data)] = data
        page[4 * len(offsets) + size * number] = place // 2 if value else 0
    page[511] = len(values)
    return bytes(page)


def _paragraph_entry(value: bytes) -> bytes:
    return bytes((0, (len(value) + 1) // 2)) + value.ljust((len(value) + 1) // 2 * 2, b"\0")


def _character_entry(value: bytes) -> bytes:
    return bytes((len(value),)) + value


def record(kind: int, content: bytes = b"", instance: int = 0, container: bool = False) -> bytes:
    """A record of a PowerPoint file."""
    return struct.pack("<HHI", instance << 4 | (0xF if container else 0), kind, len(content)) + content


def _box(kind: int, text: str, placeholder: int | None = None) -> bytes:
    role = (
        record(0xF011, record(0x0BC3, struct.pack("<iBB2x", 0, placeholder, 0)), container=True) if placeholder else b""
    )
    content = record(0x0F9F, struct.pack("<I", kind)) + record(0x0FA0, text.encode("utf-16-le"))
    return record(0xF004, role + record(0xF00D, content, container=True), container=True)


def _referring_box(number: int) -> bytes:
    return record(0xF004, record(0xF00D, record(0x0F9E, struct.pack("<I", number)), container=True), container=True)


def slides(token: int = 0xE391C05F) -> bytes:
    """A presentation of two slides: the first one has a title in the outline, a box, a footer and notes."""
    outline = record(0x0F9F, struct.pack("<I", 0)) + record(0x0FA8, b"The plan")
    listed = record(0x03F3, struct.pack("<IIIII", 2, 0, 0, 256, 0)) + outline
    listed += record(0x03F3, struct.pack("<IIIII", 3, 0, 0, 257, 0))
    notes_list = record(0x03F3, struct.pack("<IIIII", 4, 0, 0, 300, 0))
    pieces = [
        record(1000, record(0x0FF0, listed, 0, True) + record(0x0FF0, notes_list, 2, True), container=True),
        record(1006, _referring_box(0) + _box(4, "one\rtwo") + _box(4, "page footer", 9), container=True),
        record(1006, _box(4, "Zürich"), container=True),
        record(
            1008, record(0x03F1, struct.pack("<II", 256, 0)) + _box(2, "Say it slowly.") + _box(4, "*"), container=True
        ),
    ]
    offsets = [sum(map(len, pieces[:number])) for number in range(len(pieces))]
    directory = sum(map(len, pieces))
    persist = record(0x1772, struct.pack("<I4I", 1 | 4 << 20, *offsets))
    edit = record(0x0FF5, struct.pack("<IIIIIIHH", 0, 0, 0, directory, 1, 5, 0, 0))
    user = record(0x0FF6, struct.pack("<III", 20, token, directory + len(persist)) + bytes(12))
    return ole({"PowerPoint Document": b"".join(pieces) + persist + edit, "Current User": user})


def workbook() -> bytes:
    """A workbook of two sheets, the second one hidden, as Excel 97 wrote it."""

    def biff(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def label(row: int, column: int, text: str) -> bytes:
        return biff(0x0204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))

    def number(row: int, column: int, value: float, form: int = 0) -> bytes:
        return biff(0x0203, struct.pack("<HHHd", row, column, form, value))

    def bof(kind: int) -> bytes:
        return biff(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0))

    end = biff(0x000A, b"")
    formats = b"".join(biff(0x00E0, struct.pack("<HH16x", 0, form)) for form in (0, 14))
    rents = label(0, 0, "Who") + label(0, 1, "Sum") + label(1, 0, "Zoë") + number(1, 1, 0.1 + 0.2)
    contents = [bof(0x10) + rents + number(1, 3, 45322.0, 1) + end, bof(0x10) + label(0, 0, "secret") + end]
    names = [("Rents", 0), ("Old", 1)]
    size = len(bof(5)) + len(formats) + sum(4 + 8 + len(name) for name, _ in names) + len(end)
    sheets = b""
    for (name, state), content in zip(names, contents, strict=True):
        sheets += biff(0x0085, struct.pack("<IBBBB", size, state, 0, len(name), 0) + name.encode())
        size += len(content)
    return ole({"Workbook": bof(5) + formats + sheets + end + b"".join(contents)})


def _fixed(header: int, values: Mapping[int, tuple[int, int]]) -> bytes:
    rows = (struct.pack("<HHIQ", kind, identity, 6, value) for identity, (kind, value) in values.items())
    return bytes(header) + b"".join(rows)


def message(body: str = "The boiler is cold.", properties: Mapping[str, bytes] | None = None) -> bytes:
    """An Outlook message with a recipient and two attachments: a file and another message."""

    def texts(folder: str, values: Mapping[str, str]) -> dict[str, bytes]:
        return {f"{folder}__substg1.0_{identity}001F": text.encode("utf-16-le") for identity, text in values.items()}

    sent = 133_500_000_000_000_000  # 2024-01-17T21:20:00Z in steps of 100 ns from 1601
    person, file = "__recip_version1.0_#00000000/", "__attach_version1.0_#00000000/"
    inner = "__attach_version1.0_#00000001/__substg1.0_3701000D/"
    return ole({
        "__properties_version1.0": _fixed(32, {0x0039: (0x40, sent)}),
        **texts("", {"0037": "Cold boiler", "1000": body, "0C1A": "Ann Quince", "5D01": "ann@example.org"}),
        f"{person}__properties_version1.0": _fixed(8, {0x0C15: (3, 1)}),
        **texts(person, {"3001": "Bob", "39FE": "bob@example.org"}),
        **texts(file, {"3707": "list.csv"}),
        f"{file}__properties_version1.0": _fixed(8, {}),
        f"{file}__substg1.0_37010102": b"text\nvalve\n",
        "__attach_version1.0_#00000001/__properties_version1.0": _fixed(8, {}),
        f"{inner}__properties_version1.0": _fixed(24, {0x0039: (0x40, sent)}),
        **texts(inner, {"0037": "Earlier", "1000": "It was warm."}),
        **(properties or {}),
    })  # fmt: skip
