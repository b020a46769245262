"""Glob patterns against the URIs of files, in which bytes are percent-encoded."""

import os
import re
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.errors import UsageError
from wherein.search.filters import uri_globs
from wherein.search.filters.uri_globs import uri_pattern
from wherein.uri import display_uri, file_uri
from windows import as_on_windows


def test_a_byte_that_is_not_utf_8_is_one_character() -> None:
    pattern = re.compile(uri_pattern("???.txt"), re.DOTALL)
    assert pattern.fullmatch("file:///docs/" + quote_from_bytes("äöü.txt".encode("latin-1")))
    assert pattern.fullmatch("file:///docs/" + quote_from_bytes("äö語.txt".encode()))
    assert not pattern.fullmatch("file:///docs/" + quote_from_bytes("ä.txt".encode()))


def test_a_pattern_of_many_stars_is_matched_in_bounded_time() -> None:
    pattern = re.compile(uri_pattern("*a" * 40 + "b"), re.DOTALL)
    assert pattern.fullmatch("file:///" + "a" * 2_000) is None
    assert pattern.fullmatch("file:///" + "a" * 2_000 + "b") is not None


def matches(pattern: str, uri: str) -> bool:
    return re.fullmatch(uri_pattern(pattern), uri, re.DOTALL) is not None


@pytest.mark.parametrize(
    ("pattern", "uri", "matched"),
    [
        ("*.md", "file:///d/a.md", True),
        ("*.md", "file:///d/a.mdx", False),
        ("notes", "file:///d/notes/x/a.md", True),
        ("notes", "file:///d/my-notes/a.md", False),
        ("notes/", "file:///d/notes/a.md", True),
        ("notes/*.md", "file:///notes/x/a.md", True),
        ("/d/*", "file:///d/x/a.md", True),
        ("/d", "file:///e/d/a.md", False),
        ("/d/a b.md", "file:///d/a%20b.md", True),
        ("a.jsonl", "file:///d/a.jsonl#7", True),
        ("a.jsonl#7", "file:///d/a.jsonl#7", True),
        ("a#7.md", "file:///d/a%237.md", True),
        ("[ab].md", "file:///d/b.md", True),
        ("[!ab].md", "file:///d/b.md", False),
        ("[!ab].md", "file:///d/%C3%A4.md", True),
        ("[a-c].md", "file:///d/d.md", False),
        ("[]].md", "file:///d/%5D.md", True),
        ("[a.md", "file:///d/%5Ba.md", True),
        ("?.md", "file:///d/%C3%A4.md", True),
        ("https://example.org/*", "https://example.org/a/b", True),
        ("https://example.org", "https://example.org/a", True),
        ("example.org", "https://example.org/a", True),
        ("note", "stdin:note", True),
        ("A4.md", "file:///d/%C3%A4.md", False),
        ("*A4.md", "file:///d/%C3%A4.md", False),
        ("%C3%A4.md", "file:///d/%C3%A4.md", False),
        ("%C3%A4.md", "file:///d/%25C3%25A4.md", True),
        (".*", "file:///d/a.md", False),
    ],
)
def test_patterns_and_uris(pattern: str, uri: str, matched: bool) -> None:
    assert matches(pattern, uri) is matched


def test_a_path_is_relative_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert matches("./a.md", (tmp_path / "a.md").as_uri())
    assert matches("..", (tmp_path / "a.md").as_uri())
    assert matches("~/a.md", (tmp_path / "home" / "a.md").as_uri())
    assert not matches("./a.md", "file:///elsewhere/a.md")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "A path or pattern of documents has 1 to 4,096 characters"),
        ("a" * 4_097, "A path or pattern of documents has 1 to 4,096 characters"),
        ("a\0b", "A path or pattern of documents holds a character that no file name can have"),
        ("\ud800", "A path or pattern of documents holds a character that no file name can have"),
        ("[\u0100-\uffff]", "has too many characters"),
        ("[b-a]", "has no characters in it, or too many"),
        (f"[{'ab' * 257}]", "has no characters in it, or too many"),
    ],
)
def test_a_pattern_that_is_not_valid_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        uri_pattern(pattern)


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/*?["), min_size=1, max_size=12)


@given(NAMES.filter(lambda name: not re.match(r"\.\.?$|~|[a-z][a-z0-9+.-]+:", name)), NAMES)
def test_a_name_without_wildcards_matches_its_own_uri_at_any_depth(name: str, folder: str) -> None:
    uri = "file:///" + quote_from_bytes(os.fsencode(f"{folder}/{name}"))
    assert matches(name, uri)
    assert matches(f"/{folder}/{name}", uri) is (folder not in (".", ".."))
    assert not matches(f"/{folder}/{name}", uri + "x")


# Names of real files and folders.


@pytest.mark.parametrize(
    ("folder", "pattern", "matched"),
    [
        ("[2024] notes", ".", True),
        ("[2024] notes", "./a.md", True),
        ("[2024] notes", "./*.md", True),
        ("[2024] notes", "../[2024] notes/*.md", True),
        ("[2024] notes", "a.md", True),
        ("what? *really*", ".", True),
        ("what? *really*", "./a.md", True),
        ("100% #1", "./a.md", True),
        ("caf\udce9", ".", True),
        ("caf\udce9", "a.md", True),
        ("[b-a]", "../[b-a]", True),
        ("[b-a]", "..", True),
        ("[ab]", "../a", False),
    ],
)
def test_a_folder_may_have_any_name(
    folder: str, pattern: str, matched: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(os.path.realpath(tmp_path), folder)
    path.mkdir()
    (path / "a.md").touch()
    monkeypatch.chdir(path)
    assert matches(pattern, file_uri(f"{path}/a.md")) is matched


def test_the_name_of_an_existing_file_or_folder_is_no_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.path.realpath(tmp_path)
    monkeypatch.chdir(folder)
    for name in ("a[1].md", "b?.md", "c*"):
        Path(name).touch()
    for pattern, itself, other in (("a[1].md", "a[1].md", "a1.md"), ("b?.md", "b?.md", "bx.md"), ("c*", "c*", "cx")):
        for written in (pattern, f"./{pattern}", f"{folder}/{pattern}"):
            assert matches(written, file_uri(f"{folder}/{itself}"))
            assert not matches(written, file_uri(f"{folder}/{other}"))
    for gone in tmp_path.iterdir():
        gone.unlink()
    assert matches("a[1].md", file_uri(f"{folder}/a[1].md"))  # as it was listed
    assert matches("a[1].md", file_uri(f"{folder}/a1.md"))
    assert matches("b?.md", file_uri(f"{folder}/bx.md"))


def test_links_are_resolved_as_the_kernel_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.path.realpath(tmp_path))
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "r.jsonl").touch()
    (folder / "link").symlink_to("a/b")
    (folder / "records").symlink_to("a/r.jsonl")
    monkeypatch.chdir(f"{folder}/link")
    assert matches(".", f"file://{folder}/a/b/x.md")
    assert matches("./*.md", f"file://{folder}/a/b/x.md")
    monkeypatch.chdir(folder)
    for pattern in ("link", "./link", "link/*.md", f"{folder}/link/x.md", "link/x.md"):
        assert matches(pattern, f"file://{folder}/a/b/x.md")
    for pattern in ("link/../x.md", "./link/../x.md", "./link/../*.md", "./link/.././x.md"):
        assert matches(pattern, f"file://{folder}/a/x.md")
        assert not matches(pattern, f"file://{folder}/x.md")
    for pattern in ("./records#a", "records#a", "./records#[ab]", "./records", "./link/../r.jsonl#a"):
        assert matches(pattern, f"file://{folder}/a/r.jsonl#a")
        assert not matches("./records#b", f"file://{folder}/a/r.jsonl#a")
    assert matches("./gone/../x.md", f"file://{folder}/x.md")


@pytest.mark.parametrize(
    "pattern",
    ["gr\u00f6ssen.md", "gro\u0308ssen.md", "gr?ssen.md", "gr[\u00f6\u00fc]ssen.md", "gr[o\u0308]ssen.md",
     "gr[!\u00e4]ssen.md", "gr\u00f6*", "*\u00f6*.md", "gr[!o]ssen.md", "/d/gr\u00f6ssen.md"],
)  # fmt: skip
def test_composed_and_decomposed_names_are_the_same(pattern: str) -> None:
    assert matches(pattern, "file:///d/gr%C3%B6ssen.md")
    assert matches(pattern, "file:///d/gro%CC%88ssen.md")
    assert not matches(pattern, "file:///d/grssen.md")


@pytest.mark.parametrize("name", ["한글", "が.txt", "Å", "ệ", "é", "\u0958", "A\u0323\u0302", "\u212b", "أ", "x\u0302"])
@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
def test_any_script_is_the_same_in_both_forms(name: str, stored: str, typed: str) -> None:
    uri = file_uri("/d/" + normalize(stored, name))  # type: ignore[arg-type]
    assert matches(normalize(typed, name), uri)  # type: ignore[arg-type]
    assert matches(name, file_uri(f"/d/{name}"))
    assert not matches(name + "x", uri)


@pytest.mark.parametrize(
    ("pattern", "uri"),
    [
        ("caf\\xe9/a\\n.txt", "file:///d/caf%E9/a%0A.txt"),
        ("caf\\xe9", "file:///d/caf%5Cxe9"),
        ("r.jsonl#a b", "file:///d/r.jsonl#a%20b"),
        ("r.jsonl#a%20b", "file:///d/r.jsonl#a%20b"),
        ("r.jsonl#M\u00fc*", "file:///d/r.jsonl#M%C3%BCller"),
        ("stdin:\\xff", "stdin:%FF"),
        ("stdin:a b", "stdin:a b"),
        ("stdin:gr\u00f6", "stdin:gro\u0308"),
        ("a#b", "stdin:a%23b"),
        ("https://example.org/\u00e4", "https://example.org/%C3%A4"),
        ("https://example.org/?q=[1]", "https://example.org/?q=[1]"),
        ("file:///d/a b.md", "file:///d/a%20b.md"),
        ("file:///d/*.md", "file:///d/a%20b.md"),
        ("note:1.md", "file:///d/note%3A1.md"),
        ("stdin:x", "file:///d/stdin%3Ax"),
        ("100%.md", "file:///d/100%25.md"),
    ],
)
def test_what_is_listed_is_a_pattern_for_itself(pattern: str, uri: str) -> None:
    assert matches(pattern, uri)
    assert not matches(pattern, uri.replace("d/", "d/x") + "x")


@given(
    st.binary(min_size=1, max_size=12).filter(lambda raw: not set(raw) & set(b"\0/*?[") and raw not in (b".", b".."))
)
def test_whatever_is_shown_matches_itself(raw: bytes) -> None:
    name = os.fsdecode(raw)
    uri = file_uri(f"/nowhere at all/{name}")
    assert b"\\" in raw or matches(display_uri(uri), uri)
    assert matches(f"/nowhere at all/{name}", uri)


@pytest.mark.parametrize(
    ("pattern", "uri", "matched"),
    [
        ("C:\\docs\\*.md", "file:///C:/docs/a.md", True),
        ("c:/docs/*.md", "file:///C:/docs/deep/a.md", True),
        ("C:\\docs", "file:///C:/docs/a%20b.md", True),
        ("C:\\docs", "file:///C:/docs2/a.md", False),
        ("C:\\docs\\*.md", "file:///D:/docs/a.md", False),
        ("\\\\server\\share\\*.md", "file://server/share/a.md", True),
        (".\\notes\\*.md", "file:///C:/work/notes/a.md", True),
        ("notes\\*.md", "file:///D:/x/notes/a.md", True),
        ("~\\notes", "file:///C:/Users/ann/notes/a.md", True),
        ("C:\\", "file:///C:/anything.md", True),
    ],
)
def test_patterns_of_windows(monkeypatch: pytest.MonkeyPatch, pattern: str, uri: str, matched: bool) -> None:
    as_on_windows(monkeypatch, [uri_globs])
    assert matches(pattern, uri) == matched
