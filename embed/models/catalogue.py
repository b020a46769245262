"""The installed models and those of the zoo that can be fetched, as `wherein model` lists and shows them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wherein.embed.model import DEFAULT_MODEL, DEFAULT_READER, SHARED, SHIPPED, Model
from wherein.embed.models.choices import ImportOptions
from wherein.embed.models.download import Report, fetch_model
from wherein.embed.models.importing import ImportResult, load_any_model
from wherein.embed.models.installed import (
    EMBEDDING,
    damaged_files,
    find_model,
    fingerprints,
    installed_folders,
    model_kind,
    models_folder,
    read_manifest,
    shipped_reader_name,
)
from wherein.embed.models.speeds import measured_speeds
from wherein.embed.models.zoo import DEFAULT_VARIANT, HUB, MULTILINGUAL, ZOO, ZooModel
from wherein.errors import Damaged, UsageError

__all__ = ["ModelSummary", "describe_model", "fetch", "model_summaries"]

_MULTILINGUAL_SIZE = 384, "cosine", 135_000_000


@dataclass(frozen=True)
class ModelSummary:
    """A row of `wherein model list`.

    `kind` is `embedding`, `reader` for an answer model, or `reranker`; the latter two have no dimension (0) and no
    metric (""). `state` is `shipped`, `installed`, `available` or `damaged`. `top_5` is in percent, if known.
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
    """Yield the installed models, and then those that can be fetched."""
    installed = set()
    first, *others = installed_folders(models_folder())
    for folder in (first, DEFAULT_READER, *others):
        summary = _installed_summary(folder)
        installed.add(summary.name)
        yield summary
    yield from (_zoo_summary(entry) for entry in ZOO.values() if entry.name not in installed)
    if MULTILINGUAL not in installed:
        yield _multilingual_summary()


def describe_model(name: str, cache: Path | None = None) -> dict[str, Any]:
    """Return a model's manifest with its state, folder, fingerprints and `damage`, a sentence per damaged file.

    `speeds` is what was measured on this machine, if anything, as the folder of compiled models `cache` has it, by
    precision. For a model that is not installed, return its catalogue entry. Raises UsageError when there is no such
    model, Damaged when its manifest cannot be read.
    """
    # The other kinds first, because `find_model` refuses them.
    for folder in (models_folder() / name, Path(name), *([DEFAULT_READER] if name == shipped_reader_name() else [])):
        if name and model_kind(folder) != EMBEDDING:
            return {
                **read_manifest(folder),
                "state": "shipped" if folder in SHIPPED else "installed",
                "folder": str(folder),
                "damage": damaged_files(load_any_model(folder)),
            }
    try:
        model = find_model(name)
    except UsageError:
        if name == MULTILINGUAL:
            return asdict(_multilingual_summary())
        if name not in ZOO:
            raise
        return {**_catalogue_entry(ZOO[name]), "state": "available"}
    return {
        **read_manifest(model.folder),
        "state": "shipped" if model.folder == DEFAULT_MODEL else "installed",
        "folder": str(model.folder),
        "fingerprints": fingerprints(model),
        "speeds": (measured_speeds(cache, model) if cache else None) or {},
        "damage": damaged_files(model),
    }


def _catalogue_entry(entry: ZooModel) -> dict[str, Any]:
    variants = {
        variant: {file.path: {"bytes": file.bytes, "sha384": file.sha384} for file in files}
        for variant, files in entry.variants.items()
    }
    return {**asdict(entry), "variants": variants}


def fetch(name: str, variant: str | None, options: ImportOptions, report: Report) -> ImportResult:
    """Fetch the model `name`: the catalogue's, `multilingual`, or `hub:OWNER/NAME[@REVISION]`.

    Raises UsageError when there is no such model, else as `fetch_model`, `fetch_multilingual` and `fetch_from_hub` do.
    """
    if name in ZOO:
        _refuse(options, name)
        return fetch_model(
            ZOO[name], models_folder(), variant=variant or DEFAULT_VARIANT, name=options.name, report=report
        )
    if variant is not None:
        raise UsageError(f"{name} has no variants; leave --variant out")
    if name == MULTILINGUAL:
        from wherein.embed.models.multilingual import fetch_multilingual

        _refuse(options, name)
        return fetch_multilingual(models_folder(), options.name)
    if name.startswith(HUB):
        from wherein.embed.models.hub import fetch_from_hub, parse_reference

        return fetch_from_hub(parse_reference(name), models_folder(), options, report)
    raise UsageError(f"The catalogue has no model {name}; see: wherein model list")


def _refuse(options: ImportOptions, name: str) -> None:
    """Raise UsageError when something is stated about a model that the catalogue describes fully."""
    if options != ImportOptions(options.name):
        raise UsageError(f"The catalogue says what {name} is like; leave all options but --name out")


def _multilingual_summary() -> ModelSummary:
    return ModelSummary(MULTILINGUAL, "embedding", "1", *_MULTILINGUAL_SIZE, "available", None, "")


def _zoo_summary(entry: ZooModel) -> ModelSummary:
    top_5 = _top_5(entry.accuracy)
    return ModelSummary(
        entry.name,
        entry.kind,
        entry.version,
        entry.dimension,
        entry.metric,
        entry.download_bytes(),
        "available",
        top_5,
        "",
    )


def _installed_summary(folder: Path) -> ModelSummary:
    """Return the summary of the model in a folder; only sizes are compared, to be quick (`describe_model` hashes)."""
    kind = model_kind(folder)
    try:
        manifest = read_manifest(folder)
        model = load_any_model(folder)
        sizes = {name: (folder / name).stat().st_size for name in model.sha256}
        expected = [manifest["files"][name].get("bytes") for name in model.sha256]
    except (Damaged, OSError, KeyError, TypeError, AttributeError):
        return ModelSummary(folder.name, kind, "", 0, "", 0, "damaged", None, str(folder))
    is_complete = None in expected or sum(sizes.values()) == sum(expected)  # a manifest need not have sizes
    state = "damaged" if not is_complete else "shipped" if folder in SHIPPED else "installed"
    size = sum(size for name, size in sizes.items() if not name.startswith(SHARED))
    dimension, metric = (model.dimension, model.metric) if isinstance(model, Model) else (0, "")
    top_5 = _top_5(manifest.get("accuracy"))
    return ModelSummary(model.name, kind, model.version, dimension, metric, size, state, top_5, str(folder))


def _top_5(accuracy: Any) -> float | None:
    """Return the percentage of SQuAD's questions whose context is among the first five, at INT8 if known."""
    figures = accuracy.get("squad-v1.1-dev") if isinstance(accuracy, Mapping) else None
    if not isinstance(figures, Mapping):
        return None
    for kind in ("w8a8", "w8a32", "published"):
        if isinstance(figures.get(kind), Mapping) and "top_5" in figures[kind]:
            return float(figures[kind]["top_5"])
    return None
