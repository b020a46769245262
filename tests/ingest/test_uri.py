"""Locations as URIs, and on a line that a terminal can show."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.errors import UsageError
from wherein.ingest.uri import display, file_path, file_uri, real_path, record_uri, web_address


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/a b/é", "/a b/é"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("a\udcffb", "a\\xffb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u202eb\xa0", "a\\u202eb\\u00a0"),
        ("\U000e0001\ud800", "\\U000e0001\\ud800"),
    ],
)
def test_display(path: str, shown: str) -> None:
    assert display(path) == shown


@given(st.binary(max_size=20))
def test_display_is_printable(raw: bytes) -> None:
    assert display(os.fsdecode(raw)).isprintable()


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("http://example.org", "http://example.org/"),
        ("HTTPS://Example.ORG:8080/A b?q=ü#part", "https://example.org:8080/A%20b?q=%C3%BC"),
        ("https://bücher.example/%C3%BC", "https://xn--bcher-kva.example/%C3%BC"),
        ("http://[::1]/", "http://[::1]/"),
        ("ftp://example.org", None),
        ("notes.txt", None),
        ("http:/notes.txt", None),
    ],
)
def test_addresses(name: str, address: str | None) -> None:
    assert web_address(name) == address
    assert address is None or web_address(address) == address


@pytest.mark.parametrize("name", ["http://", "http://x:y/", "http://a:b@c/", "https://[x/", "http://x:99999999/"])
def test_addresses_that_make_no_sense(name: str) -> None:
    with pytest.raises(UsageError, match=r"address of a web page|name or password"):
        web_address(name)


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/a b/é.txt", "file:///a%20b/%C3%A9.txt"),
        ("/100%#1", "file:///100%25%231"),
        ("/undec\udcffodable", "file:///undec%FFodable"),
    ],
)
def test_file_uris(path: str, uri: str) -> None:
    assert file_uri(path) == uri
    assert file_path(uri) == path
    assert file_path(f"{uri}#key/1") == path


@given(st.binary(max_size=30).filter(lambda raw: b"\0" not in raw))
def test_any_path_comes_back_from_its_uri(raw: bytes) -> None:
    path = "/" + os.fsdecode(raw)
    uri = file_uri(path)
    assert uri.isascii()
    assert uri.isprintable()
    assert file_path(uri) == path


@pytest.mark.parametrize("uri", ["https://example.org/a", "stdin:name", "/a"])
def test_other_uris_name_no_path(uri: str) -> None:
    assert file_path(uri) is None


def test_a_record_is_named_by_its_key() -> None:
    assert record_uri("file:///a.csv", "") == "file:///a.csv"
    assert record_uri("file:///a.csv", "10/a b#c") == "file:///a.csv#10/a%20b%23c"


def test_real_path_resolves_links_before_dots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a/b")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    real = os.path.realpath(tmp_path)
    assert real_path("link/../x.txt") == f"{real}/a/x.txt"
    assert real_path("~/link") == f"{real}/a/b"
    assert real_path("caf\udce9/.") == f"{real}/caf\udce9"
