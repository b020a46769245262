"""What is left when the client or the server is killed while it writes, and what is said of a server that is away."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import wherein
from milvus_server import MilvusServer
from stored_documents import MODEL, many_documents
from wherein.errors import LibraryBusy, UsageError, WhereinError
from wherein.storage.store.milvus.address import parse_address
from wherein.storage.store.milvus.store import MilvusStore
from wherein.storage.store.store import Store

TESTS = Path(wherein.__file__).parent / "tests"
COUNT = 60
_RECOVERY_SECONDS = 300.0  # on a busy machine; on an idle one it takes less than a minute

# Writes one document after another, and prints the URI of each that was acknowledged.
WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from stored_documents import many_documents
    from wherein.storage.store.local.store import LocalStore
    from wherein.storage.store.milvus.address import parse_address
    from wherein.storage.store.milvus.store import MilvusStore
    place = sys.argv[2]
    store = MilvusStore(parse_address(place)) if place.startswith("milvus:") else LocalStore(Path(place))
    for document in many_documents(int(sys.argv[3])):
        store.upsert([document])
        print(document.uri, flush=True)
""")


def killed_writer(place: str, after: int) -> list[str]:
    """Return the URIs that a writer printed before it was killed."""
    arguments = [sys.executable, "-c", WRITER, str(TESTS), place, str(COUNT)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=TESTS.parent) as writer:
        assert writer.stdout is not None
        printed = [writer.stdout.readline().strip() for _ in range(after)]
        os.kill(writer.pid, signal.SIGKILL)
        return [line for line in (*printed, *writer.stdout.read().split()) if line]


def require_all(store: Store, acknowledged: list[str]) -> None:
    """Fail unless every document that was acknowledged is whole, and writing all of them again doubles none."""
    stored = {document.uri: document for document in store.read(acknowledged)}
    assert stored.keys() == {*acknowledged}
    expected = {document.uri: document for document in many_documents(COUNT)}
    assert all(stored[uri].text == expected[uri].text for uri in acknowledged)
    store.upsert(many_documents(COUNT))
    assert (store.count(), store.stats().documents) == (3 * COUNT, COUNT)
    assert len({row.key for row in store.scan()}) == 3 * COUNT


@pytest.mark.parametrize("after", [3, 11])
def test_a_client_that_is_killed_loses_and_doubles_nothing(open_store: Callable[[], Store], after: int) -> None:
    first = open_store()
    first.begin_generation(MODEL, "exact")
    first.checkpoint()
    address = first.address
    first.close()

    acknowledged = killed_writer(address, after)

    assert len(acknowledged) >= after
    require_all(open_store(), acknowledged)


@pytest.mark.cluster
def test_a_server_that_is_killed_loses_nothing_and_is_waited_for(server: MilvusServer) -> None:
    address = parse_address(f"milvus://{server.host}/killed")
    store = MilvusStore(address, patience=_RECOVERY_SECONDS)
    store.begin_generation(MODEL, "exact")
    acknowledged = []
    for document in many_documents(COUNT)[:20]:
        store.upsert([document])
        acknowledged.append(document.uri)
    before = server.host
    server.kill()
    starting = threading.Thread(target=server.start)
    starting.start()
    assert store.count() == 60  # while the server is away
    starting.join()
    assert server.host == before
    store.close()
    require_all(MilvusStore(address), acknowledged)


def test_a_server_that_stays_away_is_named_with_what_to_do() -> None:
    pytest.importorskip("pymilvus", reason="pymilvus is not installed")
    store = MilvusStore(parse_address("milvus://someone:secret@127.0.0.1:1/notes"), patience=0.1)

    with pytest.raises(
        WhereinError, match=r"^Milvus at milvus://127\.0\.0\.1:1/notes does not answer .*start it"
    ) as error:
        store.count()

    assert "start it" in str(error.value)
    assert "secret" not in str(error.value)


def test_a_file_that_another_process_has_open_is_busy(tmp_path: Path) -> None:
    pytest.importorskip("milvus_lite", reason="Milvus Lite is not installed")
    address = f"milvus:{tmp_path / 'library.db'}"
    first = MilvusStore(parse_address(address))
    first.begin_generation(MODEL)

    code = WRITER.replace("store.upsert", "print(store.generations()); store.upsert")
    arguments = [sys.executable, "-c", code, str(TESTS), address, "1"]
    other = subprocess.run(arguments, capture_output=True, text=True, cwd=TESTS.parent, check=False)

    assert LibraryBusy.__name__ in other.stderr.splitlines()[-1]
    assert "Milvus Lite serves one process at a time" in other.stderr
    first.close()


def test_what_does_not_exist_is_not_created_by_reading(tmp_path: Path) -> None:
    pytest.importorskip("milvus_lite", reason="Milvus Lite is not installed")
    store = MilvusStore(parse_address(f"milvus:{tmp_path / 'none.db'}"))

    assert store.generations() == []
    assert list(store.records("source")) == []
    with pytest.raises(WhereinError, match="There is no library"):
        store.count()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("milvus://localhost:19530/notes", "milvus://localhost:19530/notes"),
        ("milvus://localhost/notes", "milvus://localhost:19530/notes"),
        ("milvus:/localhost:19530/notes", "milvus://localhost:19530/notes"),
        ("milvus://me:p%2Fw@[::1]:7/n_1", "milvus://[::1]:7/n_1"),
        ("milvus:/tmp/a.db", "milvus:/tmp/a.db"),
        ("milvus:///tmp/a.db", "milvus:/tmp/a.db"),
    ],
)
def test_addresses_are_understood(written: str, shown: str) -> None:
    address = parse_address(written)
    assert address.shown == shown
    assert parse_address(address.written) == address
    assert "p/w" not in repr(address)


@pytest.mark.parametrize(
    "written",
    ["milvus:", "milvus://", "milvus://host", "milvus://host/", "milvus://host/a-b", "milvus://host:port/a",
     "milvus:file", "milvus://host/a/b", "milvus://host/1a", "milvus://host/a?x=1", "milvus:.db\0.db"],
)  # fmt: skip
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match=r"milvus:FILE\.db, or milvus://HOST:PORT/NAME"):
        parse_address(written)


def test_a_token_may_be_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEREIN_MILVUS_TOKEN", "abc")
    assert parse_address("milvus://host/a").token == "abc"
    assert parse_address("milvus://u:p@host/a").token == "u:p"
    assert parse_address("milvus:a.db").token == ""
