"""The files of generations: opened to answer questions, and compared with what was registered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wherein.errors import Damaged
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.term_counts import count_rows
from wherein.storage.catalog.vectors import count_vectors
from wherein.storage.index.approximate import check_codes, open_approximate
from wherein.storage.index.faiss_file import read_index
from wherein.storage.index.flat_file import check_flat
from wherein.storage.index.generations import KEYWORDS, Generation, generation_path, is_left_out
from wherein.storage.index.method import EXACT
from wherein.storage.index.postings_file import PostingsFile, open_postings
from wherein.storage.index.postings_layout import check_postings

__all__ = ["check_layout", "generation_problem", "load_generation", "load_postings", "search_with_one_thread"]


def load_generation(folder: Path, generation: Generation) -> Any:
    """Return the FAISS index of a generation, memory-mapped, after a check of its size and layout.

    Raises Damaged when the file is missing, is not laid out as it was written, or cannot be read.
    """
    import faiss  # imported here so that a question loads its model meanwhile

    search_with_one_thread()
    path = generation_path(folder, generation.file)
    with _index_faults(path):
        check_layout(folder, generation)
        if generation.method.name != EXACT:
            return open_approximate(path, generation.method)
        return read_index(path, faiss.IO_FLAG_MMAP_IFC)  # mapped: opening reads next to nothing


def search_with_one_thread() -> None:
    """Let FAISS search with the calling thread alone, to which OpenMP restricts this setting."""
    import faiss

    # FAISS searches one question with one thread in any case, but waits for all that it may use: on a busy machine
    # 100,000 vectors took 48 ms instead of 18, and a small index 8 ms instead of 0.01.
    faiss.omp_set_num_threads(1)


def load_postings(folder: Path, generation: Generation) -> PostingsFile:
    """Return the postings of a generation of keywords, memory-mapped, after a check of their size and layout.

    Raises Damaged when the file is missing, is not laid out as it was written, or cannot be read.
    """
    path = generation_path(folder, generation.file)
    with _index_faults(path):
        check_layout(folder, generation)
        return open_postings(path, generation.count, generation.highest_id)


@contextmanager
def _index_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:  # FAISS raises RuntimeError
        reason = error.strerror if isinstance(error, OSError) else error
        raise Damaged(f"The index {path} is damaged: {reason}; run: wherein repair") from error


def check_layout(folder: Path, generation: Generation) -> int:
    """Return the dimension of a generation's vectors, or the number of its postings.

    Raises ValueError when the file's size or layout is not what was registered, OSError when it cannot be read.
    """
    path = generation_path(folder, generation.file)
    size = path.stat().st_size
    if size != generation.bytes:
        raise ValueError(f"it has {size:,} bytes instead of {generation.bytes:,}")
    if generation.method.is_coded:
        return check_codes(path, generation.count, generation.highest_id, generation.method)
    check = check_postings if generation.kind == KEYWORDS else check_flat
    return check(path, generation.count, generation.highest_id)


def generation_problem(db: Catalog, folder: Path, generation: Generation, above: int = 0) -> str:
    """Read the whole file of a generation and return what is wrong with it; "" when nothing is.

    A segment's begins with the ids over `above`.
    """
    if is_left_out(db, folder, generation.file):
        return ""
    try:
        with generation_path(folder, generation.file).open("rb") as file:
            dimension = check_layout(folder, generation)
            if hashlib.file_digest(file, "sha256").hexdigest() != generation.sha256:
                return "its SHA-256 is not the one that was registered"
    except (OSError, ValueError) as error:
        return str(error.strerror if isinstance(error, OSError) else error)
    if generation.kind == KEYWORDS:
        # Fewer are normal, here and for vectors: they were deleted since, and an answer leaves them out.
        incomplete = count_rows(db, above, generation.highest_id) > generation.count
        return "it lacks passages that are stored" if incomplete else ""
    if db.execute("SELECT dimension FROM models WHERE id = ?", [generation.model_id]).fetchone() != (dimension,):
        return "it is not an index of the library's model"
    if count_vectors(db, generation.model_id, above, generation.highest_id) > generation.count:
        return "it lacks vectors that are stored"
    return ""
