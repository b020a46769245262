"""Segments of deltas that are too small for a run to write one."""

from contextlib import closing
from pathlib import Path

from wherein.storage.catalog.connection import open_writer
from wherein.storage.catalog.models import bound_model
from wherein.storage.index.generations import KINDS
from wherein.storage.index.segment_writer import write_segment_if_due


def write_segments(folder: Path) -> list[str]:
    """Write what is in the delta of each kind to a segment; return the kinds that had something."""
    with closing(open_writer(folder)) as db:
        model = bound_model(db)
        assert model is not None
        return [kind for kind in KINDS if write_segment_if_due(db, folder, model, kind, at_least=0)]


def flip_segment(folder: Path) -> None:
    """Write segments, and flip a bit in that of the vectors: in its last code, which a count and an id follow."""
    write_segments(folder)
    (path,) = (folder / "generations").glob("s*.faiss")
    data = bytearray(path.read_bytes())
    data[-17] ^= 0x40
    path.write_bytes(data)
