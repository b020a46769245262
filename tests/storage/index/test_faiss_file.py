"""Reading a file of FAISS below a folder of any name."""

from pathlib import Path

import faiss
import numpy as np
import pytest

from wherein.storage.index.faiss_file import read_index


@pytest.mark.parametrize("name", ["plain", "é 東京", "caf\udce9"])
@pytest.mark.parametrize("flags", [0, faiss.IO_FLAG_MMAP, faiss.IO_FLAG_MMAP_IFC])
def test_an_index_is_read(name: str, flags: int, tmp_path: Path) -> None:
    index = faiss.IndexFlatIP(2)
    index.add(np.eye(2, dtype=np.float32))
    path = tmp_path / name / "index"
    path.parent.mkdir()
    path.write_bytes(faiss.serialize_index(index).tobytes())
    found = read_index(path, flags)
    assert found.search(np.float32([[0, 1]]), 1)[1].tolist() == [[1]]
