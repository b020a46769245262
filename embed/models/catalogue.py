"""What there is: the installed models and those of the zoo that can be fetched, as `wherein model` tells them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wherein.embed.model import DEFAULT_MODEL, Model
from wherein.embed.models.download import Report, fetch_model
from wherein.embed.models.importing import ImportResult, load_any_model
from wherein.embed.models.installed import (
    damaged_files,
    find_model,
    fingerprints,
    installed_folders,
    is_answer_model,
    models_folder,
    read_manifest,
)
from wherein.embed.models.zoo import DEFAULT_VARIANT, ZOO, ZooModel
from wherein.errors import Damaged, UsageError

__all__ = ["ModelSummary", "describe_model", "fetch", "model_summaries"]


@dataclass(frozen=True)
class ModelSummary:
    """A line of the list. `kind` is `embedding` or `reader`, which has no dimension and no metric.

    `state` is `shipped`, `installed`, `available` or `damaged`; `top_5` in percent, if known.
    """

    name: str
    kind: str
    version: str
    dimension: int
    metric: str
    bytes: int
    state: str
    top_5: float | None
    folder: str


def model_summaries() -> Iterator[ModelSummary]:
    """Yield every model that is installed, and then those that can be fetched."""
    seen = set()
    for folder in installed_folders(models_folder()):
        listed = _listed(folder)
        seen.add(listed.name)
        yield listed
    for zoo in ZOO.values():
        if zoo.name not in seen:
            yield ModelSummary(
                zoo.name,
                zoo.kind,
                zoo.version,
                zoo.dimension,
                zoo.metric,
                zoo.download_bytes(),
                "available",
                _top_5(zoo.accuracy),
                "",
            )


def describe_model(name: str) -> dict[str, Any]:
    """Return all that is known of a model, as JSON has it; `damage` lists the files that are damaged.

    Raises UsageError when there is no such model, Damaged when its manifest cannot be read.
    """
    for folder in (models_folder() / name, Path(name)):
        if name and is_answer_model(folder):
            return {**read_manifest(folder), "state": "installed", "folder": str(folder),
                    "damage": damaged_files(load_any_model(folder))}  # fmt: skip
    try:
        model = find_model(name, models_folder())
    except UsageError:
        if name not in ZOO:
            raise
        return {**_in_zoo(ZOO[name]), "state": "available"}
    return {
        **read_manifest(model.folder),
        "state": "shipped" if model.folder == DEFAULT_MODEL else "installed",
        "folder": str(model.folder),
        "fingerprints": fingerprints(model),
        "damage": damaged_files(model),
    }


def _in_zoo(zoo: ZooModel) -> dict[str, Any]:
    variants = {
        variant: {file.path: {"bytes": file.bytes, "sha384": file.sha384} for file in files}
        for variant, files in zoo.variants.items()
    }
    return {**asdict(zoo), "variants": variants}


def fetch(name: str, variant: str | None, own: str | None, report: Report) -> ImportResult:
    """Fetch a model of the catalogue. Raises UsageError when it has no such model."""
    if name not in ZOO:
        raise UsageError(f"The catalogue has no model {name}; see: wherein model list")
    return fetch_model(ZOO[name], models_folder(), variant=variant or DEFAULT_VARIANT, name=own, report=report)


def _listed(folder: Path) -> ModelSummary:
    kind = "reader" if is_answer_model(folder) else "embedding"
    try:
        about = read_manifest(folder)
        model = load_any_model(folder)
        size = sum((folder / name).stat().st_size for name in model.sha256)
        told = [about["files"][name].get("bytes") for name in model.sha256]
    except (Damaged, OSError, KeyError, TypeError, AttributeError):
        return ModelSummary(folder.name, kind, "", 0, "", 0, "damaged", None, str(folder))
    whole = None in told or size == sum(told)
    state = "damaged" if not whole else "shipped" if folder == DEFAULT_MODEL else "installed"
    dimension, metric = (model.dimension, model.metric) if isinstance(model, Model) else (0, "")
    top_5 = _top_5(about.get("accuracy"))
    return ModelSummary(model.name, kind, model.version, dimension, metric, size, state, top_5, str(folder))


def _top_5(accuracy: Any) -> float | None:
    """Return the share of SQuAD's questions whose context is among the first five, INT8 if told, in percent."""
    figures = accuracy.get("squad-v1.1-dev") if isinstance(accuracy, Mapping) else None
    if not isinstance(figures, Mapping):
        return None
    for kind in ("w8a8", "w8a32", "published"):
        if isinstance(figures.get(kind), Mapping) and "top_5" in figures[kind]:
            return float(figures[kind]["top_5"])
    return None
