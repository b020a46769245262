"""A library is moved to Milvus and back: the export is the same, whatever dies on the way."""

import signal
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from exports import every_kind, opened
from mortal import finish, start
from wherein.errors import UsageError
from wherein.storage.export import filling
from wherein.storage.export.export import write_export
from wherein.storage.store.document import Record
from wherein.storage.store.milvus.address import parse_address
from wherein.storage.store.milvus.store import MilvusStore

pytest.importorskip("pyarrow", reason="exports are Parquet files; install wherein[cluster]")
pytest.importorskip("milvus_lite", reason="the other store is Milvus Lite; install wherein[cluster]")

# pymilvus and Milvus Lite leave sockets and files to be closed at the end of the process.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    return every_kind(folder / "library", folder / "docs").folder


def open_store(address: str) -> MilvusStore:
    return MilvusStore(parse_address(address))


def identity(address: str, export: Path) -> str:
    with closing(open_store(address)) as store:
        return write_export(store, export, "1.0").identity


def test_there_and_back_the_export_is_the_same(library: Path, tmp_path: Path) -> None:
    address = f"milvus:{tmp_path}/copy.db"
    moved = opened(library).migrate(address)
    assert (moved.overlap, moved.resumed) == (1.0, False)
    assert identity(address, tmp_path / "there") == moved.identity
    assert opened(Path(address)).migrate(tmp_path / "back").identity == moved.identity
    assert opened(tmp_path / "back").export(tmp_path / "again").identity == moved.identity
    for name in ("documents", "passages", "records"):
        there, again = (tmp_path / folder / f"{name}.parquet" for folder in ("there", "again"))
        assert there.read_bytes() == again.read_bytes()
    assert opened(tmp_path / "back").reindex().embedded == 0


def test_a_library_in_milvus_is_not_overwritten(library: Path, tmp_path: Path) -> None:
    address = f"milvus:{tmp_path}/copy.db"
    opened(library).migrate(address)
    with pytest.raises(UsageError, match="There is already a library at milvus:"):
        opened(library).migrate(address)


def test_what_only_looks_like_an_import_is_exported(library: Path, tmp_path: Path) -> None:
    address = f"milvus:{tmp_path}/copy.db"
    before = opened(library).migrate(address).identity
    with closing(open_store(address)) as store:
        store.put_records([Record("setting", "import", {"value": ["0" * 64, "gone"]})])
        store.checkpoint()
    assert identity(address, tmp_path / "there") == before


def migrate(library: Path, to: Path, acknowledge: Connection) -> None:
    filling._DOCUMENTS, filling._FLUSH_SECONDS = 1, 0.0
    moved = opened(library).migrate(f"milvus:{to}")
    acknowledge.send("resumed" if moved.resumed else "from the start")


@pytest.mark.parametrize(
    "failpoint", ["import.step@1", "import.step@4", "import.step@9", "import.proved", "import.published"]
)
def test_a_migration_that_was_killed_is_resumed(library: Path, tmp_path: Path, failpoint: str) -> None:
    to = tmp_path / "copy.db"
    process, receiver = start(migrate, library, to, f"{failpoint}:kill")
    assert finish(process, receiver) == []
    assert process.exitcode == -signal.SIGKILL
    process, receiver = start(migrate, library, to)
    assert finish(process, receiver) == ["resumed"]
    expected = opened(library).export(tmp_path / "first").identity
    assert identity(f"milvus:{to}", tmp_path / "there") == expected
    assert sorted(path.name for path in library.parent.iterdir()) == ["docs", "library"]
    with closing(open_store(f"milvus:{to}")) as store:
        assert [one.is_active for one in store.generations()] == [True]
        assert list(store.records("setting", ["import"])) == []


def test_before_it_is_proved_nothing_of_it_answers(library: Path, tmp_path: Path) -> None:
    to = tmp_path / "copy.db"
    process, receiver = start(migrate, library, to, "import.proved:kill")
    finish(process, receiver)
    with closing(open_store(f"milvus:{to}")) as store:
        assert store.stats().documents == 0


def test_what_changed_after_a_kill_is_migrated(library: Path, tmp_path: Path) -> None:
    copy, to = tmp_path / "local", tmp_path / "copy.db"
    opened(library).migrate(copy)
    process, receiver = start(migrate, copy, to, "import.step@4:kill")
    finish(process, receiver)
    opened(copy).ingest_stream("note", b"Another note on another ferry.")
    process, receiver = start(migrate, copy, to)
    assert finish(process, receiver) == ["from the start"]
    expected = opened(copy).export(tmp_path / "first").identity
    assert identity(f"milvus:{to}", tmp_path / "there") == expected
