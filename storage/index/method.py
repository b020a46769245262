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

# Up to this many components (50,000 vectors of 384) an exact search takes no longer than encoding the question, as
# measured on one core (docs/decisions/index-kinds.md).
_MAX_EXACT_COMPONENTS = 50_000 * 384
# With fewer vectors the recall of an approximate search cannot be measured, and it would not be faster.
_MIN_APPROXIMATE = 100
_KEY = "index"


@dataclass(frozen=True)
class Step:
    """The parameters of a search for `k` vectors: lists to probe, or nodes to keep (efSearch); candidates to rescore.

    `recall` is the mean part of the `k` nearest vectors found with them, measured by storage/index/tuning.py.
    """

    k: int
    effort: int
    candidates: int
    recall: float


@dataclass(frozen=True)
class Method:
    """How one generation is searched.

    `asked` is the method that was requested: it differs from `name` where an approximate search would have missed its
    recall. `size` is the number of lists, or of links of a node. `error` is the largest Euclidean distance between a
    vector and its decoded code. The first `head` bytes of the file are neither codes nor ids: FAISS trusts them, so
    their SHA-256 is checked first. Without codes `error` and `head` are 0.
    """

    name: str = EXACT
    asked: str = EXACT
    size: int = 0
    steps: tuple[Step, ...] = ()
    error: float = 0.0
    head: int = 0
    head_sha256: str = ""

    @property
    def is_coded(self) -> bool:
        """Whether the file holds codes, and not the vectors themselves."""
        return self.head > 0

    @property
    def recall(self) -> float:
        """The measured recall of a search for the smallest `k` of `steps`; 1 when the search is exact."""
        return 1.0 if self.name == EXACT else self.steps[0].recall

    def step(self, k: int) -> Step:
        """Return the parameters for `k` vectors: those of the next larger `k` that was tuned, or in proportion."""
        for step in self.steps:
            if k <= step.k:
                return replace(step, k=k, candidates=k + step.candidates - step.k)
        last = self.steps[-1]
        return Step(k, ceil(last.effort * k / last.k), ceil(last.candidates * k / last.k), last.recall)


@dataclass(frozen=True)
class Earlier:
    """The file of an earlier generation, whose header was checked; no vector has an id over `highest_id`."""

    path: Path
    method: Method
    count: int
    highest_id: int
    sha256: str


def encode_method(method: Method, *registered: object) -> str:
    """Return a method as JSON for its column, "" for an exact one; the checksum covers the `registered` values too."""
    # Generations that were written before there were other methods also have "".
    if method == Method():
        return ""
    return json.dumps({**asdict(method), "checksum": row_checksum(_canonical(method), *registered)})


def decode_method(raw: str, *registered: object) -> Method:
    """Return the method from its column. Raises ValueError when it or a `registered` value is damaged."""
    if not raw:
        return Method()
    try:
        fields = json.loads(raw)
        checksum = fields.pop("checksum")
        method = Method(**{**fields, "steps": tuple(Step(**step) for step in fields["steps"])})
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError("its method is not readable") from error
    if row_checksum(_canonical(method), *registered) != checksum:
        raise ValueError("its method is not what was registered")
    return method


def _canonical(method: Method) -> str:
    return json.dumps(asdict(method), sort_keys=True)


def method_for(db: Catalog, count: int, dimension: int) -> str:
    """Return the method for an index of `count` vectors: the one that the user chose, or one that suits its size."""
    chosen = chosen_index(db)
    if count < _MIN_APPROXIMATE:
        return EXACT
    if chosen == AUTO:
        return IVF if count * dimension > _MAX_EXACT_COMPONENTS else EXACT
    return chosen


def chosen_index(db: Catalog) -> str:
    """Return which of `CHOICES` was chosen last, `auto` if none was or the setting is damaged."""
    (choice,) = db.execute("SELECT value FROM settings WHERE key = ?", [_KEY]).fetchone() or (AUTO,)
    return str(choice) if choice in CHOICES else AUTO


def choose_index(db: Database, name: str) -> None:
    """Store which of `CHOICES` applies from the library's next generation on. Call inside `writing`."""
    db.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [_KEY, name],
    )
