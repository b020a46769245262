"""The installed models: the shipped one, and one folder for each that was fetched or added."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wherein.embed.model import DEFAULT_MODEL, DEFAULT_READER, Model, ModelFiles, fingerprint, load_model, read_checked
from wherein.embed.models.zoo import HUB, MULTILINGUAL, ZOO
from wherein.embed.precision import PRECISIONS
from wherein.errors import Damaged, UsageError

__all__ = [
    "EMBEDDING",
    "MODELS_VARIABLE",
    "READER",
    "RERANKER",
    "damaged_files",
    "default_model_name",
    "find_by_fingerprint",
    "find_model",
    "fingerprints",
    "installed_folders",
    "is_model_path",
    "model_kind",
    "models_folder",
    "read_manifest",
    "shipped_reader_name",
]

MODELS_VARIABLE = "WHEREIN_MODELS"
EMBEDDING, READER, RERANKER = "embedding", "reader", "reranker"
"""The kinds of model: encoders, answer models (embed/answer_extractor.py) and rerankers (embed/reranker.py)."""


_NO_VECTORS = "{} is {} and makes no vectors; choose another model"


def models_folder() -> Path:
    """Return the folder of the installed models: `$WHEREIN_MODELS`, else `wherein/models` in the user's data folder.

    The data folder is `~/.local/share` on Linux, or `$XDG_DATA_HOME`.
    """
    if folder := os.environ.get(MODELS_VARIABLE):
        return Path(folder)
    import platformdirs

    return Path(platformdirs.user_data_dir("wherein", appauthor=False)) / "models"


def installed_folders(models: Path) -> Iterator[Path]:
    """Yield the folder of each model, the shipped one first; names that begin with a dot are unfinished or damaged."""
    yield DEFAULT_MODEL
    if models.is_dir():
        yield from sorted(path for path in models.iterdir() if path.is_dir() and not path.name.startswith("."))


def find_model(name: str | Path | None, models: Path | None = None) -> Model:
    """Return the encoder's model called `name`, or the one in the folder `name`; the shipped one for None.

    `models` is the folder of the installed models, by default `models_folder()`. Raises UsageError when there is no
    such model or it is of another kind, Damaged when its manifest cannot be read.
    """
    if name is None:
        return load_model()
    models, text = models or models_folder(), os.fspath(name)
    if isinstance(name, str) and text and not is_model_path(text):
        if text == DEFAULT_MODEL.name or text == default_model_name():
            return load_model()
        if (models / text).is_dir():
            return _embedding(models / text)
    folder = Path(text).expanduser()
    if text and (folder / "model.json").exists():
        return _embedding(folder)
    raise UsageError(_not_found(text))


def is_model_path(name: str) -> bool:
    """Whether the name of a model is a path: as with a shell's commands, one with a slash, or a dot or tilde first."""
    return bool(os.path.dirname(name)) or name.startswith((".", "~"))  # noqa: PTH120 - that of pathlib is never empty


def find_by_fingerprint(wanted: str, precision: str, name: str, models: Path, home: Path | None = None) -> Model:
    """Return the model whose fingerprint at `precision` is `wanted`: an installed one, or that in the folder `home`.

    Otherwise return the model called `name` or, failing that, the shipped one, so that the caller can report the
    mismatch. Raises Damaged when the model called `name` should have been it and its manifest cannot be read.
    """
    damaged, shipped, namesake = None, None, None
    for folder in (*([home] if home else []), *installed_folders(models)):
        try:
            model = load_model(folder)
        except Damaged as error:
            # Another model's damage does not matter: it could not have been the one.
            if folder in (DEFAULT_MODEL, home) or folder.name == name:
                damaged = error
            continue
        if fingerprint(model, precision) == wanted:
            return model
        shipped = model if folder == DEFAULT_MODEL else shipped
        namesake = model if folder == home or name in (folder.name, model.name) else namesake
    if namesake:
        return namesake
    if shipped is None or damaged:
        from wherein.installation import reinstall_command  # needed only for the message

        raise damaged or Damaged(f"The shipped model is missing; install Wherein again: {reinstall_command()}")
    return shipped


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """Return a model's whole manifest. Raises Damaged when it cannot be read."""
    try:
        manifest: Mapping[str, Any] = json.loads((folder / "model.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Damaged(f"{folder / 'model.json'} cannot be read; install the model again") from error
    return manifest


def fingerprints(model: Model) -> dict[str, str]:
    """Return the model's fingerprint by precision."""
    return {precision: fingerprint(model, precision) for precision in PRECISIONS if precision != "auto"}


def damaged_files(model: ModelFiles) -> list[str]:
    """Return a sentence for each file of a model that is missing or differs from its manifest; reads all files."""
    problems = []
    for name in model.sha256:
        try:
            read_checked(model, name)
        except Damaged as error:
            problems.append(str(error))
    return problems


def model_kind(folder: Path) -> str:
    """Return the kind of the model in a folder, by its manifest; EMBEDDING where that says nothing."""
    try:
        kind = json.loads((folder / "model.json").read_text("utf-8")).get("kind")
    except (OSError, ValueError, AttributeError):
        return EMBEDDING
    return str(kind) if kind in (READER, RERANKER) else EMBEDDING


def _embedding(folder: Path) -> Model:
    kind = model_kind(folder)
    if kind != EMBEDDING:
        raise UsageError(_NO_VECTORS.format(folder.name, "an answer model" if kind == READER else "a reranker"))
    return load_model(folder)


def default_model_name() -> str:
    """Return the name of the shipped model, "" when its manifest cannot be read."""
    try:
        return load_model().name
    except Damaged:
        return ""


def shipped_reader_name() -> str:
    """Return the name of the shipped answer model, "" when its manifest cannot be read."""
    try:
        return str(read_manifest(DEFAULT_READER).get("name", ""))
    except Damaged:
        return ""


def _not_found(name: str) -> str:
    if name and name == shipped_reader_name():
        return _NO_VECTORS.format(name, "an answer model")
    if name in (*ZOO, MULTILINGUAL) or name.startswith(HUB):
        return f"The model {name} is not installed; get it with: wherein model fetch {name}"
    if name and Path(name).is_dir():
        return f"{name} has no model.json; install the model with: wherein model add {name}"
    return f"There is no model {name}; see: wherein model list"
