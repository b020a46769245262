"""Fetch a model from the Hugging Face Hub: only the files that are needed, of one revision, each checked.

The client is huggingface_hub (extra `hub`), which reads `HF_ENDPOINT`, `HF_TOKEN` and the like. A file in Git LFS is
checked by the SHA-256 that the hub names, another one by its Git hash.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from wherein.embed.model import TOKENIZER
from wherein.embed.models.choices import ImportOptions
from wherein.embed.models.download import Report
from wherein.embed.models.importing import ImportResult, Origin, add_model, describe_file, load_any_model
from wherein.embed.models.installed import damaged_files, read_manifest
from wherein.embed.models.parts import EXPORTED, GRAPH_FOLDER, best_graph, is_exported
from wherein.embed.models.settings import SETTINGS_FILES
from wherein.embed.models.staging import exclusive_lock, require_free_space
from wherein.errors import Damaged, UsageError, WhereinError
from wherein.installation import install_command

__all__ = ["Reference", "fetch_from_hub", "parse_reference"]

_REFERENCE = re.compile(r"hub:([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
_POOLING = re.compile(r"\d+_Pooling/config\.json")
_SHOWN_FILES = 8


@dataclass(frozen=True)
class Reference:
    """A model on the hub: `repository` is OWNER/NAME, `revision` a branch, a tag or a commit."""

    repository: str
    revision: str = "main"

    @property
    def name(self) -> str:
        """The name that it is installed under."""
        return self.repository.partition("/")[2]


@dataclass(frozen=True)
class _Listing:
    """The files of a commit: the size in bytes of each, and the hash that its content must have."""

    commit: str
    sizes: Mapping[str, int]
    sha256: Mapping[str, str]
    git: Mapping[str, str]
    licence: str


def parse_reference(text: str) -> Reference:
    """Return what `hub:OWNER/NAME[@REVISION]` names. Raises UsageError when it has another form."""
    match = _REFERENCE.fullmatch(text)
    if not match:
        raise UsageError(f"{text} does not name a model of the hub; write hub:OWNER/NAME or hub:OWNER/NAME@REVISION")
    return Reference(match[1], match[2] or "main")


def fetch_from_hub(
    reference: Reference, models: Path, options: ImportOptions, report: Report = lambda *_: None
) -> ImportResult:
    """Download a model and install it, unless this revision of it is installed already.

    Files that are complete are kept until the model is installed: the same command can be run again. Raises UsageError
    when there is no such model or revision, or it has no OpenVINO files; WhereinError when the package or the server is
    not there; Damaged when a file is not the one that the hub lists.
    """
    client = _client()
    options = replace(options, name=options.name or reference.name)
    with _as_sentences(client, reference):
        listing = _listing(client, reference)
    files = _needed(reference, listing)
    # What says which model this is, beside the digests of its files.
    source = {"hub": reference.repository, "revision": listing.commit, "options": _stated(options)}
    if known := _installed(models / str(options.name), source):
        return known
    folder = models / ".fetch" / f"{reference.repository.replace('/', '--')}@{listing.commit}"
    needed = 2 * sum(listing.sizes[file] for file in files)
    with require_free_space(models, needed), exclusive_lock(models, "fetch"):
        records = {}
        for file in files:
            with _as_sentences(client, reference):
                _download(client, reference.repository, listing, file, folder, report)
            records[file] = _checked(folder / file, file, listing)
        source["files"] = records
        added = add_model(folder, models, options, origin=Origin(listing.licence, source=source))
        shutil.rmtree(folder)
        return replace(added, notes=(*_left_out(files, listing), *added.notes))


def _client() -> Any:
    """Return the module `huggingface_hub`."""
    try:
        import huggingface_hub
        import huggingface_hub.constants
        import huggingface_hub.errors
    except ImportError as error:
        raise WhereinError(
            "Models of the hub are fetched with the package huggingface_hub, which is not installed; install it with:"
            f" {install_command('hub')}"
        ) from error
    return huggingface_hub


def _endpoint(client: Any) -> str:
    # The client reads the variable only when it is imported.
    return (os.environ.get("HF_ENDPOINT") or str(client.constants.ENDPOINT)).rstrip("/")


def _listing(client: Any, reference: Reference) -> _Listing:
    info = client.HfApi(endpoint=_endpoint(client)).model_info(
        reference.repository, revision=reference.revision, files_metadata=True
    )
    files = list(info.siblings or [])
    return _Listing(
        commit=str(info.sha),
        sizes={file.rfilename: file.size or 0 for file in files},
        sha256={file.rfilename: file.lfs.sha256 for file in files if file.lfs},
        git={file.rfilename: file.blob_id for file in files if file.blob_id and not file.lfs},
        licence=str((info.card_data or {}).get("license") or "unknown"),
    )


def _stated(options: ImportOptions) -> dict[str, Any]:
    return {name: value for name, value in vars(options).items() if name != "name" and value is not None}


def _installed(folder: Path, source: Mapping[str, Any]) -> ImportResult | None:
    """Return the model if it is installed with the same options, and intact."""
    try:
        model = load_any_model(folder)
        own = read_manifest(folder).get("source", {})
    except Damaged:
        return None
    is_same = {name: own.get(name) for name in source} == source
    return ImportResult(model, new=False) if is_same and not damaged_files(model) else None


def _needed(reference: Reference, listing: _Listing) -> list[str]:
    """Return the files to download. Raises UsageError when the model's graph or tokenizer is not among them."""
    graphs = _graphs(listing)
    if not graphs or TOKENIZER not in listing.sizes:
        what = "no tokenizer.json" if graphs else f"no OpenVINO files ({GRAPH_FOLDER}/{EXPORTED}.xml)"
        raise UsageError(
            f"{reference.repository} has {what}; it has {_shown(list(listing.sizes))}. Make them with:"
            f" optimum-cli export openvino --model {reference.repository} FOLDER, then: wherein model add FOLDER"
        )
    weights = str(PurePosixPath(graphs[0]).with_suffix(".bin"))
    settings = [file for file in listing.sizes if file in SETTINGS_FILES or _POOLING.fullmatch(file)]
    return [*settings, TOKENIZER, graphs[0], weights]


def _graphs(listing: _Listing) -> list[str]:
    """Return the best graph, and then the others."""
    paths = [PurePosixPath(file) for file in listing.sizes]
    for folder in (GRAPH_FOLDER, "."):
        graphs = [
            path
            for path in paths
            if str(path.parent) == folder and is_exported(path) and str(path.with_suffix(".bin")) in listing.sizes
        ]
        if graphs:
            best = best_graph([path.name for path in graphs])
            return [str(path) for path in sorted(graphs, key=lambda path: (path.name != best, path.name))]
    return []


def _shown(files: Sequence[str]) -> str:
    more = len(files) - _SHOWN_FILES
    names = ", ".join(sorted(files)[:_SHOWN_FILES]) or "no files"
    return f"{names} and {more} more" if more > 0 else names


def _left_out(files: Sequence[str], listing: _Listing) -> Iterator[str]:
    chosen, *others = _graphs(listing)
    if others:
        yield f"{chosen} was chosen; {' and '.join(others)} would have to be downloaded and added by hand"


def _download(client: Any, repository: str, listing: _Listing, file: str, folder: Path, report: Report) -> None:
    client.hf_hub_download(
        repository,
        file,
        revision=listing.commit,
        local_dir=folder,
        endpoint=_endpoint(client),
        tqdm_class=_progress(file, listing.sizes[file], report),
    )


def _progress(file: str, size: int, report: Report) -> type:
    """Return what the client calls to show its progress; it takes a class of tqdm's."""
    from tqdm import tqdm

    class Progress(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})
            self.bytes = int(options.get("initial") or 0)

        def update(self, n: float | None = 1) -> None:
            self.bytes += int(n or 0)
            report(file, self.bytes, size)

    return Progress


def _checked(path: Path, file: str, listing: _Listing) -> dict[str, Any]:
    """Return the record of a file. Raises Damaged, and removes it, when its content is not what the hub lists."""
    record = describe_file(path, "sha256")
    if file in listing.sha256:
        is_right = record["sha256"] == listing.sha256[file]
    else:
        is_right = file not in listing.git or _git_hash(path.read_bytes()) == listing.git[file]
    if not is_right or record["bytes"] != listing.sizes[file]:
        path.unlink()
        raise Damaged(
            f"{file} is not the file that the hub lists: its content differs; nothing was installed, try again or from"
            " another network"
        )
    return record


def _git_hash(data: bytes) -> str:
    # https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@contextmanager
def _as_sentences(client: Any, reference: Reference) -> Iterator[None]:
    """Raise what the client raises as one sentence."""
    errors = client.errors
    try:
        yield
    except errors.GatedRepoError as error:
        raise UsageError(
            f"{reference.repository} is open only to those who have been granted access; ask for it at"
            f" {_endpoint(client)}/{reference.repository}, and set HF_TOKEN"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise UsageError(
            f"The hub has no model {reference.repository}, or it is private; for a private one set HF_TOKEN"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise UsageError(f"{reference.repository} has no revision {reference.revision}") from error
    except errors.HFValidationError as error:
        raise UsageError(f"{reference.repository} is not a valid name: {error}") from error
    except Exception as error:  # the client's, its HTTP library's and the system's have no common base
        reason = str(error).strip().partition("\n")[0].partition(". ")[0] or repr(error)
        raise WhereinError(
            f"{reference.repository} cannot be fetched from {_endpoint(client)} ({reason}); nothing was installed. Run"
            " the same command again: complete files are kept. Without a network, use: wherein model add FOLDER"
        ) from error
