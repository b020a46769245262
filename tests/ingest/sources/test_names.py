"""The one form in which a source is stored."""

from pathlib import Path

import pytest

from wherein.ingest.sources.names import SourceName, source_name


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
