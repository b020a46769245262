"""The machine: its system and processor, and the room on its disks."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from wherein.diagnosis.check import Check
from wherein.uri import real_path

__all__ = ["disk", "processor", "system"]

_LEAST_FREE = 200_000_000
"""Bytes below which a run of `ingest` or `reindex` may soon find the disk full."""


def system() -> Check:
    """Look at the operating system and Python."""
    distribution = ""
    with suppress(OSError):  # not Linux, or one without that file
        distribution = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    fields = {
        "system": platform.platform(),
        "distribution": distribution,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "encoding": sys.getfilesystemencoding(),
        # Their names alone: a value may be secret.
        "variables": sorted(name for name in os.environ if name.startswith("WHEREIN_")),
    }
    where = f" ({distribution})" if distribution else ""
    text = f"{fields['system']}{where}, {fields['implementation']} {fields['python']}"
    set_here = ", ".join(fields["variables"])
    return Check("system", text + (f"; set: {set_here}" if set_here else ""), fields)


def processor() -> Check:
    """Look at the processor: its name, cores and the instructions that matter to a model."""
    from wherein.embed.processor import read_processor

    found = read_processor()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = _memory()
    fields = {
        "name": found.name, "machine": platform.machine(), "cores": os.cpu_count(), "usable_cores": usable,
        "features": list(found.features), "memory": memory,
    }  # fmt: skip
    size = f", {memory / 1e9:,.1f} GB of memory" if memory else ""
    features = " ".join(found.features) or "unknown features"
    return Check("processor", f"{found.name}, {usable} cores{size}; {features}", fields)


def disk(folders: dict[str, Path]) -> Check:
    """Look at the free space where these folders are, or would be created."""
    free = {name: shutil.disk_usage(_existing(folder)).free for name, folder in folders.items()}
    text = ", ".join(f"{size / 1e9:,.1f} GB free for the {name}" for name, size in free.items())
    low = [name for name, size in free.items() if size < _LEAST_FREE]
    notes = (f"little space is left for the {' and the '.join(low)}; free some",) if low else ()
    return Check("disk", text, {"free": free}, notes)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    whole = Path(real_path(os.fspath(folder)))
    return next(path for path in (whole, *whole.parents) if path.exists())


def _memory() -> int | None:
    """Return the bytes of memory of the machine, None where that is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
