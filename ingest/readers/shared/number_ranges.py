"""Notes that name pages or slides by their numbers."""

from collections.abc import Iterator, Sequence

__all__ = ["counted"]

_RANGES_SHOWN = 20


def counted(numbers: Sequence[int], count: int, things: str, what: str) -> Iterator[str]:
    """Yield such as `3 of 9 pages have no text: 2, 4-5`; nothing when there are no `numbers` (ascending)."""
    if numbers:
        verb = "" if what != "no text" else "have " if len(numbers) > 1 else "has "
        yield f"{len(numbers)} of {count} {things} {verb}{what}: {_ranges(numbers)}"


def _ranges(numbers: Sequence[int]) -> str:
    """Write ascending numbers such as 3, 7-9; at most `_RANGES_SHOWN` of them."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    shown = ["-".join(map(str, run)) for run in runs[:_RANGES_SHOWN]]
    return ", ".join(shown + ["…"] * (len(runs) > _RANGES_SHOWN))
