"""Fetch a model of the catalogue; an interrupted download is resumed.

Nothing is used before its size and its SHA-384 are the catalogue's.
"""

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
_TIMEOUT_SECONDS = 30
_BLOCK_BYTES = 1 << 20
_MAX_ATTEMPTS = 10

Report = Callable[[str, int, int], None]
"""Called with a file's path, the bytes downloaded so far, and the file's size in bytes."""


def fetch_model(
    entry: ZooModel,
    models: Path,
    *,
    variant: str = DEFAULT_VARIANT,
    name: str | None = None,
    url: str | None = None,
    report: Report = lambda *_: None,
) -> ImportResult:
    """Download a model and install it, unless it is installed already.

    Its files are below `url`, by default `$WHEREIN_ZOO/NAME/` or the catalogue's URL. Raises UsageError when there is
    no such variant or a different model has the name, WhereinError when the server cannot be reached or there is not
    enough free space, Damaged when the server's files are not the catalogue's.
    """
    if variant not in entry.variants:
        raise UsageError(f"{entry.name} has no variant {variant}; it has {', '.join(entry.variants)}")
    if installed := _installed(entry, variant, models / (name or entry.name)):
        return installed
    mirror = os.environ.get(MIRROR_VARIABLE)
    base = url or (f"{mirror.rstrip('/')}/{entry.name}/" if mirror else entry.url)
    # The leading dot keeps it out of the list of installed models.
    folder = models / ".fetch" / entry.name
    # Twice the size: download and installed copy exist together for a while. The lock is not that of `add_model`, which
    # takes its own inside.
    with require_free_space(models, 2 * entry.download_bytes(variant)), exclusive_lock(models, "fetch"):
        for file in entry.variants[variant]:
            (folder / file.path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _fetch(urljoin(base, file.path), folder / file.path, file, report)
        graph = next(folder / file.path for file in entry.variants[variant] if file.path.endswith(".xml"))
        result = add_model(graph, models, ImportOptions(name), entry=entry)
        shutil.rmtree(folder)  # only now: a run that is killed before finds its downloads again
    return result


def _installed(entry: ZooModel, variant: str, folder: Path) -> ImportResult | None:
    """Return the model if it is installed and intact. Raises UsageError when a different one has its name."""
    if not folder.exists():
        return None
    try:
        model = load_any_model(folder)
        files = read_manifest(folder).get("source", {}).get("files", {})
    except Damaged:
        return None
    if damaged_files(model):
        return None
    expected = {file.path: file.sha384 for file in entry.variants[variant]}
    if {path: file.get("sha384") for path, file in files.items()} != expected:
        raise UsageError(f"The name {folder.name} is taken by a different model; choose another with --name")
    return ImportResult(model, new=False)


def _fetch(url: str, path: Path, file: ZooFile, report: Report) -> None:
    """Download `url` to `path`, or the rest of it if an earlier run was interrupted."""
    if path.exists() and _sha384(path) == file.sha384:
        return
    part = path.with_name(f"{path.name}.part")
    resumed = part.exists()
    _download(url, part, file, report)
    if resumed and _sha384(part) != file.sha384:  # the first part may have come from another server
        part.unlink()
        _download(url, part, file, report)
    if _sha384(part) != file.sha384:
        part.unlink()
        raise Damaged(
            f"{url} is not the catalogue's file: its SHA-384 differs; nothing was installed, try again or from another"
            " network"
        )
    part.replace(path)


def _download(url: str, part: Path, file: ZooFile, report: Report) -> None:
    """Download until `part` has the file's size; a broken connection is resumed."""
    for _ in range(_MAX_ATTEMPTS):
        have = part.stat().st_size if part.exists() else 0
        if have > file.bytes:  # no part of this file
            part.unlink()
            have = 0
        if have < file.bytes:
            _append(url, part, have, file, report)
        now = part.stat().st_size
        if now == file.bytes:
            return
        if now > file.bytes:
            part.unlink()
            raise Damaged(f"{url} is larger than the catalogue's {file.bytes:,} bytes; nothing was installed")
        if now <= have:  # this attempt brought nothing, so the next one is left to the user
            break
    raise WhereinError(
        f"The connection broke after {part.stat().st_size:,} of {file.bytes:,} bytes of {url}; run the same command"
        " again to resume"
    )


def _append(url: str, part: Path, have: int, file: ZooFile, report: Report) -> None:
    """Download the bytes from `have` on, or all of them if the server does not support ranges.

    The connection may break before the end.
    """
    response = _request(url, have)
    if response.status != 206:
        have = 0
    # Another range than the one that was requested cannot be appended.
    elif not _starts_at(response, have):
        response.close()
        response, have = _request(url, 0), 0
    with response, part.open("ab" if have else "wb") as out:
        # <=: one byte too many is enough to see that it is another file; the rest need not be downloaded.
        while have <= file.bytes and (block := _read_block(response)):
            out.write(block)
            out.flush()  # so that a killed run can be resumed from the last reported byte
            have += len(block)
            report(file.path, have, file.bytes)


def _request(url: str, have: int) -> http.client.HTTPResponse:
    # No compression: size, ranges and checksum are those of the file itself.
    headers = {"User-Agent": "wherein", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_SECONDS
        )
    # In this order: an HTTPError is a URLError, and that is an OSError.
    except urllib.error.HTTPError as error:
        reason = f"the server answered {error.code} {error.reason}"
        raise WhereinError(f"{url} cannot be fetched: {reason}; nothing was installed") from error
    except urllib.error.URLError as error:
        raise _unreachable(url, error.reason) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(url, error) from error
    except ValueError as error:
        raise UsageError(f"{url} is not a valid address: {error}") from error
    return response


def _read_block(response: http.client.HTTPResponse) -> bytes:
    """Return the next bytes, b"" at the end or when the connection broke."""
    try:
        # read1 returns what has arrived instead of waiting for a full block, so that a slow download shows progress.
        return response.read1(_BLOCK_BYTES)
    except (OSError, http.client.HTTPException):
        return b""


def _starts_at(response: http.client.HTTPResponse, have: int) -> bool:
    return (response.headers.get("Content-Range") or "").startswith(f"bytes {have}-")


def _unreachable(url: str, reason: object) -> WhereinError:
    host = urlsplit(url).netloc or url
    detail = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
    return WhereinError(
        f"{host} cannot be reached ({detail}); nothing was installed. Without a network, install the model from a"
        " folder: wherein model add FOLDER"
    )


def _sha384(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha384").hexdigest()
