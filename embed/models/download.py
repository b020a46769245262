"""Fetching a model of the catalogue: what an interrupted run has downloaded is gone on with, and nothing is used
before its size and its SHA-384 are the catalogue's."""

import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from wherein.embed.models.importing import ImportOptions, ImportResult, add_model, load_any_model
from wherein.embed.models.installed import damaged_files, read_manifest
from wherein.embed.models.staging import exclusive_lock, require_free_space
from wherein.embed.models.zoo import DEFAULT_VARIANT, ZooFile, ZooModel
from wherein.errors import Damaged, UsageError, WhereinError

__all__ = ["MIRROR_VARIABLE", "fetch_model"]

MIRROR_VARIABLE = "WHEREIN_ZOO"
_SECONDS = 30
_BLOCK = 1 << 20
_TRIES = 10

Report = Callable[[str, int, int], None]
"""Is told a file, how many bytes of it are there, and how many it has."""


def fetch_model(
    wanted: ZooModel,
    models: Path,
    *,
    variant: str = DEFAULT_VARIANT,
    name: str | None = None,
    url: str | None = None,
    report: Report = lambda *_: None,
) -> ImportResult:
    """Download a model and take it in. `url` is where its files are, else `$WHEREIN_ZOO/NAME/`, else the catalogue's.

    Raises WhereinError when that cannot be reached or there is no room, Damaged when what comes is not the model.
    """
    if variant not in wanted.variants:
        raise UsageError(f"{wanted.name} has no variant {variant}; it has {', '.join(wanted.variants)}")
    if there := _there(wanted, variant, models / (name or wanted.name)):
        return there
    mirror = os.environ.get(MIRROR_VARIABLE)
    base = url or (f"{mirror.rstrip('/')}/{wanted.name}/" if mirror else wanted.url)
    folder = models / ".fetch" / wanted.name
    with require_free_space(models, 2 * wanted.download_bytes(variant)), exclusive_lock(models, "fetch"):
        for file in wanted.variants[variant]:
            (folder / file.path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _fetch(urljoin(base, file.path), folder / file.path, file, report)
        graph = next(folder / file.path for file in wanted.variants[variant] if file.path.endswith(".xml"))
        added = add_model(graph, models, ImportOptions(name), known=wanted)
        shutil.rmtree(folder)
    return added


def _there(wanted: ZooModel, variant: str, folder: Path) -> ImportResult | None:
    """Return the model if it is installed and whole. Raises UsageError when another one has its name."""
    if not folder.exists():
        return None
    try:
        model = load_any_model(folder)
        files = read_manifest(folder).get("source", {}).get("files", {})
    except Damaged:
        return None
    if damaged_files(model):
        return None
    if {path: about.get("sha384") for path, about in files.items()} != {
        file.path: file.sha384 for file in wanted.variants[variant]
    }:
        raise UsageError(f"The name {folder.name} is taken by a different model; choose another with --name")
    return ImportResult(model, new=False)


def _fetch(url: str, path: Path, file: ZooFile, report: Report) -> None:
    """Download `url` to `path`; what is there of it is gone on with."""
    if path.exists() and _sha384(path) == file.sha384:
        return
    part = path.with_name(f"{path.name}.part")
    gone_on = part.exists()
    _download(url, part, file, report)
    if gone_on and _sha384(part) != file.sha384:  # what was there may have come from elsewhere
        part.unlink()
        _download(url, part, file, report)
    if _sha384(part) != file.sha384:
        part.unlink()
        raise Damaged(
            f"What {url} sent is not the file that the catalogue knows: its SHA-384 differs; nothing was installed, try"
            " again or from another network"
        )
    part.rename(path)


def _download(url: str, part: Path, file: ZooFile, report: Report) -> None:
    """Go on until `part` has the file's size."""
    for _ in range(_TRIES):
        have = part.stat().st_size if part.exists() else 0
        if have > file.bytes:
            part.unlink()
            have = 0
        if have < file.bytes:
            _go_on(url, part, have, file, report)
        now = part.stat().st_size
        if now == file.bytes:
            return
        if now > file.bytes:
            part.unlink()
            raise Damaged(f"What {url} sent is larger than the {file.bytes:,} bytes of the file; nothing was installed")
        if now <= have:
            break
    raise WhereinError(
        f"The connection broke after {part.stat().st_size:,} of {file.bytes:,} bytes of {url}; run the same command"
        " again, and it goes on there"
    )


def _go_on(url: str, part: Path, have: int, file: ZooFile, report: Report) -> None:
    """Append what comes to `part`; from its beginning where the server knows no ranges. It may come to too little."""
    answer = _ask(url, have)
    if answer.status != 206:
        have = 0
    elif not _begins_at(answer, have):
        answer.close()
        answer, have = _ask(url, 0), 0
    with answer, part.open("ab" if have else "wb") as out:
        while have <= file.bytes and (block := _read(answer)):
            out.write(block)
            out.flush()  # so that a run that is killed has kept what it told of
            have += len(block)
            report(file.path, have, file.bytes)


def _ask(url: str, have: int) -> http.client.HTTPResponse:
    headers = {"User-Agent": "wherein", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=_SECONDS
        )
    except urllib.error.HTTPError as error:
        reason = f"the server says {error.code} {error.reason}"
        raise WhereinError(f"{url} cannot be fetched: {reason}; nothing was installed") from error
    except urllib.error.URLError as error:
        raise _offline(url, error.reason) from error
    except (OSError, http.client.HTTPException) as error:
        raise _offline(url, error) from error
    except ValueError as error:
        raise UsageError(f"{url} is no address to fetch from: {error}") from error
    return answer


def _read(answer: http.client.HTTPResponse) -> bytes:
    """Return the next bytes, none when there are no more or the connection broke."""
    try:
        return answer.read1(_BLOCK)
    except (OSError, http.client.HTTPException):
        return b""


def _begins_at(answer: http.client.HTTPResponse, have: int) -> bool:
    return (answer.headers.get("Content-Range") or "").startswith(f"bytes {have}-")


def _offline(url: str, reason: object) -> WhereinError:
    host = urlsplit(url).netloc or url
    why = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
    return WhereinError(
        f"{host} cannot be reached ({why}); nothing was installed. Without a network, take the model's folder from a"
        " disk: wherein model add FOLDER"
    )


def _sha384(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha384").hexdigest()
