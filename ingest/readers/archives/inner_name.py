"""The name of the file in a compressed one."""

from pathlib import PurePath

__all__ = ["inner_name"]

_SUFFIXES = frozenset((".gz", ".bz2", ".xz", ".zst", ".z", ".bz"))
_INNER_SUFFIXES = {".tgz": ".tar", ".tbz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".tzst": ".tar", ".svgz": ".svg"}


def inner_name(name: str) -> str:
    """Return the name of what `name` holds: `a.txt` for `a.txt.gz`, the name itself for another file."""
    suffix = PurePath(name).suffix
    if suffix.lower() in _SUFFIXES:
        return name.removesuffix(suffix)
    return name.removesuffix(suffix) + _INNER_SUFFIXES.get(suffix.lower(), suffix)
