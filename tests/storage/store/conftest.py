"""The stores that the contract is tested on: `local`, `milvus-lite`, a server of our own, and any at `MILVUS_URI`."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from milvus_server import MilvusServer, missing_server
from stored_documents import MODEL, many_documents
from wherein.storage.store.local.store import LocalStore
from wherein.storage.store.milvus.address import MilvusAddress, parse_address
from wherein.storage.store.milvus.store import MilvusStore
from wherein.storage.store.store import Store

OpenStore = Callable[[], Store]

KINDS = [
    "local",
    pytest.param("milvus-lite", id="lite"),
    pytest.param("milvus", marks=pytest.mark.cluster, id="server"),
    pytest.param("MILVUS_URI", marks=pytest.mark.cluster, id="remote"),
]


@pytest.fixture(scope="module")  # it ends with the module: those of other folders start servers of their own
def server() -> Iterator[MilvusServer]:
    if reason := missing_server():
        pytest.skip(reason)
    with MilvusServer() as started:
        yield started


class Opener:
    """Opens one store of a kind, as often as a test wants; deletes it in the end."""

    def __init__(self, kind: str, request: pytest.FixtureRequest, folder: Path) -> None:
        self._folder = folder
        self._address = None if kind == "local" else _address(kind, request, folder)
        self._opened: list[Store] = []

    def __call__(self) -> Store:
        address = self._address
        self._opened.append(MilvusStore(address) if address else LocalStore(self._folder / "library"))
        return self._opened[-1]

    def close(self) -> None:
        for store in self._opened:
            store.close()
        if self._address is not None and self._address.url:
            forget(self._address)


@pytest.fixture(params=KINDS)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Return a function that opens the test's store, a new and empty one; the same one each time."""
    opener = Opener(request.param, request, tmp_path)
    yield opener
    opener.close()


@pytest.fixture(params=KINDS, scope="module")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return a store of 40 documents that no test changes."""
    opener = Opener(request.param, request, tmp_path_factory.mktemp("shared"))
    store = opener()
    store.begin_generation(MODEL, "exact")
    assert store.upsert(many_documents(40)).documents == 40
    yield store
    opener.close()


def _address(kind: str, request: pytest.FixtureRequest, folder: Path) -> MilvusAddress:
    if kind == "milvus-lite":
        pytest.importorskip("milvus_lite", reason="Milvus Lite is not installed")
        return parse_address(f"milvus:{folder / 'library.db'}")
    name = f"t{uuid4().hex}"
    if kind == "milvus":
        return parse_address(f"milvus://{request.getfixturevalue('server').host}/{name}")
    if not (uri := os.environ.get("MILVUS_URI")):
        pytest.skip("MILVUS_URI names no server")
    return parse_address(f"{uri.rstrip('/')}/{name}")


def forget(address: MilvusAddress) -> None:
    """Delete the collections of a test's library."""
    from pymilvus import MilvusClient

    client = MilvusClient(uri=address.url, token=address.token)
    if client.has_collection(address.name):
        client.drop_alias(address.name)
    for collection in client.list_collections():
        if collection.startswith(f"{address.name}_"):
            client.drop_collection(collection)
    client.close()


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    return open_store()
