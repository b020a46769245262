"""Import a model from disk: OpenVINO IR, its vocabulary and what other files say of it become a model folder."""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tokenizers import Tokenizer

from wherein.embed.answer_extractor import AnswerModel, load_answer_model
from wherein.embed.graph import IN_GRAPH, INPUTS
from wherein.embed.metric import METRICS
from wherein.embed.model import (
    DEFAULT_MODEL,
    IR,
    TOKENIZER,
    WEIGHTS,
    Model,
    Prompts,
    fingerprint,
    load_model,
    read_checked,
)
from wherein.embed.models.choices import Choices, ImportOptions
from wherein.embed.models.installed import (
    READER,
    RERANKER,
    damaged_files,
    default_model_name,
    model_kind,
    read_manifest,
)
from wherein.embed.models.parts import Parts, bytes_of, find_parts
from wherein.embed.models.settings import is_classifier, longest_text, read_settings
from wherein.embed.models.staging import exclusive_lock, publish, require_free_space, staging
from wherein.embed.models.validation import (
    ANSWER_OUTPUTS,
    EncoderTrial,
    graph_kind,
    try_answer_model,
    try_encoder,
    try_reranker,
)
from wherein.embed.models.vocabulary import check_frame, read_tokenizer, read_vocabulary
from wherein.embed.models.zoo import ZOO, ZooModel
from wherein.embed.reranker import RerankModel, load_reranker
from wherein.embed.tokenizer import Frame
from wherein.errors import Damaged, UsageError

__all__ = ["AnyModel", "ImportOptions", "ImportResult", "Origin", "add_model", "describe_file", "load_any_model"]

_ANSWER_QUESTION_TOKENS = 64
_RERANK_TOKENS = 512  # question and passage together; some models take 8,192, which no passage needs
# The name is that of a folder. Folders with a leading dot are unfinished or damaged models.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MIN_TEXT_TOKENS = 8  # that a prompt and special tokens must leave to a text


_NO_OPTIONS = ImportOptions()

AnyModel = Model | AnswerModel | RerankModel


@dataclass(frozen=True)
class ImportResult:
    """The installed model.

    `new` is False if it was installed already. `notes` are sentences for the user. `damaged_copy` is the folder to
    which a damaged model of the same name was renamed.
    """

    model: AnyModel
    new: bool
    notes: tuple[str, ...] = ()
    damaged_copy: Path | None = None


@dataclass(frozen=True)
class Origin:
    """Where a model's files are from: fields for its manifest, and for the record of its files."""

    licence: str = "unknown"
    training_data: str = "unknown"
    source: Mapping[str, Any] = field(default_factory=dict)


def add_model(
    source: Path,
    models: Path,
    options: ImportOptions = _NO_OPTIONS,
    *,
    entry: ZooModel | None = None,
    origin: Origin = Origin(),
) -> ImportResult:
    """Copy a model into the folder `models`. `source` is a model folder, another folder with IR, or an IR's `.xml`.

    `entry` is the model's entry in the catalogue; by default it is looked up there by name. Raises UsageError when
    `source` is not a model that can be used or its name is taken by a different one, Damaged when a file is damaged,
    LibraryBusy when another process is installing a model, and WhereinError when there is not enough free space. The
    installed models then stay unchanged; an incomplete copy never gets the model's name.
    """
    if options.metric not in (None, *METRICS):
        raise UsageError(f"The metric {options.metric} is not one of {', '.join(METRICS)}")
    if not source.exists():
        raise UsageError(f"There is no file or folder {source}")
    with require_free_space(models, bytes_of(source)), exclusive_lock(models, "add"):
        if source.is_dir() and (source / "model.json").exists():
            return _add_folder(source, models, options)
        parts = find_parts(source)
        return _add_parts(parts, models, options, entry or ZOO.get(parts.name), origin)


def _add_folder(source: Path, models: Path, options: ImportOptions) -> ImportResult:
    if options != ImportOptions(options.name):
        raise UsageError(f"{source} has a model.json, which sets all but the name; leave the other options out")
    model = load_any_model(source)
    name = _check_name(options.name or model.name)
    with staging(models, name) as folder:
        for file in (IR, WEIGHTS, TOKENIZER):
            (folder / file).write_bytes(read_checked(model, file))  # copies only bytes that match their SHA-256
        _write_manifest(folder, {**read_manifest(source), "name": name})
        tokenizer = read_tokenizer(folder / TOKENIZER)
        if isinstance(model, Model):
            _check_vectors(folder, tokenizer, model)
        elif isinstance(model, RerankModel):
            try_reranker(folder, tokenizer, model.tokens, source)
        else:
            check_frame(tokenizer, source)
            try_answer_model(folder, tokenizer, model.tokens, source)
        return _install(folder, models / name)


def _check_vectors(folder: Path, tokenizer: Tokenizer, model: Model) -> None:
    """Compare a model's vectors with its manifest. Raises Damaged when they differ."""
    manifest = model.folder / "model.json"
    lengths = model.context_tokens, model.question_tokens
    if min(lengths) < 1:
        raise Damaged(f"{manifest} has impossible lengths")
    trial = try_encoder(folder, tokenizer, lengths, model.folder, model.pooling)
    if trial.dimension != model.dimension:
        raise Damaged(f"{manifest} says {model.dimension} dimensions, but the model's vectors have {trial.dimension}")


def _add_parts(
    parts: Parts, models: Path, options: ImportOptions, entry: ZooModel | None, origin: Origin
) -> ImportResult:
    name = _check_name(options.name or parts.name)
    notes = _compare_with_zoo(parts, entry) if entry else ()
    _check_weights(parts)
    with staging(models, name) as folder:
        shutil.copyfile(parts.graph, folder / IR)
        shutil.copyfile(parts.weights, folder / WEIGHTS)
        read = read_tokenizer if parts.vocabulary.suffix == ".json" else read_vocabulary
        tokenizer = read(parts.vocabulary)
        (folder / TOKENIZER).write_text(tokenizer.to_str(), "utf-8")
        kind = graph_kind(folder, parts.graph, classifies=is_classifier(parts.root))
        if kind == READER:
            fields = _answer_fields(folder, tokenizer, parts, options)
        elif kind == RERANKER:
            fields = _reranker_fields(folder, tokenizer, parts, options)
        else:
            choices = Choices(options, read_settings(parts.root), entry)
            fields = _encoder_fields(folder, tokenizer, parts, choices)
            notes = (*notes, *choices.notes)
        # Notes say that these are other files than the zoo's, so that its figures do not hold for them.
        accuracy = dict(entry.accuracy) if entry and not notes else {}
        common = _common_fields(folder, name, parts, entry, origin)
        _write_manifest(folder, {"schema": 1, **fields, **common, "accuracy": accuracy})
        return replace(_install(folder, models / name), notes=(*parts.notes, *notes))


def _common_fields(folder: Path, name: str, parts: Parts, entry: ZooModel | None, origin: Origin) -> dict[str, Any]:
    """Return the fields of the manifest that both kinds of model have."""
    return {
        "name": name,
        "version": entry.version if entry else "1",
        "inputs": list(INPUTS),
        "licence": entry.licence if entry else origin.licence,
        "training_data": entry.training_data if entry else origin.training_data,
        "source": {**_source(parts), **origin.source},
        "files": {file: describe_file(folder / file, "sha256") for file in (IR, WEIGHTS, TOKENIZER)},
    }


def _encoder_fields(folder: Path, tokenizer: Tokenizer, parts: Parts, choices: Choices) -> dict[str, Any]:
    trial = try_encoder(folder, tokenizer, choices.lengths, parts.graph, choices.pooling)
    if choices.options.pooling and trial.pooling == IN_GRAPH:
        raise UsageError(f"{parts.graph} pools by itself; leave --pooling out")
    _check_prompts(tokenizer, choices.prompts, trial)
    return {
        "dimension": trial.dimension,
        "metric": choices.metric,
        "context_tokens": trial.context_tokens,
        "question_tokens": trial.question_tokens,
        "output": trial.output,
        "pooling": trial.pooling,
        **({"prompts": asdict(choices.prompts)} if choices.prompts != Prompts() else {}),
    }


def _check_prompts(tokenizer: Tokenizer, prompts: Prompts, trial: EncoderTrial) -> None:
    """Raise UsageError when a prompt, with the special tokens, leaves too little of a length to the text."""
    special = len(Frame.of(tokenizer))
    for prompt, length in ((prompts.question, trial.question_tokens), (prompts.context, trial.context_tokens)):
        used = special + len(tokenizer.encode(prompt, add_special_tokens=False).ids)
        if prompt and length - used < _MIN_TEXT_TOKENS:
            raise UsageError(f"The prompt {prompt!r} takes {used} of {length} tokens; choose another")


def _refuse_encoder_options(graph: Path, called: str, options: ImportOptions) -> None:
    encoders_only = (options.metric, options.pooling, options.question_prompt, options.context_prompt)
    if any(value is not None for value in encoders_only):
        raise UsageError(f"{graph} is {called}, which has no metric, pooling or prompts; leave them out")


def _reranker_fields(folder: Path, tokenizer: Tokenizer, parts: Parts, options: ImportOptions) -> dict[str, Any]:
    _refuse_encoder_options(parts.graph, "a reranker", options)
    if options.question_tokens is not None:
        raise UsageError(f"{parts.graph} is a reranker, which reads both texts at once; leave --question-tokens out")
    limit = longest_text(parts.root)
    if limit and options.context_tokens and options.context_tokens > limit:
        raise UsageError(f"The model takes texts of at most {limit} tokens, not of {options.context_tokens}")
    tokens = options.context_tokens or min(limit or _RERANK_TOKENS, _RERANK_TOKENS)
    tokens, output = try_reranker(folder, tokenizer, tokens, parts.graph)
    return {"kind": RERANKER, "tokens": tokens, "output": output}


def _answer_fields(folder: Path, tokenizer: Tokenizer, parts: Parts, options: ImportOptions) -> dict[str, Any]:
    _refuse_encoder_options(parts.graph, "an answer model", options)
    check_frame(tokenizer, parts.vocabulary)
    return {
        "kind": READER,
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


def load_any_model(folder: Path) -> AnyModel:
    """Read the manifest of a model of any kind. Raises Damaged when it cannot be read."""
    kind = model_kind(folder)
    if kind == READER:
        return load_answer_model(folder)
    return load_reranker(folder) if kind == RERANKER else load_model(folder)


def _identity(model: AnyModel) -> object:
    """Return what two models must have in common to be the same model."""
    if isinstance(model, Model):
        return fingerprint(model, "")  # a name or a version makes no difference
    question_tokens = model.question_tokens if isinstance(model, AnswerModel) else 0
    return sorted(model.sha256.items()), model.tokens, question_tokens


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is not a valid name for a model; choose one of letters, digits, dots, dashes and underscores"
            " with --name"
        )
    return name


# Checking the files' content.


def _compare_with_zoo(parts: Parts, entry: ZooModel) -> tuple[str, ...]:
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
    digest = describe_file(path, "sha384")["sha384"] if same_size else ""
    if same_size and all(file.sha384 != digest for file in same_size):
        raise Damaged(f"{path} is damaged: its SHA-384 differs from that of the zoo's file; fetch the model again")
    return bool(same_size)


def _check_weights(parts: Parts) -> None:
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


def _source(parts: Parts) -> dict[str, Any]:
    """Return the manifest's record of the imported files."""
    files = parts.vocabulary, parts.graph, parts.weights
    return {"model": parts.name, "files": {parts.relative_path(path): describe_file(path, "sha384") for path in files}}


def describe_file(path: Path, algorithm: str) -> dict[str, Any]:
    """Return a manifest's record of a file: its size in `bytes`, and its digest in hex by the algorithm's name."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, algorithm: hashlib.file_digest(file, algorithm).hexdigest()}


def _write_manifest(folder: Path, fields: Mapping[str, Any]) -> None:
    (folder / "model.json").write_text(json.dumps(fields, indent=2, ensure_ascii=False) + "\n", "utf-8")
