"""The stores that the contract is tested on: `local`, `milvus-lite`, a server of our own, and any at `MILVUS_URI`."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from milvus_server import MilvusServer, missing_server
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


@pytest.fixture(scope="session")
def server() -> Iterator[MilvusServer]:
    if reason := missing_server():
        pytest.skip(reason)
    with MilvusServer() as started:
        yield started


@pytest.fixture(params=KINDS)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Return a function that opens the test's store, a new and empty one; the same one each time."""
    if request.param == "local":
        opened = lambda: LocalStore(tmp_path / "library")  # noqa: E731
    else:
        address = _address(request, tmp_path)
        opened = lambda: MilvusStore(address)  # noqa: E731
    stores: list[Store] = []

    def open_one() -> Store:
        stores.append(opened())
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()
    if request.param not in ("local", "milvus-lite"):
        forget(address)


def _address(request: pytest.FixtureRequest, tmp_path: Path) -> MilvusAddress:
    if request.param == "milvus-lite":
        pytest.importorskip("milvus_lite", reason="Milvus Lite is not installed")
        return parse_address(f"milvus:{tmp_path / 'library.db'}")
    name = "t" + str(abs(hash((request.node.name, os.getpid()))))
    if request.param == "milvus":
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
