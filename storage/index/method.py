"""How a generation of vectors is searched: exactly, or approximately by lists or by a graph, and how thoroughly."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.storage.catalog.checksums import row_checksum
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.index.choices import AUTO, CHOICES, EXACT, HNSW, IVF

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "AUTO", "CHOICES", "EXACT", "HNSW", "IVF", "Earlier", "Method", "Step", "choose_index", "chosen_index",
    "decode_method", "encode_method", "method_for",
]  # fmt: skip

# Up to so many numbers (50,000 vectors of 384) an exact search takes no longer than the question's encoder, measured on
# one core: docs/decisions/index-kinds.md.
_NUMBERS = 50_000 * 384
# Of fewer vectors nobody can say what recall an approximate search has, and it would not be the quicker one.
_FEWEST = 100
_KEY = "index"


@dataclass(frozen=True)
class Step:
    """What a search for `k` vectors takes: `effort` lists, or nodes kept in view, and how many candidates are rescored.

    `recall` is the part of the `k` nearest that was found so, on average over the questions of storage/index/tuning.py.
    """

    k: int
    effort: int
    candidates: int
    recall: float


@dataclass(frozen=True)
class Method:
    """How one generation is searched.

    `asked` is what it was to be: it differs from `name` where an approximate search would have missed its recall.
    `size` is the number of lists, or of links of a node. `error` is the largest Euclidean distance between a vector
    and what its code stands for. `head` bytes of the file are neither code nor id: FAISS trusts them, so that their
    SHA-256 is checked first.
    """

    name: str = EXACT
    asked: str = EXACT
    size: int = 0
    steps: tuple[Step, ...] = ()
    error: float = 0.0
    head: int = 0
    head_sha256: str = ""

    @property
    def recall(self) -> float:
        """Return which part of the nearest vectors a search for the fewest of `steps` found on trial."""
        return 1.0 if self.name == EXACT else self.steps[0].recall

    def step(self, k: int) -> Step:
        """Return what a search for `k` vectors takes: that of the next larger `k` which was tuned, or in proportion."""
        for step in self.steps:
            if k <= step.k:
                return replace(step, k=k, candidates=k + step.candidates - step.k)
        last = self.steps[-1]
        return Step(k, ceil(last.effort * k / last.k), ceil(last.candidates * k / last.k), last.recall)


@dataclass(frozen=True)
class Earlier:
    """The file of the generation before, whose header was checked; no vector has an id over `highest_id`."""

    path: Path
    method: Method
    count: int
    highest_id: int
    sha256: str


def encode_method(method: Method, *registered: object) -> str:
    """Return a method as the table keeps it, "" for an exact one; its checksum covers the `registered` values too."""
    if method == Method():
        return ""
    return json.dumps({**asdict(method), "checksum": row_checksum(_plain(method), *registered)})


def decode_method(raw: str, *registered: object) -> Method:
    """Return the method from its column. Raises ValueError when it, or what it was registered with, is damaged."""
    if not raw:
        return Method()
    try:
        fields = json.loads(raw)
        checksum = fields.pop("checksum")
        method = Method(**{**fields, "steps": tuple(Step(**step) for step in fields["steps"])})
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError("its method is not readable") from error
    if row_checksum(_plain(method), *registered) != checksum:
        raise ValueError("its method is not what was registered")
    return method


def _plain(method: Method) -> str:
    return json.dumps(asdict(method), sort_keys=True)


def method_for(db: Catalog, count: int, dimension: int) -> str:
    """Return by which method an index of `count` vectors is to be searched, as the user chose or by its size."""
    chosen = chosen_index(db)
    if count < _FEWEST:
        return EXACT
    if chosen == AUTO:
        return IVF if count * dimension > _NUMBERS else EXACT
    return chosen


def chosen_index(db: Catalog) -> str:
    """Return what was chosen last, `auto` if nothing was or if it is not readable."""
    row = db.execute("SELECT value FROM settings WHERE key = ?", [_KEY]).fetchone()
    return str(row[0]) if row and row[0] in CHOICES else AUTO


def choose_index(db: Database, name: str) -> None:
    """Remember which of `CHOICES` the library is to have from its next generation on. Call inside `writing`."""
    db.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [_KEY, name],
    )
