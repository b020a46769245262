"""`wherein mcp`."""

from __future__ import annotations

import os
from importlib.util import find_spec

import click

from wherein.commands.completing import complete_files
from wherein.commands.nightly import folder_variables, program_with_options
from wherein.commands.options import GlobalOptions
from wherein.commands.output import display_path, warn
from wherein.errors import UsageError, WhereinError
from wherein.installation import install_command
from wherein.server.mcp.clients import CLIENTS, clients, described_entry, merge_into, server_entry

__all__ = ["mcp"]


@click.command()
@click.option("--allow-write", is_flag=True, help="Let the agent ingest files and remove documents, below each --root.")
@click.option(
    "--root",
    "roots",
    multiple=True,
    metavar="FOLDER",
    shell_complete=complete_files,
    help="A folder for --allow-write; may be repeated.",
)
@click.option("--install", type=click.Choice(CLIENTS), help="Only print the configuration of this program.")
@click.option(
    "--write", is_flag=True, help="With --install: add it to the program's file; a copy of the old one is kept."
)
@click.pass_obj
def mcp(options: GlobalOptions, allow_write: bool, roots: tuple[str, ...], install: str | None, write: bool) -> None:
    """Serve the library to an agent over standard input and output, by the Model Context Protocol.

    An agent can search and read; with --allow-write it can also ingest files below the named folders, and remove
    their documents.
    """
    if bool(roots) != allow_write:
        raise UsageError("--allow-write needs at least one --root FOLDER, and --root needs --allow-write")
    if write and not install:
        raise UsageError("--write goes with --install")
    if find_spec("mcp") is None or find_spec("tomlkit") is None:
        raise WhereinError(f"To serve agents, install: {install_command('mcp')}")
    if install:
        _install(options, install, roots, write)
        return
    from wherein.server.mcp.protocol import serve_stdio
    from wherein.server.mcp.writing import Roots

    with options.open_library() as library:
        serve_stdio(library, Roots.of(roots) if roots else None)


def _install(options: GlobalOptions, name: str, roots: tuple[str, ...], write: bool) -> None:
    from wherein.server.mcp.writing import Roots

    client = clients()[name]
    folders = [word for folder in Roots.of(roots).folders for word in ("--root", folder)]
    words = [*program_with_options(options), "mcp", *(["--allow-write", *folders] if roots else [])]
    entry = server_entry(client, words, folder_variables())
    if not write:
        warn(f"this goes in {display_path(os.fspath(client.path))}; --write adds it")
        click.echo(described_entry(client, entry), nl=False)
        return
    copy = merge_into(client, entry)
    click.echo(f"{client.path} has the server; restart {name}")
    if copy:
        click.echo(f"the former file is {copy}")
