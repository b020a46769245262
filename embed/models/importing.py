"""Taking in a model from disk: OpenVINO IR with the card's four inputs, and its vocabulary, become a model folder."""

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
from wherein.embed.models.trial import ANSWER_OUTPUTS, is_answer_graph, try_answer_model, try_encoder
from wherein.embed.models.vocabulary import read_tokenizer, read_vocabulary
from wherein.embed.models.zoo import DEFAULT_VARIANT, ZOO, ZooModel
from wherein.errors import Damaged, UsageError

__all__ = ["ImportOptions", "ImportResult", "add_model", "load_any_model"]

_LENGTHS = (384, 32)
_READER_QUESTION = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_VARIANTS = (DEFAULT_VARIANT, "FP16-INT8", "FP16", "FP32")


@dataclass(frozen=True)
class ImportOptions:
    """What the user says of a model that its files do not; None is what its files, or the catalogue, say."""

    name: str | None = None
    metric: str | None = None
    context_tokens: int | None = None
    question_tokens: int | None = None


_NONE = ImportOptions()


@dataclass(frozen=True)
class ImportResult:
    """A model that was taken in; `new` is false when it was there, `aside` is where a damaged one was put."""

    model: Model | AnswerModel
    new: bool
    notes: tuple[str, ...] = ()
    damaged_copy: Path | None = None


@dataclass(frozen=True)
class _Parts:
    """The files of a model on disk."""

    graph: Path
    weights: Path
    words: Path
    name: str


def add_model(
    source: Path, models: Path, options: ImportOptions = _NONE, *, known: ZooModel | None = None
) -> ImportResult:
    """Copy a model into the folder `models`. `source` is a model folder, a zoo download folder, or an IR's `.xml`.

    `known` is its entry in the catalogue, else it is looked up there by its name.
    Raises UsageError when it is no model, does not fit, or its name is taken by another one, Damaged when a file is
    damaged. Either way what was installed stays as it was; a copy that is not whole never gets the model's name.
    """
    if options.metric not in (None, *METRICS):
        raise UsageError(f"The metric {options.metric} is none of {', '.join(METRICS)}")
    if not source.exists():
        raise UsageError(f"There is no file or folder {source}")
    with require_free_space(models, _size(source)), exclusive_lock(models, "add"):
        if source.is_dir() and (source / "model.json").exists():
            return _add_folder(source, models, options)
        parts = _parts(source)
        return _add_parts(parts, models, options, known or ZOO.get(parts.name))


def _add_folder(source: Path, models: Path, options: ImportOptions) -> ImportResult:
    if (options.metric, options.context_tokens, options.question_tokens) != (None, None, None):
        raise UsageError(f"{source} has a model.json, which says its metric and its lengths; leave these options out")
    model = load_any_model(source)
    name = _valid(options.name or model.name)
    with staging(models, name) as folder:
        for file in (IR, WEIGHTS, TOKENIZER):
            (folder / file).write_bytes(read_checked(model, file))
        _write_manifest(folder, {**read_manifest(source), "name": name})
        tokenizer = read_tokenizer(folder / TOKENIZER)
        if isinstance(model, Model):
            _check_vectors(folder, tokenizer, model)
        else:
            try_answer_model(folder, tokenizer, model.tokens, source)
        return _install(folder, models / name)


def _check_vectors(folder: Path, tokenizer: Tokenizer, model: Model) -> None:
    """Compare what a model gives with what its manifest says. Raises Damaged when they differ."""
    lengths = model.context_tokens, model.question_tokens
    if min(lengths) < 1:
        raise Damaged(f"{model.folder / 'model.json'} has impossible lengths")
    found = try_encoder(folder, tokenizer, *lengths, model.folder)
    if found.dimension != model.dimension:
        told = f"says {model.dimension} dimensions, but it has {found.dimension}"
        raise Damaged(f"{model.folder / 'model.json'} {told}")


def _add_parts(parts: _Parts, models: Path, options: ImportOptions, known: ZooModel | None) -> ImportResult:
    name = _valid(options.name or parts.name)
    notes = _compare(parts, known) if known else ()
    _check_weights(parts)
    with staging(models, name) as folder:
        shutil.copyfile(parts.graph, folder / IR)
        shutil.copyfile(parts.weights, folder / WEIGHTS)
        tokenizer = read_tokenizer(parts.words) if parts.words.suffix == ".json" else read_vocabulary(parts.words)
        (folder / TOKENIZER).write_text(tokenizer.to_str(), "utf-8")
        if is_answer_graph(folder, parts.graph):
            described = _describe_reader(folder, tokenizer, parts, options)
        else:
            described = _describe(folder, tokenizer, parts, options, known)
        _write_manifest(
            folder,
            {
                "schema": 1,
                **described,
                "name": name,
                "version": known.version if known else "1",
                "inputs": list(INPUTS),
                "licence": known.licence if known else "not told",
                "training_data": known.training_data if known else "not told",
                "source": _source(parts),
                "files": {file: _hashes(folder / file, "sha256") for file in (IR, WEIGHTS, TOKENIZER)},
                "accuracy": dict(known.accuracy) if known and not notes else {},
            },
        )
        return replace(_install(folder, models / name), notes=notes)


def _describe(
    folder: Path, tokenizer: Tokenizer, parts: _Parts, options: ImportOptions, known: ZooModel | None
) -> dict[str, Any]:
    lengths = (known.context_tokens, known.question_tokens) if known else _LENGTHS
    found = try_encoder(folder, tokenizer, options.context_tokens, options.question_tokens, parts.graph, lengths)
    return {
        "dimension": found.dimension,
        "metric": options.metric or (known.metric if known else "cosine"),
        "context_tokens": found.context_tokens,
        "question_tokens": found.question_tokens,
        "output": found.output,
        "pooling": IN_GRAPH,
    }


def _describe_reader(folder: Path, tokenizer: Tokenizer, parts: _Parts, options: ImportOptions) -> dict[str, Any]:
    if options.metric:
        raise UsageError(f"{parts.graph} is a reader, which marks answers, and has no metric; leave --metric out")
    return {
        "kind": "reader",
        "tokens": try_answer_model(folder, tokenizer, options.context_tokens, parts.graph),
        "question_tokens": options.question_tokens or _READER_QUESTION,
        "outputs": list(ANSWER_OUTPUTS),
    }


def _install(folder: Path, target: Path) -> ImportResult:
    """Give a finished model its name, unless that is taken. Raises UsageError when another model has it."""
    new = load_any_model(folder)
    if target.name in (DEFAULT_MODEL.name, default_model_name()):
        target = DEFAULT_MODEL
    try:
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
    if isinstance(model, Model):
        return fingerprint(model, "")
    return sorted(model.sha256.items()), model.tokens, model.question_tokens


# Where the files are.


def _parts(source: Path) -> _Parts:
    graph = _graph(source) if source.is_dir() else source
    weights = graph.with_suffix(".bin")
    if graph.suffix != ".xml":
        raise UsageError(f"{graph} is not an OpenVINO IR, which is a file NAME.xml with NAME.bin beside it")
    if not weights.exists():
        raise UsageError(f"There is no {weights}, which belongs to {graph.name}")
    near = [graph.parent, graph.parent.parent] if graph.parent.name in _VARIANTS else [graph.parent]
    for folder in near:
        for name in (TOKENIZER, "vocab.txt"):
            if (folder / name).exists():
                return _Parts(graph, weights, folder / name, graph.stem)
    raise UsageError(f"There is no vocab.txt and no tokenizer.json beside {graph}; the model cannot read words without")


def _graph(source: Path) -> Path:
    for folder in (source, *(source / variant for variant in _VARIANTS)):
        graphs = sorted(folder.glob("*.xml"))
        if len(graphs) > 1:
            raise UsageError(f"{folder} holds {len(graphs)} models; name one of its .xml files")
        if graphs:
            return graphs[0]
    raise UsageError(f"{source} is no model: it has neither a model.json nor an OpenVINO IR (.xml and .bin)")


def _below(path: Path, parts: _Parts) -> str:
    root = parts.graph.parent.parent if parts.graph.parent.name in _VARIANTS else parts.graph.parent
    return path.relative_to(root).as_posix()


def _size(source: Path) -> int:
    if source.is_dir():
        return sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in (source, source.with_suffix(".bin")) if path.exists())


def _valid(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a model: letters, digits, dots and dashes; choose one with --name")
    return name


# What the files hold.


def _compare(parts: _Parts, known: ZooModel) -> tuple[str, ...]:
    """Compare a zoo model's files with the catalogue; return a sentence when they are those of another release.

    Raises Damaged for a file of the right size and other content, or of another size beside one that is right.
    """
    paths = parts.graph, parts.weights, parts.words
    sound = [_is_known(path, known) for path in paths]
    unlike = [path for path, is_sound in zip(paths, sound, strict=True) if not is_sound]
    if unlike and any(sound[:2]):
        raise Damaged(f"{unlike[0]} is damaged: it is not the zoo's file of {known.name}; fetch the model again")
    if not unlike:
        return ()
    return (f"these are not the files of the zoo's {known.name} {known.version}; its accuracy is not known",)


def _is_known(path: Path, known: ZooModel) -> bool:
    named = [file for files in known.variants.values() for file in files if Path(file.path).name == path.name]
    same_size = [file for file in named if file.bytes == path.stat().st_size]
    digest = _hashes(path, "sha384")["sha384"] if same_size else ""
    if same_size and all(file.sha384 != digest for file in same_size):
        raise Damaged(f"{path} is damaged: its SHA-384 is not that of the zoo's file; fetch the model again")
    return bool(same_size)


def _check_weights(parts: _Parts) -> None:
    """Look into the IR's XML. Raises UsageError when it is none, Damaged when it or the weights end too soon."""
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
    files = parts.words, parts.graph, parts.weights
    return {"model": parts.name, "files": {_below(path, parts): _hashes(path, "sha384") for path in files}}


def _hashes(path: Path, algorithm: str) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, algorithm: hashlib.file_digest(file, algorithm).hexdigest()}


def _write_manifest(folder: Path, described: Mapping[str, Any]) -> None:
    (folder / "model.json").write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", "utf-8")
