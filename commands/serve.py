"""`wherein serve`."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import click

from wherein.commands.options import GlobalOptions
from wherein.commands.output import warn
from wherein.commands.parameter_types import FilePath
from wherein.errors import UsageError, WhereinError
from wherein.ingest.limits import DEFAULT_MAX_SIZE, MAX_SIZE
from wherein.installation import install_command
from wherein.uri import real_path

if TYPE_CHECKING:
    from wherein.library import Library
    from wherein.library.watching.watcher import Watcher

__all__ = ["serve"]

_LEAST_TOKEN = 16
_NO_TLS = (
    "this server speaks plain HTTP: put a proxy with TLS in front of it (Caddy: `reverse_proxy {host}:{port}`), or"
    " whoever can read the network can read the token and the answers"
)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, help="Port; 0 is a free one.")
@click.option("--token-file", type=FilePath(), help="File with the token that every request has to present.")
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="Another host name by which clients reach this server.",
)
@click.option("--root", "roots", multiple=True, type=FilePath(), help="Allow clients to ingest paths below it.")
@click.option(
    "--max-upload", type=click.IntRange(1, MAX_SIZE), default=DEFAULT_MAX_SIZE, show_default=True, metavar="BYTES",
    help="Largest file that may be uploaded.",
)  # fmt: skip
@click.option("--watch", is_flag=True, help="Also follow the sources: a saved file can be found within seconds.")
@click.option("--log-questions", is_flag=True, help="Write questions to the log.")
@click.pass_obj
def serve(
    options: GlobalOptions, host: str, port: int, token_file: Path | None, allow_hosts: tuple[str, ...],
    roots: tuple[Path, ...], max_upload: int, watch: bool, log_questions: bool,
) -> None:  # fmt: skip
    """Answer questions over HTTP, by default at http://127.0.0.1:8080.

    Ctrl-C or SIGTERM ends it once the requests under way are answered. An address that other machines can reach needs
    --token-file. The API describes itself at /openapi.json.
    """
    try:
        from wherein.server.app import create_app
        from wherein.server.serving import bind
        from wherein.server.serving import serve as serve_app
        from wherein.server.settings import LOOPBACK, Settings
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise WhereinError(
            f"The server needs the package {package}, which is not installed; install it with:"
            f" {install_command('server')}"
        ) from error
    if host not in LOOPBACK and token_file is None:
        raise UsageError(f"Others can reach {host}, so give a secret with --token-file; make one: openssl rand -hex 32")
    settings = Settings(
        host, port, _token(token_file) if token_file else "", allow_hosts, tuple(map(_root, roots)), log_questions,
        max_upload=max_upload,
    )  # fmt: skip
    listening = bind(settings)
    shown, port = f"[{host}]" if ":" in host else host, listening.getsockname()[1]
    if host not in LOOPBACK:
        warn(_NO_TLS.format(host=shown, port=port))
    with options.open_library() as library, _watching(library) if watch else nullcontext():
        app = create_app(library, settings)
        serve_app(app, listening, lambda: click.echo(f"http://{shown}:{port}", err=True))


def _watching(library: Library) -> Watcher:
    from wherein.commands.watch import WatchReporter

    watcher = library.watch(report=WatchReporter(err=True))
    Thread(target=_report_end, args=[watcher], daemon=True).start()
    return watcher


def _report_end(watcher: Watcher) -> None:
    """Say why the sources are no longer followed: the server keeps running."""
    try:
        watcher.wait()
    except BaseException as error:
        reason = str(error) if isinstance(error, WhereinError) else type(error).__name__
        warn(f"the sources are no longer followed: {reason}; to follow them again, restart the server")


def _token(path: Path) -> str:
    """Return the token in a file. Raises UsageError for one that is easy to guess."""
    try:
        token = path.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The token file {path} cannot be read: {getattr(error, 'strerror', 'it is not ASCII')}"
        ) from None
    if len(token) < _LEAST_TOKEN or not token.isprintable() or " " in token:
        raise UsageError(f"The token in {path} is too short, or not one word; make one: openssl rand -hex 32 > {path}")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        warn(f"others on this machine can read the token; run: chmod 600 {path}")
    return token


def _root(path: Path) -> str:
    if not path.is_dir():
        raise UsageError(f"There is no folder {path}; --root names a folder that exists")
    return real_path(os.fspath(path))
