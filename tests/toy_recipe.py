"""The toy encoder for actors of Ray, and documents that one of them does not survive."""

import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toy import ToyEncoder
from wherein.embed.encoder import Key, Matrix

__all__ = ["FatalRecipe", "SlowRecipe", "ToyRecipe"]


@dataclass(frozen=True)
class ToyRecipe:
    """Makes toy encoders."""

    def make(self, threads: int) -> Any:
        return ToyEncoder()


class _SlowEncoder(ToyEncoder):
    def stream(self, items: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Matrix]]:
        for item in items:
            time.sleep(0.002)
            yield from super().stream([item])


@dataclass(frozen=True)
class SlowRecipe:
    """Makes encoders that need 2 ms for a context, so that an actor dies while it works."""

    def make(self, threads: int) -> Any:
        return _SlowEncoder()


@dataclass(frozen=True)
class FatalRecipe:
    """Makes encoders that kill their actor: `times` of them, each counted by a file in `folder`."""

    folder: Path
    times: int

    def make(self, threads: int) -> Any:
        recipe = self

        class Fatal(ToyEncoder):
            def stream(self, items: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Matrix]]:
                deaths = len([*recipe.folder.iterdir()])
                if deaths < recipe.times:
                    (recipe.folder / str(os.getpid())).touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                yield from super().stream(items)

        return Fatal()
