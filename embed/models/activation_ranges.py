"""The ranges of the activations of multilingual-e5-small, by which they become INT8 (docs/decisions/multilingual.md).

They were measured once, by `python -m wherein.recipe.ranges`, and are part of the package: measured anew on each
machine they would differ a little, and so would the fingerprint of the model that is built with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["Range", "read_ranges", "write_ranges"]

_PATH = Path(__file__).parent / "multilingual_ranges.npz"
_DIGEST = "sha256"


@dataclass(frozen=True)
class Range:
    """The least and the largest activation, after each component was divided by its power of two in `scales`."""

    low: float
    high: float
    scales: npt.NDArray[np.float32]


def read_ranges(digest: str, path: Path = _PATH) -> Mapping[str, Range]:
    """Return the ranges that belong to the weights with this SHA-256 in hex, by name; none if they belong to others."""
    with np.load(path) as arrays:
        if str(arrays[_DIGEST]) != digest:
            return {}
        names = [name.removesuffix(".limits") for name in arrays if name.endswith(".limits")]
        return {name: _range(arrays[f"{name}.limits"], arrays[f"{name}.exponents"]) for name in names}


def _range(limits: npt.NDArray[np.float32], exponents: npt.NDArray[np.int8]) -> Range:
    low, high = map(float, limits)
    return Range(low, high, np.exp2(exponents.astype(np.float32)))


def write_ranges(ranges: Mapping[str, Range], digest: str, path: Path = _PATH) -> None:
    """Write the ranges of the weights with this SHA-256."""
    arrays: dict[str, npt.NDArray[np.generic]] = {_DIGEST: np.array(digest)}
    for name, own in ranges.items():
        arrays[f"{name}.limits"] = np.array([own.low, own.high], np.float32)
        arrays[f"{name}.exponents"] = np.log2(own.scales).astype(np.int8)
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
