"""Libraries with an approximate index, and an empty one."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from approximate_libraries import COUNT, DIMENSION, Opened, choose, store
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.models import bind_model
from wherein.storage.index.generation_writer import write_generation


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """Return a library of the vectors with ids from 1 on, the last `delta` of them stored after the generation."""

    @cache
    def made(kind: str, delta: int) -> Path:
        folder = tmp_path_factory.mktemp(kind)
        with closing(open_writer(folder)) as db:
            with writing(db, "test"):
                model = bind_model(
                    db, fingerprint="f" * 16, name="m", version="1", precision="w8a8", dimension=DIMENSION
                )
            choose(db, kind)
            store(db, model, 0, COUNT - delta)
            write_generation(db, folder, model)
            store(db, model, COUNT - delta, COUNT)
        return folder

    return made


@pytest.fixture
def library(made: Callable[[str, int], Path], tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    opened = []

    def library(kind: str, delta: int = 0) -> Opened:
        opened.append(Opened(Path(shutil.copytree(made(kind, delta), tmp_path / f"{kind}-{delta}"))))
        return opened[-1]

    yield library
    for one in opened:
        one.db.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(tmp_path)
    with writing(opened.db, "test"):
        bind_model(opened.db, fingerprint="f" * 16, name="m", version="1", precision="w8a8", dimension=DIMENSION)
    yield opened
    opened.db.close()
