"""Notes that count pages, slides or chapters and name them by number."""

from collections.abc import Sequence

__all__ = ["count_note", "textless_note", "unreadable_note"]

_MAX_RANGES = 20


def unreadable_note(numbers: Sequence[int], total: int, units: str) -> tuple[str, ...]:
    """Return such as `3 of 9 pages cannot be read: 2, 4-5`; nothing when there are no `numbers` (ascending)."""
    return count_note(numbers, total, units, "cannot be read", "cannot be read")


def textless_note(numbers: Sequence[int], total: int, units: str) -> tuple[str, ...]:
    """Return such as `3 of 9 pages have no text: 2, 4-5`; nothing when there are no `numbers` (ascending)."""
    return count_note(numbers, total, units, "has no text", "have no text")


def count_note(numbers: Sequence[int], total: int, units: str, of_one: str, of_many: str) -> tuple[str, ...]:
    """Return how many units this is true of, and which; nothing when there are no `numbers` (ascending)."""
    what = of_many if len(numbers) > 1 else of_one
    return (f"{len(numbers)} of {total} {units} {what}: {_ranges(numbers)}",) if numbers else ()


def _ranges(numbers: Sequence[int]) -> str:
    """Write ascending numbers such as 3, 7-9; at most `_MAX_RANGES` of them."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    shown = ["-".join(map(str, run)) for run in runs[:_MAX_RANGES]]
    return ", ".join(shown + ["…"] * (len(runs) > _MAX_RANGES))
