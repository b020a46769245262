from collections.abc import Iterator
from pathlib import Path

import pytest

from served import Served, serving
from toy import ToyEncoder
from wherein.library import Library
from wherein.server.settings import Settings

TEXTS = {
    "lease.md": "# Lease\n\nThe lease may be signed by Anna Miller only.\n",
    "cats.txt": "Cats sleep all day. They hunt at night.\n",
    "dogs.html": "<html><body><h1>Dogs</h1><p>Dogs bark at strangers.</p><script>alert(1)</script></body></html>",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = (tmp_path / "docs").resolve()
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def library(tmp_path: Path, docs: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", encoder=ToyEncoder()) as library:  # type: ignore[arg-type]
        library.ingest([docs])
        yield library


@pytest.fixture
def served(library: Library, docs: Path) -> Iterator[Served]:
    with serving(library, Settings(roots=(str(docs),))) as served:
        yield served
