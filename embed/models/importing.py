"""Import a model from disk: OpenVINO IR with the card's four inputs, and its vocabulary, become a model folder."""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tokenizers import Tokenizer

from wherein.embed.answer_extractor import AnswerModel, load_answer_model
from wherein.embed.graph import IN_GRAPH, INPUTS
from wherein.embed.metric import METRICS
from wherein.embed.model import DEFAULT_MODEL, IR, TOKENIZER, WEIGHTS, Model, fingerprint, load_model, read_checked
from wherein.embed.models.installed import damaged_files, default_model_name, is_answer_model, read_manifest
from wherein.embed.models.staging import exclusive_lock, publish, require_free_space, staging
from wherein.embed.models.validation import ANSWER_OUTPUTS, is_answer_graph, try_answer_model, try_encoder
from wherein.embed.models.vocabulary import read_tokenizer, read_vocabulary
from wherein.embed.models.zoo import DEFAULT_VARIANT, ZOO, ZooModel
from wherein.errors import Damaged, UsageError

__all__ = ["ImportOptions", "ImportResult", "add_model", "load_any_model"]

_DEFAULT_LENGTHS = (384, 32)
_ANSWER_QUESTION_TOKENS = 64
# The name is that of a folder. Folders with a leading dot are unfinished or damaged models.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# In the order of preference: the first variant in a folder is imported.
_VARIANTS = (DEFAULT_VARIANT, "FP16-INT8", "FP16", "FP32")


@dataclass(frozen=True)
class ImportOptions:
    """What the user states about a model; None means: as its files or the catalogue say."""

    name: str | None = None
    metric: str | None = None
    context_tokens: int | None = None
    question_tokens: int | None = None


_NO_OPTIONS = ImportOptions()


@dataclass(frozen=True)
class ImportResult:
    """The installed model.

    `new` is False if it was installed already. `notes` are sentences for the user. `damaged_copy` is the folder to
    which a damaged model of the same name was renamed.
    """

    model: Model | AnswerModel
    new: bool
    notes: tuple[str, ...] = ()
    damaged_copy: Path | None = None


@dataclass(frozen=True)
class _Parts:
    """The files to import; `name` is that of the graph's file, without `.xml`."""

    graph: Path
    weights: Path
    vocabulary: Path
    name: str


def add_model(
    source: Path, models: Path, options: ImportOptions = _NO_OPTIONS, *, entry: ZooModel | None = None
) -> ImportResult:
    """Copy a model into the folder `models`. `source` is a model folder, a zoo download folder, or an IR's `.xml`.

    `entry` is the model's entry in the catalogue; by default it is looked up there by name. Raises UsageError when
    `source` is not a model that can be used or its name is taken by a different one, Damaged when a file is damaged,
    LibraryBusy when another process is installing a model, and WhereinError when there is not enough free space. The
    installed models then stay unchanged; an incomplete copy never gets the model's name.
    """
    if options.metric not in (None, *METRICS):
        raise UsageError(f"The metric {options.metric} is not one of {', '.join(METRICS)}")
    if not source.exists():
        raise UsageError(f"There is no file or folder {source}")
    with require_free_space(models, _bytes_of(source)), exclusive_lock(models, "add"):
        if source.is_dir() and (source / "model.json").exists():
            return _add_folder(source, models, options)
        parts = _find_parts(source)
        return _add_parts(parts, models, options, entry or ZOO.get(parts.name))


def _add_folder(source: Path, models: Path, options: ImportOptions) -> ImportResult:
    if (options.metric, options.context_tokens, options.question_tokens) != (None, None, None):
        raise UsageError(f"{source} has a model.json, which sets metric and lengths; leave these options out")
    model = load_any_model(source)
    name = _check_name(options.name or model.name)
    with staging(models, name) as folder:
        for file in (IR, WEIGHTS, TOKENIZER):
            (folder / file).write_bytes(read_checked(model, file))  # copies only bytes that match their SHA-256
        _write_manifest(folder, {**read_manifest(source), "name": name})
        tokenizer = read_tokenizer(folder / TOKENIZER)
        if isinstance(model, Model):
            _check_vectors(folder, tokenizer, model)
        else:
            try_answer_model(folder, tokenizer, model.tokens, source)
        return _install(folder, models / name)


def _check_vectors(folder: Path, tokenizer: Tokenizer, model: Model) -> None:
    """Compare a model's vectors with its manifest. Raises Damaged when they differ."""
    manifest = model.folder / "model.json"
    lengths = model.context_tokens, model.question_tokens
    if min(lengths) < 1:
        raise Damaged(f"{manifest} has impossible lengths")
    trial = try_encoder(folder, tokenizer, *lengths, model.folder)
    if trial.dimension != model.dimension:
        raise Damaged(f"{manifest} says {model.dimension} dimensions, but the model's vectors have {trial.dimension}")


def _add_parts(parts: _Parts, models: Path, options: ImportOptions, entry: ZooModel | None) -> ImportResult:
    name = _check_name(options.name or parts.name)
    notes = _compare_with_zoo(parts, entry) if entry else ()
    _check_weights(parts)
    with staging(models, name) as folder:
        shutil.copyfile(parts.graph, folder / IR)
        shutil.copyfile(parts.weights, folder / WEIGHTS)
        read = read_tokenizer if parts.vocabulary.suffix == ".json" else read_vocabulary
        tokenizer = read(parts.vocabulary)
        (folder / TOKENIZER).write_text(tokenizer.to_str(), "utf-8")
        if is_answer_graph(folder, parts.graph):
            fields = _answer_fields(folder, tokenizer, parts, options)
        else:
            fields = _encoder_fields(folder, tokenizer, parts, options, entry)
        # Notes say that these are other files than the zoo's, so that its figures do not hold for them.
        accuracy = dict(entry.accuracy) if entry and not notes else {}
        common = _common_fields(folder, name, parts, entry)
        _write_manifest(folder, {"schema": 1, **fields, **common, "accuracy": accuracy})
        return replace(_install(folder, models / name), notes=notes)


def _common_fields(folder: Path, name: str, parts: _Parts, entry: ZooModel | None) -> dict[str, Any]:
    """Return the fields of the manifest that both kinds of model have."""
    return {
        "name": name,
        "version": entry.version if entry else "1",
        "inputs": list(INPUTS),
        "licence": entry.licence if entry else "unknown",
        "training_data": entry.training_data if entry else "unknown",
        "source": _source(parts),
        "files": {file: _digest(folder / file, "sha256") for file in (IR, WEIGHTS, TOKENIZER)},
    }


def _encoder_fields(
    folder: Path, tokenizer: Tokenizer, parts: _Parts, options: ImportOptions, entry: ZooModel | None
) -> dict[str, Any]:
    defaults = (entry.context_tokens, entry.question_tokens) if entry else _DEFAULT_LENGTHS
    trial = try_encoder(folder, tokenizer, options.context_tokens, options.question_tokens, parts.graph, defaults)
    return {
        "dimension": trial.dimension,
        "metric": options.metric or (entry.metric if entry else "cosine"),
        "context_tokens": trial.context_tokens,
        "question_tokens": trial.question_tokens,
        "output": trial.output,
        "pooling": IN_GRAPH,
    }


def _answer_fields(folder: Path, tokenizer: Tokenizer, parts: _Parts, options: ImportOptions) -> dict[str, Any]:
    if options.metric:
        raise UsageError(f"{parts.graph} is an answer model, which has no metric; leave --metric out")
    return {
        "kind": "reader",
        "tokens": try_answer_model(folder, tokenizer, options.context_tokens, parts.graph),
        "question_tokens": options.question_tokens or _ANSWER_QUESTION_TOKENS,
        "outputs": list(ANSWER_OUTPUTS),
    }


def _install(folder: Path, target: Path) -> ImportResult:
    """Give a complete model its name. Raises UsageError when a different model has it."""
    new = load_any_model(folder)
    # These names always mean the shipped model (`find_model`), which is part of the package and never replaced.
    if target.name in (DEFAULT_MODEL.name, default_model_name()):
        target = DEFAULT_MODEL
    try:
        # A model whose manifest is damaged is replaced; `publish` keeps it under another name.
        old = load_any_model(target) if target.exists() else None
    except Damaged:
        old = None
    if old and _identity(old) != _identity(new):
        raise UsageError(f"The name {new.name} is taken by a different model; choose another with --name")
    if target == DEFAULT_MODEL or (old and not damaged_files(old)):
        return ImportResult(load_any_model(target), new=False)
    damaged_copy = publish(folder, target)
    return ImportResult(load_any_model(target), new=True, damaged_copy=damaged_copy)


def load_any_model(folder: Path) -> Model | AnswerModel:
    """Read the manifest of a model of either kind. Raises Damaged when it cannot be read."""
    return load_answer_model(folder) if is_answer_model(folder) else load_model(folder)


def _identity(model: Model | AnswerModel) -> object:
    """Return what two models must have in common to be the same model."""
    if isinstance(model, Model):
        return fingerprint(model, "")  # a name or a version makes no difference
    return sorted(model.sha256.items()), model.tokens, model.question_tokens


# Finding the files.


def _find_parts(source: Path) -> _Parts:
    """Return the files in a folder, or those that belong to an `.xml`; the vocabulary may be in the parent folder."""
    graph = _find_graph(source) if source.is_dir() else source
    weights = graph.with_suffix(".bin")
    if graph.suffix != ".xml":
        raise UsageError(f"{graph} is not an OpenVINO IR, which is a file NAME.xml and a file NAME.bin next to it")
    if not weights.exists():
        raise UsageError(f"There is no {weights}, which belongs to {graph.name}")
    # The zoo keeps one vocabulary beside the folders of the variants.
    folders = [graph.parent, graph.parent.parent] if graph.parent.name in _VARIANTS else [graph.parent]
    for folder in folders:
        for name in (TOKENIZER, "vocab.txt"):
            if (folder / name).exists():
                return _Parts(graph, weights, folder / name, graph.stem)
    raise UsageError(f"There is no vocab.txt and no tokenizer.json next to {graph}; the model needs one of them")


def _find_graph(source: Path) -> Path:
    for folder in (source, *(source / variant for variant in _VARIANTS)):
        graphs = sorted(folder.glob("*.xml"))
        if len(graphs) > 1:
            raise UsageError(f"{folder} holds {len(graphs)} models; name one of its .xml files")
        if graphs:
            return graphs[0]
    raise UsageError(f"{source} is not a model: it has neither a model.json nor an OpenVINO IR (.xml and .bin)")


def _relative_path(path: Path, parts: _Parts) -> str:
    """Return the path below the model's folder, as the catalogue writes it."""
    root = parts.graph.parent.parent if parts.graph.parent.name in _VARIANTS else parts.graph.parent
    return path.relative_to(root).as_posix()


def _bytes_of(source: Path) -> int:
    """Return the size of the files to copy."""
    if source.is_dir():
        return sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in (source, source.with_suffix(".bin")) if path.exists())


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is not a valid name for a model; choose one of letters, digits, dots, dashes and underscores"
            " with --name"
        )
    return name


# Checking the files' content.


def _compare_with_zoo(parts: _Parts, entry: ZooModel) -> tuple[str, ...]:
    """Compare the files with the catalogue's; return a note for the user when they are those of another release.

    Raises Damaged for a file of the right size with other content, and when only some of the files differ.
    """
    paths = parts.graph, parts.weights, parts.vocabulary
    matches = [_is_zoo_file(path, entry) for path in paths]
    different = [path for path, is_match in zip(paths, matches, strict=True) if not is_match]
    if different and any(matches[:2]):  # the zoo's other models share their vocabulary with this one
        raise Damaged(f"{different[0]} is damaged: it is not the zoo's file of {entry.name}; fetch the model again")
    if not different:
        return ()
    return (f"these are not the files of the zoo's {entry.name} {entry.version}; its accuracy is unknown",)


def _is_zoo_file(path: Path, entry: ZooModel) -> bool:
    """Whether a file has the catalogue's size and SHA-384. Raises Damaged when only its size is right."""
    same_name = [file for files in entry.variants.values() for file in files if Path(file.path).name == path.name]
    same_size = [file for file in same_name if file.bytes == path.stat().st_size]
    # A file of another size is not the zoo's, whatever its hash, and large files take long to hash.
    digest = _digest(path, "sha384")["sha384"] if same_size else ""
    if same_size and all(file.sha384 != digest for file in same_size):
        raise Damaged(f"{path} is damaged: its SHA-384 differs from that of the zoo's file; fetch the model again")
    return bool(same_size)


def _check_weights(parts: _Parts) -> None:
    """Check the IR's XML. Raises UsageError when it is not an IR, Damaged when it or the weights are truncated."""
    try:
        root = ElementTree.parse(parts.graph).getroot()
    except ElementTree.ParseError as error:
        raise Damaged(f"{parts.graph} is damaged, or not an OpenVINO IR: {error}") from error
    if root.tag != "net":
        raise UsageError(f"{parts.graph} is not an OpenVINO IR: it begins with <{root.tag}>")
    constants = (data.attrib for data in root.iter("data") if "offset" in data.attrib and "size" in data.attrib)
    needed = max((int(data["offset"]) + int(data["size"]) for data in constants), default=0)
    size = parts.weights.stat().st_size
    if size < needed:
        raise Damaged(f"{parts.weights} is truncated: it has {size:,} of {needed:,} bytes; copy or fetch it again")


def _source(parts: _Parts) -> dict[str, Any]:
    """Return the manifest's record of the imported files."""
    files = parts.vocabulary, parts.graph, parts.weights
    return {"model": parts.name, "files": {_relative_path(path, parts): _digest(path, "sha384") for path in files}}


def _digest(path: Path, algorithm: str) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, algorithm: hashlib.file_digest(file, algorithm).hexdigest()}


def _write_manifest(folder: Path, fields: Mapping[str, Any]) -> None:
    (folder / "model.json").write_text(json.dumps(fields, indent=2, ensure_ascii=False) + "\n", "utf-8")
