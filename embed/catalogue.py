"""What there is: the installed models and those of the zoo that can be fetched, as `wherein model` tells them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from embed.fetch import Report, fetch_model
from embed.imported import Added
from embed.installed import damage, find_model, fingerprints, installed_folders, manifest, models_folder
from embed.model import DEFAULT_MODEL, load_model
from embed.zoo import DEFAULT_VARIANT, ZOO
from errors import Damaged, UsageError

__all__ = ["Listed", "described", "fetch", "models"]


@dataclass(frozen=True)
class Listed:
    """A line of the list. `state` is `shipped`, `installed`, `available` or `damaged`; `top_5` in percent, if known."""

    name: str
    version: str
    dimension: int
    metric: str
    bytes: int
    state: str
    top_5: float | None
    folder: str


def models() -> Iterator[Listed]:
    """Yield every model that is installed, and then those that can be fetched."""
    seen = set()
    for folder in installed_folders(models_folder()):
        listed = _listed(folder)
        seen.add(listed.name)
        yield listed
    for zoo in ZOO.values():
        if zoo.name not in seen:
            yield Listed(
                zoo.name, zoo.version, zoo.dimension, zoo.metric, zoo.bytes(), "available", _top_5(zoo.accuracy), ""
            )


def described(name: str) -> dict[str, Any]:
    """Return all that is known of a model, as JSON has it; `damage` lists the files that are damaged.

    Raises UsageError when there is no such model, Damaged when its manifest cannot be read.
    """
    try:
        model = find_model(name, models_folder())
    except UsageError:
        if name not in ZOO:
            raise
        zoo = ZOO[name]
        variants = {
            variant: {file.path: {"bytes": file.bytes, "sha384": file.sha384} for file in files}
            for variant, files in zoo.variants.items()
        }
        return {**asdict(zoo), "variants": variants, "state": "available"}
    return {
        **manifest(model.folder),
        "state": "shipped" if model.folder == DEFAULT_MODEL else "installed",
        "folder": str(model.folder),
        "fingerprints": fingerprints(model),
        "damage": damage(model),
    }


def fetch(name: str, variant: str | None, own: str | None, report: Report) -> Added:
    """Fetch a model of the catalogue. Raises UsageError when it has no such model."""
    if name not in ZOO:
        raise UsageError(f"The catalogue has no model {name}; see: wherein model list")
    return fetch_model(ZOO[name], models_folder(), variant=variant or DEFAULT_VARIANT, name=own, report=report)


def _listed(folder: Path) -> Listed:
    try:
        model, about = load_model(folder), manifest(folder)
        sizes = {name: int(about["files"][name]["bytes"]) for name in model.sha256}
        whole = all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (Damaged, OSError, KeyError, TypeError, ValueError):
        return Listed(folder.name, "", 0, "", 0, "damaged", None, str(folder))
    state = "damaged" if not whole else "shipped" if folder == DEFAULT_MODEL else "installed"
    top_5 = _top_5(about.get("accuracy"))
    size = sum(sizes.values())
    return Listed(model.name, model.version, model.dimension, model.metric, size, state, top_5, str(folder))


def _top_5(accuracy: Any) -> float | None:
    """Return the share of SQuAD's questions whose context is among the first five, INT8 if told, in percent."""
    figures = accuracy.get("squad-v1.1-dev") if isinstance(accuracy, Mapping) else None
    if not isinstance(figures, Mapping):
        return None
    for kind in ("w8a8", "w8a32", "published"):
        if isinstance(figures.get(kind), Mapping) and "top_5" in figures[kind]:
            return float(figures[kind]["top_5"])
    return None
