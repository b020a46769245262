import hashlib
from pathlib import Path

import pytest

from wherein.storage.disk.file_entry import SHA256, FileEntry, file_entry


@pytest.mark.parametrize("size", [0, 1, 1 << 20])
def test_the_entry_of_a_file_is_its_size_and_its_sha_256(tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_bytes(b"7" * size)
    assert file_entry(tmp_path / "file") == FileEntry(size, hashlib.sha256(b"7" * size).hexdigest())


def test_a_hash_has_64_hexadecimal_digits_in_lower_case() -> None:
    assert SHA256.fullmatch(hashlib.sha256().hexdigest())
    assert not any(map(SHA256.fullmatch, ("0" * 63, "0" * 65, "A" * 64)))
