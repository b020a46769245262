"""Notes on the parts of a document that are left out although they hold text."""

from collections.abc import Mapping

__all__ = ["left_out_note"]


def left_out_note(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return such as `left out: 3 comments, 1 header`; `counts` is by the plural of what is counted."""
    shown = [f"{count} {kind.removesuffix('s') if count == 1 else kind}" for kind, count in counts.items() if count]
    return (f"left out: {', '.join(shown)}",) if shown else ()
