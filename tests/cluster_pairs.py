"""The same documents in a folder's library and in one in Milvus: Lite, or with the marker `cluster` a server."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from inline_pool import InlinePool
from milvus_server import MilvusServer, missing_server
from toy import ToyEncoder
from wherein.library import Library

WORDS = (
    "lease", "rent", "tenant", "landlord", "deposit", "notice", "repair", "garden", "heating", "roof", "cellar",
    "window", "key", "door", "wall", "tree", "river", "stone", "cloud", "mountain", "zebra",
)  # fmt: skip


@dataclass
class Pair:
    """Two libraries of the folder `documents`, and a function that opens the one in Milvus again."""

    documents: Path
    local: Library
    milvus: Library
    again: Callable[[], Library]

    @property
    def both(self) -> tuple[Library, Library]:
        return self.local, self.milvus


@pytest.fixture(scope="module", params=["lite", pytest.param("server", marks=pytest.mark.cluster)])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Return a function that returns the address of a library that does not exist yet."""
    if request.param == "lite":
        pytest.importorskip("milvus_lite", reason="Milvus Lite is not installed")
        folder = tmp_path_factory.mktemp("lite")
        yield lambda: f"milvus:{folder / uuid4().hex}.db"
        return
    if uri := os.environ.get("MILVUS_URI"):
        yield lambda: f"{uri.rstrip('/')}/t{uuid4().hex}"
        return
    if reason := missing_server():
        pytest.skip(reason)
    with MilvusServer(19_800) as server:
        yield lambda: f"milvus://{server.host}/t{uuid4().hex}"


def write_documents(folder: Path, count: int = 21) -> None:
    chance = random.Random(count)
    for number in range(count):
        path = folder / str(number % 3) / f"n{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        paragraphs = [f"{' '.join(chance.choices(WORDS, k=40))} mark{number}x{part}." for part in range(3)]
        text = "\n\n".join(paragraphs)
        path.write_text(f"---\nyear: {2000 + number % 7}\n---\n# Title {number} {chance.choice(WORDS)}\n\n{text}\n")


def open_library(place: Path | str) -> Library:
    return Library(place, encoder=ToyEncoder())  # type: ignore[arg-type]


@contextmanager
def open_pair(folder: Path, address: str) -> Iterator[Pair]:
    """Open two libraries of some documents in a folder."""
    documents = folder / "documents"
    write_documents(documents)
    found = Pair(documents, open_library(folder / "library"), open_library(address), lambda: open_library(address))
    for library in found.both:
        library.ingest([documents])
    yield found
    for library in found.both:
        library.close()


@pytest.fixture
def pair(tmp_path: Path, place: Callable[[], str]) -> Iterator[Pair]:
    """Two libraries that a test changes."""
    with open_pair(tmp_path, place()) as found:
        yield found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, place: Callable[[], str]) -> Iterator[Pair]:
    """Two libraries that no test changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wherein.library.ingesting.Pool", InlinePool)
        with open_pair(tmp_path_factory.mktemp("shared"), place()) as found:
            yield found
