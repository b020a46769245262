"""Glob patterns against the URIs of files, in which bytes are percent-encoded."""

import os
import re
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.errors import UsageError
from wherein.search.filters.uri_globs import uri_pattern


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
        ("", "--in needs a path or pattern of 1 to 4,096 characters"),
        ("a" * 4_097, "--in needs a path or pattern of 1 to 4,096 characters"),
        ("a\0b", "--in has a character that no file name can have"),
        ("\ud800", "--in has a character that no file name can have"),
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
