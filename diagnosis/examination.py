"""All checks, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wherein.diagnosis import library, machine, milvus, models, programs
from wherein.diagnosis.check import Check, run_check
from wherein.storage.disk.locations import is_milvus

__all__ = ["examine"]


def examine(folder: Path, cache: Path, *, precision: str = "auto", model: str | None = None) -> list[Check]:
    """Return what every check finds: of the library in `folder`, and with the compiled graphs in `cache`.

    `folder` may be an address of Milvus.
    """
    in_milvus = is_milvus(folder)
    checks: dict[str, Callable[[], Check]] = {
        "wherein": programs.program,
        "system": machine.system,
        "processor": machine.processor,
        "packages": programs.packages,
        "devices": models.devices,
        "precision": lambda: models.precision(precision, model, cache),
        "model": lambda: models.model(model),
        "models": models.installed_models,
        "library": lambda: milvus.milvus_library(str(folder)) if in_milvus else library.library(folder),
        "disk": lambda: machine.disk(_folders(folder, cache)),
        "cache": lambda: models.compiled(cache),
        "extras": programs.extras,
        "tesseract": programs.tesseract,
    }
    return [run_check(name, look) for name, look in checks.items()]


def _folders(folder: Path, cache: Path) -> dict[str, Path]:
    on_disk = milvus.folder_of(str(folder)) if is_milvus(folder) else folder
    return {**({"library": on_disk} if on_disk else {}), "cache": cache}
