"""A few of the files that are still to be read, looked at before their turn: they tell what will come of the others.

What was read does not tell it. A kind of files may not have come yet, the next folder may be written otherwise, and
copies of what is in already have nothing to embed.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from wherein.storage.catalog.sources import Source

__all__ = ["FileSampler", "PendingFile", "Seen"]

_OF_A_KIND, _IN_ALL = 32, 160
# They are read twice, so they shall be a small part of it all, and none of them shall hold up the others.
_SHARE, _LARGEST = 0.1, 2 << 20
_SEED = 20_240


@dataclass(frozen=True)
class PendingFile:
    """A file of a source that is to be read, its kind, and its size in bytes."""

    source: Source
    path: str
    kind: str
    size: int


class Seen(NamedTuple):
    """Some files: how many, their bytes, and their tokens that are to be embedded."""

    files: int
    bytes: int
    tokens: int


@dataclass(frozen=True)
class _Looked:
    """A file that was looked at, and its passages that have no vector yet: by name how many tokens they have."""

    file: PendingFile
    tokens: dict[bytes, int]


class FileSampler:
    """Chooses files of each kind by chance, and knows what those that were looked at have to embed yet."""

    def __init__(self) -> None:
        self._chance = random.Random(_SEED)
        self._added: Counter[str] = Counter()
        self._chosen: defaultdict[str, list[PendingFile]] = defaultdict(list)
        self._waiting: list[PendingFile] | None = None
        self._looked: dict[str, _Looked] = {}
        self._with: defaultdict[bytes, list[_Looked]] = defaultdict(list)
        self._bytes = 0

    def add(self, file: PendingFile) -> None:
        """Consider a file that is to be read; all are to be added before the first is drawn."""
        self._bytes += file.size
        if file.size > _LARGEST:
            return
        self._added[file.kind] += 1
        chosen = self._chosen[file.kind]
        if len(chosen) < _OF_A_KIND:
            chosen.append(file)
        elif (place := self._chance.randrange(self._added[file.kind])) < _OF_A_KIND:
            chosen[place] = file

    def draw(self) -> PendingFile | None:
        """Return a file to be looked at next, None when there are enough."""
        if self._waiting is None:
            self._waiting = self._affordable()
        return self._waiting.pop() if self._waiting else None

    def _affordable(self) -> list[PendingFile]:
        files = [file for chosen in self._chosen.values() for file in chosen]
        self._chance.shuffle(files)
        left = self._bytes * _SHARE
        found: list[PendingFile] = []
        for file in files:
            if len(found) < _IN_ALL and file.size <= left:
                found.append(file)
                left -= file.size
        return found

    def sampled(self, file: PendingFile, tokens: Mapping[bytes, int]) -> None:
        """Tell which passages of a file are to be embedded, by name how many tokens they have."""
        looked = self._looked[file.path] = _Looked(file, dict(tokens))
        for name in tokens:
            self._with[name].append(looked)

    def embedded(self, names: Iterable[bytes]) -> None:
        """Tell that passages have their vectors now, in whatever file they were met."""
        for name in self._with.keys() & names:
            for looked in self._with.pop(name):
                del looked.tokens[name]

    def reached(self, path: str) -> None:
        """Tell that a file's turn has come: it is not ahead any more."""
        self._looked.pop(path, None)
        if self._waiting:
            self._waiting = [file for file in self._waiting if file.path != path]

    def by_kind(self) -> dict[str, Seen]:
        """Return for each kind what those that were looked at, and are still ahead, have together."""
        found: defaultdict[str, Seen] = defaultdict(lambda: Seen(0, 0, 0))
        for looked in self._looked.values():
            files, size, tokens = found[looked.file.kind]
            found[looked.file.kind] = Seen(files + 1, size + looked.file.size, tokens + sum(looked.tokens.values()))
        return dict(found)
