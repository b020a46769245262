"""What a module of the product sees of Windows: its paths, on a disk where nothing is."""

import ntpath
import os
from collections.abc import Iterable
from functools import partial
from types import ModuleType, SimpleNamespace

import pytest

from wherein import uri

__all__ = ["as_on_windows"]

_FUNCTIONS = ("file_uri", "file_path", "split_path", "uri_parts", "with_slashes")


def as_on_windows(monkeypatch: pytest.MonkeyPatch, modules: Iterable[ModuleType], folder: str = "C:\\work") -> None:
    """Let `modules` take paths as on Windows; `folder` is the current one."""
    paths = SimpleNamespace(**{name: getattr(ntpath, name) for name in dir(ntpath) if not name.startswith("__")})
    paths.realpath = paths.abspath = lambda path: ntpath.normpath(ntpath.join(folder, path))
    paths.expanduser = lambda path: path.replace("~", "C:\\Users\\ann", 1) if path.startswith("~") else path
    paths.lexists = lambda _: False
    paths.relpath = lambda path, start: ntpath.relpath(path, start)
    system = SimpleNamespace(
        path=paths, sep="\\", altsep="/", curdir=".", pardir="..", name="nt", getcwd=lambda: folder, fspath=os.fspath,
        fsencode=lambda text: text.encode("utf-8", "surrogatepass"),
    )  # fmt: skip
    for module in modules:
        if hasattr(module, "os"):
            monkeypatch.setattr(module, "os", system)
        if hasattr(module, "real_path"):
            monkeypatch.setattr(module, "real_path", lambda name: paths.realpath(paths.expanduser(name)))
        for name in _FUNCTIONS:
            if hasattr(module, name):
                monkeypatch.setattr(module, name, partial(getattr(uri, name), windows=True))
