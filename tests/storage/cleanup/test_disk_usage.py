"""The disk space of each part of a library."""

from pathlib import Path

from wherein.storage.cleanup.disk_usage import disk_use


def test_every_file_counts_in_one_part(tmp_path: Path) -> None:
    sizes = {
        "catalog.db": 1,
        "catalog.db-wal": 2,
        "catalog.db-shm": 4,
        "writer.lock": 8,
        "generations/000001.faiss": 16,
        "generations/000002.faiss": 32,
        "generations/000003.keywords": 64,
        "generations/000004.tmp": 128,
        "damaged/20260101/000001.faiss": 256,
        "damaged/20260101/catalog.db": 512,
        "notes.txt": 1024,
    }
    for name, size in sizes.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    used = disk_use(tmp_path)
    assert used == {"catalogue": 1, "log": 6, "index": 48, "keywords": 64, "aside": 768, "other": 8 + 128 + 1024}
    assert sum(used.values()) == sum(sizes.values())


def test_an_empty_folder_uses_nothing(tmp_path: Path) -> None:
    assert set(disk_use(tmp_path).values()) == {0}
