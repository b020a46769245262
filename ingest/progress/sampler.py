"""A sample of the files that are still to be read, read before their turn to estimate the others.

What was read does not predict them: some kinds may not have come yet, the next folder may be written in another way,
and copies of what is in the library have nothing to embed.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from wherein.storage.catalog.sources import Source

__all__ = ["FileSampler", "PendingFile", "Sampled"]

_MAX_OF_KIND, _MAX_FILES = 32, 160
# Samples are read twice, so all of them are a small share of the bytes, and none delays the other files for long.
_MAX_SHARE, _MAX_BYTES = 0.1, 2 << 20
_SEED = 20_240


@dataclass(frozen=True)
class PendingFile:
    """A file of a source that is to be read, its kind, and its size in bytes."""

    source: Source
    path: str
    kind: str
    size: int


class Sampled(NamedTuple):
    """The samples of one kind: their number, their bytes, and their tokens that are to be embedded."""

    files: int
    bytes: int
    tokens: int


@dataclass(frozen=True)
class _Sample:
    """A file that was sampled: the tokens of each of its model inputs, by hash, that has no vector yet."""

    file: PendingFile
    tokens: dict[bytes, int]


class FileSampler:
    """Draws files of each kind at random (reservoir sampling), and knows what they still have to embed."""

    def __init__(self) -> None:
        self._random = random.Random(_SEED)
        self._added: Counter[str] = Counter()
        self._chosen: defaultdict[str, list[PendingFile]] = defaultdict(list)
        self._waiting: list[PendingFile] | None = None
        self._samples: dict[str, _Sample] = {}
        self._samples_with: defaultdict[bytes, list[_Sample]] = defaultdict(list)
        self._bytes = 0

    def add(self, file: PendingFile) -> None:
        """Add a file that is to be read; all are added before the first is drawn."""
        self._bytes += file.size
        if file.size > _MAX_BYTES:
            return
        self._added[file.kind] += 1
        chosen = self._chosen[file.kind]
        if len(chosen) < _MAX_OF_KIND:
            chosen.append(file)
        elif (slot := self._random.randrange(self._added[file.kind])) < _MAX_OF_KIND:
            chosen[slot] = file

    def draw(self) -> PendingFile | None:
        """Return the next file to sample, None when there are enough."""
        if self._waiting is None:
            self._waiting = self._affordable()
        return self._waiting.pop() if self._waiting else None

    def _affordable(self) -> list[PendingFile]:
        files = [file for chosen in self._chosen.values() for file in chosen]
        self._random.shuffle(files)
        left = self._bytes * _MAX_SHARE
        found: list[PendingFile] = []
        for file in files:
            if len(found) < _MAX_FILES and file.size <= left:
                found.append(file)
                left -= file.size
        return found

    def sampled(self, file: PendingFile, tokens: Mapping[bytes, int]) -> None:
        """Note the tokens of each model input of a file, by its hash, that has no vector yet."""
        sample = self._samples[file.path] = _Sample(file, dict(tokens))
        for name in tokens:
            self._samples_with[name].append(sample)

    def embedded(self, hashes: Iterable[bytes]) -> None:
        """Note that model inputs have vectors now, whichever file they came from."""
        for name in self._samples_with.keys() & hashes:
            for sample in self._samples_with.pop(name):
                del sample.tokens[name]

    def reached(self, path: str) -> None:
        """Note that a file's turn has come: it is no longer ahead."""
        self._samples.pop(path, None)
        if self._waiting:
            self._waiting = [file for file in self._waiting if file.path != path]

    def by_kind(self) -> dict[str, Sampled]:
        """Return for each kind the sum of its samples that are still ahead."""
        found: defaultdict[str, Sampled] = defaultdict(lambda: Sampled(0, 0, 0))
        for sample in self._samples.values():
            files, size, tokens = found[sample.file.kind]
            found[sample.file.kind] = Sampled(files + 1, size + sample.file.size, tokens + sum(sample.tokens.values()))
        return dict(found)
