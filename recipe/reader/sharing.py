"""Leave out of a model's weights what the embedding model has, too: the word vectors, half of all bytes.

The graph then refers to the weights of the embedding model, followed by its own (`embed/model.py` reads both).
"""

from pathlib import Path
from xml.etree import ElementTree

from wherein.embed.model import IR, WEIGHTS

# Smaller constants are not worth it.
LEAST_BYTES = 100_000


def constants(graph: ElementTree.ElementTree) -> list[ElementTree.Element]:
    """Return the elements that say where a constant lies in the weights."""
    return [data for data in graph.iter("data") if "offset" in data.attrib and "size" in data.attrib]


def place(data: ElementTree.Element) -> tuple[int, int]:
    """Return where a constant begins and ends."""
    return int(data.attrib["offset"]), int(data.attrib["offset"]) + int(data.attrib["size"])


def share(folder: Path, base: Path) -> int:
    """Rewrite the IR in `folder` to share the constants of that in `base`, and return how many bytes are shared."""
    own, known = (folder / WEIGHTS).read_bytes(), (base / WEIGHTS).read_bytes()
    places = (place(data) for data in constants(ElementTree.parse(base / IR)))
    offsets = {known[begin:end]: begin for begin, end in places if end - begin >= LEAST_BYTES}
    graph = ElementTree.parse(folder / IR)
    kept, shared = bytearray(), 0
    for data in constants(graph):
        begin, end = place(data)
        offset = offsets.get(own[begin:end])
        if offset is None:
            # Constants begin at multiples of 64 bytes, as OpenVINO writes them.
            kept += bytes(-(len(known) + len(kept)) % 64)
            offset = len(known) + len(kept)
            kept += own[begin:end]
        else:
            shared += end - begin
        data.attrib["offset"] = str(offset)
    graph.write(folder / IR, encoding="utf-8", xml_declaration=True)
    (folder / WEIGHTS).write_bytes(kept)
    return shared
