"""Exclusions: the form in which they are stored, what they match, and which of them hold for which source."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from wherein.errors import UsageError
from wherein.ingest.sources import exclusions, names
from wherein.ingest.sources.exclusions import Exclusions, Rules, exclusions_for, rebased, stored_lines
from wherein.storage.catalog.sources import Source
from windows import as_on_windows


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the source `r`."""
    for name in ("r/priv", "r/r/x", "r/[2024] notes", "r/deep/er", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to("r")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        ("priv", ["priv"]),
        ("priv/", ["priv/"]),
        ("*.log", ["*.log"]),
        ("./priv", ["/priv"]),
        ("r/priv", ["/priv"]),
        ("./r//priv/", ["/priv/"]),
        ("link/priv", ["/priv"]),
        ("elsewhere/../r/priv", ["/priv"]),
        ("r/*.log", ["/*.log"]),
        ("deep/er", ["/deep/er"]),
        ("deep/none", ["/deep/none"]),
        ("r/none", ["/none"]),
        ("r/x", ["/r/x"]),
        ("r/r", ["/r"]),
        ("**/er", ["/**/er"]),
        ("/priv", ["/priv"]),
        ("!deep/er", ["!/deep/er"]),
        ("[2024] notes", ["\\[2024\\]\\ notes"]),
        ("r/[2024] notes", ["/\\[2024\\]\\ notes"]),
        ("../elsewhere/x", []),
    ],
)
def test_a_pattern_is_stored_relative_to_its_source(folder: Path, pattern: str, lines: list[str]) -> None:
    assert stored_lines(pattern, str(folder / "r")) == lines


def test_an_absolute_path_below_the_source_or_elsewhere(folder: Path) -> None:
    assert stored_lines(f"{folder}/r/priv", str(folder / "r")) == ["/priv"]
    assert stored_lines(f"{folder}/link/deep/*", str(folder / "r")) == ["/deep/*"]
    assert stored_lines(f"{folder}/elsewhere", str(folder / "r")) == []


def test_a_path_that_is_in_both_folders_is_excluded_in_both(folder: Path) -> None:
    (folder / "r/x").mkdir()
    assert stored_lines("r/x", str(folder / "r")) == ["/x", "/r/x"]


@pytest.mark.parametrize("pattern", ["", "  ", "!"])
def test_what_is_no_pattern_is_refused(folder: Path, pattern: str) -> None:
    with pytest.raises(UsageError):
        stored_lines(pattern, str(folder))


def source(number: int, uri: str, *exclude: str) -> Source:
    return Source(number, uri, "path", exclude, None, "", pattern=False)


OUTER, INNER, PRIVATE = source(1, "/r", "priv", "*.log"), source(2, "/r/sub", "/secret"), source(3, "/r/sub/priv")


@pytest.mark.parametrize(
    ("walked", "path", "is_excluded"),
    [
        (OUTER, "/r/priv/a.txt", True),
        (OUTER, "/r/sub/secret/a.txt", True),
        (OUTER, "/r/secret", False),
        (INNER, "/r/sub/priv/a.txt", True),
        (INNER, "/r/sub/a.log", True),
        (PRIVATE, "/r/sub/priv/a.txt", False),
        (PRIVATE, "/r/sub/priv/a.log", True),
    ],
)
def test_the_exclusions_of_overlapping_sources_hold(walked: Source, path: str, is_excluded: bool) -> None:
    assert exclusions_for(walked, [OUTER, INNER, PRIVATE]).excludes(path) is is_excluded


def test_a_link_does_not_lead_around_an_exclusion() -> None:
    exclusions = exclusions_for(source(4, "/s"), [OUTER])
    assert exclusions.verdict("/s/link", "/r/priv", True) is True
    assert exclusions.verdict("/s/link", "/r/other", True) is None


def test_what_matched_is_noted() -> None:
    exclusions = Exclusions(Rules("/r", ("a", "/b", "c")), watch=["a", "/b", "c"])
    for path in ("/r/x/a", "/r/b", "/r/x/d"):
        exclusions.verdict(path, path, False)
    assert exclusions.matched == {"a", "/b"}


def test_exclusions_go_on_to_a_source_around_theirs() -> None:
    assert rebased(Rules("/r/s ub", ("priv", "/a/b", "!/c")), "/r") == (
        "/s\\ ub/**/priv", "/s\\ ub/a/b", "!/s\\ ub/c",
    )  # fmt: skip
    assert rebased(Rules("/r", ("priv",)), "/r") == ("priv",)


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        ("*.log", ["*.log"]),
        ("private\\", ["private/"]),
        ("C:\\work\\r\\private", ["/private"]),
        ("C:/work/r/private/", ["/private/"]),
        ("!C:\\work\\r\\[2024] a\\b", ["!/\\[2024\\]\\ a/b"]),
        ("r\\old", ["/old"]),
        (".\\r\\old\\", ["/old/"]),
    ],
)
def test_exclusions_of_windows(monkeypatch: pytest.MonkeyPatch, pattern: str, lines: list[str]) -> None:
    as_on_windows(monkeypatch, [names, exclusions])
    monkeypatch.setattr(names, "glob", SimpleNamespace(has_magic=lambda _: False, escape=lambda path: path))
    monkeypatch.setattr(exclusions, "glob", SimpleNamespace(iglob=lambda *_, **__: iter(())))
    assert stored_lines(pattern, "C:\\work\\r") == lines


def test_a_path_of_windows_is_matched_below_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_windows(monkeypatch, [names, exclusions])
    rules = Rules("C:\\work\\r", ("/private", "*.log"))
    assert rebased(Rules("C:\\work\\r\\deep", ("/x", "*.log")), "C:\\work\\r") == ("/deep/x", "/deep/**/*.log")
    assert rules.without_those_for("C:\\work\\r\\private") == Rules("C:\\work\\r", ("*.log",))
