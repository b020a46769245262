"""The one form in which a source is stored."""

import glob
from pathlib import Path
from types import SimpleNamespace

import pytest

from wherein.ingest.sources import names
from wherein.ingest.sources.names import SourceName, source_name
from windows import as_on_windows


@pytest.mark.parametrize(
    ("name", "path", "pattern"),
    [
        ("[odd] folder", "[odd] folder", ""),
        ("[odd] folder/gone.txt", "[odd] folder/gone.txt", ""),  # what is missing is no pattern because of its folder
        ("[odd] folder/*.txt", "[odd] folder", "*.txt"),
        ("[odd] folder/a?b", "[odd] folder/a?b", ""),
        ("link/../[x]*", "real", "[x]*"),
        ("**/[odd] folder/./a", "", "**/[odd] folder/a"),
    ],
)
def test_what_exists_is_literal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, path: str, pattern: str
) -> None:
    (tmp_path / "[odd] folder").mkdir()
    (tmp_path / "[odd] folder" / "a?b").write_text("")
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real/inner")
    monkeypatch.chdir(tmp_path)
    found = source_name(name)
    assert (found.path, found.pattern) == (str(tmp_path / path), pattern)
    assert SourceName.of_stored(found.stored, bool(pattern)) == SourceName(found.path, found.pattern)


@pytest.mark.parametrize(
    ("name", "path", "pattern", "stored"),
    [
        ("C:\\docs\\a.txt", "C:\\docs\\a.txt", "", "C:\\docs\\a.txt"),
        ("docs", "C:\\work\\docs", "", "C:\\work\\docs"),
        ("~\\notes", "C:\\Users\\ann\\notes", "", "C:\\Users\\ann\\notes"),
        ("C:\\docs\\*.md", "C:\\docs", "*.md", "C:\\docs\\*.md"),
        ("C:/docs/**/*.md", "C:\\docs", "**\\*.md", "C:\\docs\\**\\*.md"),
        ("*.md", "C:\\work", "*.md", "C:\\work\\*.md"),
        ("D:\\*\\a.md", "D:\\", "*\\a.md", "D:\\*\\a.md"),
        ("\\\\server\\share\\*.md", "\\\\server\\share\\", "*.md", "\\\\server\\share\\*.md"),
    ],
)
def test_names_of_windows(monkeypatch: pytest.MonkeyPatch, name: str, path: str, pattern: str, stored: str) -> None:
    monkeypatch.setattr(names, "glob", SimpleNamespace(has_magic=glob.has_magic, escape=lambda path: path))
    as_on_windows(monkeypatch, [names])
    found = source_name(name)
    assert (found.path, found.pattern, found.stored) == (path, pattern, stored)
    assert SourceName.of_stored(found.stored, bool(pattern)) == SourceName(path, pattern)
