"""Processes that are forked from a server which has imported the program, so that each starts at once."""

import importlib
import multiprocessing
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

__all__ = ["fork_server", "run_command"]

_PACKAGES = ("commands", "embed", "evaluation", "ingest", "library", "render", "search", "storage")
_LIBRARIES = ("click", "faiss", "hypothesis", "numpy", "openvino", "pytest", "rich.console", "sqlite_utils", "yaml")
_HELPERS = ("inline_pool", "invariants", "mortal", "small_library", "toy", "two_models")
# What only a server for many programs needs is slow to import.
_LEFT_OUT = ("wherein.library.langchain", "wherein.commands.mcp", "wherein.commands.serve")
_ENVIRONMENT = dict(os.environ)


@cache
def fork_server() -> ForkServerContext:
    """Start the server, with the environment of the test run, and return what starts processes in it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_LIBRARIES, *_modules(), *_HELPERS])
    # Python 3.11 does not hand its path on to the server.
    path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with patch.dict(os.environ, {**_ENVIRONMENT, **path}, clear=True):
        forkserver.ensure_running()
    return context


def run_command(
    *arguments: str, environment: dict[str, str], folder: Path, stdin: str = "", timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `wherein` in a process of its own, whose standard streams are files; as `subprocess.run` otherwise."""
    with TemporaryDirectory() as made:
        streams = [Path(made, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_text(stdin, "utf-8")
        process = fork_server().Process(target=_run, args=(arguments, environment, folder, streams))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(list(arguments), timeout)
        stdout, stderr = (path.read_text("utf-8") for path in streams[1:])
    return subprocess.CompletedProcess(list(arguments), process.exitcode, stdout, stderr)


def _run(arguments: Sequence[str], environment: dict[str, str], folder: Path, streams: Sequence[Path]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for descriptor, path in enumerate(streams):
        opened = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, descriptor)
        os.close(opened)
    # The product replaces the streams of its process, which these are, and leaves others alone.
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.argv = ["wherein", *arguments]
    from wherein import cli

    cli.main(prog_name="wherein")


def _modules() -> Iterator[str]:
    for name in _PACKAGES:
        package = importlib.import_module(f"wherein.{name}")
        yield package.__name__
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name not in _LEFT_OUT:
                yield module.name
