"""Locations as URIs, and on a line that a terminal can show."""

import os
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.errors import UsageError
from wherein.uri import (
    comparable,
    display,
    display_path,
    display_uri,
    file_path,
    file_uri,
    possible_uris,
    readings,
    real_path,
    record_uri,
    split_path,
    stdin_uri,
    uri_parts,
    web_address,
    with_slashes,
)


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


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("memo", "stdin:memo"),
        ("my memo ü", "stdin:my memo ü"),  # as earlier versions stored it
        ("50 % of it", "stdin:50 % of it"),
        ("50%20", "stdin:50%2520"),
        ("\udcff", "stdin:%FF"),
        ("%FF", "stdin:%25FF"),
        ("a#b\nc", "stdin:a%23b%0Ac"),
    ],
)
def test_texts_from_standard_input(name: str, uri: str) -> None:
    assert stdin_uri(name) == uri
    assert display_uri(uri) == f"stdin:{display(name)}"
    assert uri in possible_uris(f"stdin:{name}")
    assert uri in possible_uris(display_uri(uri))
    assert uri in possible_uris(uri)


ODD_NAMES = [
    "a.txt", "a b.txt", "100%.txt", "a%20b.txt", "a#b.txt", "#", "~", "~root", "what?.txt", "[1] *.txt", "a\nb",
    "caf\udce9", "stdin:x", "7", "\\xe9", "\x1b[31m", "gr\u00f6\u00dfe", "gro\u0308\u00dfe", "한글.txt", " ", "\ue000",
    "-x", "http:", "é\udcff\t",
]  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("key", ["", "a", "a b", "100%", "a%20b", "a#b/c", "Mü\n"])
def test_whatever_is_shown_is_understood(name: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.path.realpath(tmp_path)
    monkeypatch.chdir(folder)
    uri = record_uri(file_uri(f"{folder}/{name}"), key)
    for written in (display_uri(uri), uri, f"./{name}" + (f"#{key}" if key else "")):
        assert is_understood(written, uri)
    monkeypatch.chdir("/")
    assert is_understood(display_uri(uri), uri)


def is_understood(written: str, uri: str) -> bool:
    """Whether what is written is found at once; with a backslash in a name it may take a look at all names."""
    meant = possible_uris(written)
    return uri in meant or ("%5C" in uri and comparable(uri) in map(comparable, meant))


@given(st.binary(min_size=1, max_size=12).filter(lambda raw: not set(raw) & set(b"\0/") and raw not in (b".", b"..")))
def test_any_name_is_understood_as_it_is_shown(raw: bytes) -> None:
    name = os.fsdecode(raw)
    uri = file_uri(f"/nowhere at all/{name}")
    assert is_understood(display_uri(uri), uri)
    assert b"\\" in raw or name in readings(display(name))


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("file:///d/ä b.txt", "file:///d/%C3%A4%20b.txt"),
        ("FILE:///d/%c3%a4", "file:///d/%C3%A4"),
        ("file:///d/./e/../r.jsonl#a b", "file:///d/r.jsonl#a%20b"),
        ("HTTPS://Example.ORG/ä#x", "https://example.org/%C3%A4#x"),
        ("https://example.org", "https://example.org/"),
    ],
)
def test_addresses_are_understood_as_people_write_them(name: str, uri: str) -> None:
    assert uri in possible_uris(name)


def test_links_are_resolved_and_paths_of_earlier_versions_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(os.path.realpath(tmp_path))
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "link").symlink_to("a/b")
    monkeypatch.chdir(folder)
    assert (folder / "a/x.txt").as_uri() in possible_uris("link/../x.txt")
    assert {(folder / "a/b/x").as_uri(), (folder / "link/x").as_uri()} <= set(possible_uris("link/x"))


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "\\x00", "\\U00110000", "#" * 5_000, "/" * 9_000, "a/" * 3_000])
def test_what_names_nothing_is_no_error(name: str) -> None:
    assert all(uri.isprintable() or uri == name for uri in possible_uris(name))
    assert len(possible_uris(name)) < 200


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("file:///d/gr%C3%B6", "file:///d/gro%CC%88", True),
        ("file:///%ED%95%9C", "file:///%E1%84%92%E1%85%A1%E1%86%AB", True),
        ("file:///%E3%81%8C.txt#a", "file:///%E3%81%8B%E3%82%99.txt#a", True),
        ("stdin:ö", "stdin:o\u0308", True),
        ("file:///d/gro", "file:///d/gr%C3%B6", False),
        ("file:///%E9", "file:///%C3%A9", False),
        ("file:///%E9", "file:///%5Cxe9", True),  # both are shown as /\xe9
        ("file:///A", "file:///a", False),
    ],
)
def test_comparable(one: str, other: str, alike: bool) -> None:
    assert (comparable(one) == comparable(other)) is alike


def test_a_deleted_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert display_path("/d/a") == "/d/a"
    assert possible_uris("a") == ["a"]
    assert "file:///d/a" in possible_uris("/d/a")
    assert real_path("/d/../a") == "/a"
    with pytest.raises(UsageError, match=r"^The current folder has been deleted"):
        real_path("a")


WINDOWS_PATHS = [
    ("C:\\docs\\a b.txt", "file:///C:/docs/a%20b.txt"),
    ("c:\\docs\\a.txt", "file:///C:/docs/a.txt"),
    ("C:/docs/a.txt", "file:///C:/docs/a.txt"),
    ("C:\\", "file:///C:/"),
    ("D:\\Grüße\\#1 50%.txt", "file:///D:/Gr%C3%BC%C3%9Fe/%231%2050%25.txt"),
    ("\\\\server\\share\\a b.txt", "file://server/share/a%20b.txt"),
    ("\\\\?\\C:\\very\\long.txt", "file:///C:/very/long.txt"),
    ("\\\\?\\UNC\\server\\share\\long.txt", "file://server/share/long.txt"),
    ("C:\\a\ud800b", "file:///C:/a%ED%A0%80b"),
]


@pytest.mark.parametrize(("path", "uri"), WINDOWS_PATHS)
def test_a_path_of_windows_has_one_uri(path: str, uri: str) -> None:
    assert file_uri(path, windows=True) == uri
    back = file_path(uri, windows=True)
    assert back is not None
    assert file_uri(back, windows=True) == uri
    begin, rest = uri_parts(path, windows=True)
    assert uri.startswith(begin)
    assert "\\" not in rest


@pytest.mark.parametrize(
    ("path", "uri"), [pair for pair in WINDOWS_PATHS if "?" not in pair[0] and "\ud800" not in pair[0]]
)
def test_it_is_the_uri_of_pathlib(path: str, uri: str) -> None:
    assert PureWindowsPath(path[0].upper() + path[1:]).as_uri() == uri


_NAMES = st.text(
    st.characters(blacklist_characters='\\/:*?"<>|\0', blacklist_categories=["Cs"]), min_size=1, max_size=8
)


@given(st.sampled_from(["C:\\", "z:\\", "\\\\server\\share\\"]), st.lists(_NAMES, max_size=4), _NAMES)
def test_every_path_of_windows_comes_back(root: str, names: list[str], key: str) -> None:
    path = root + "\\".join(names)
    uri = file_uri(path, windows=True)
    assert uri.isascii()
    assert file_path(record_uri(uri, key), windows=True) == path[0].upper() + path[1:]
    assert split_path(path, windows=True) == (root, "\\".join(names).split("\\"))


@pytest.mark.parametrize(
    ("path", "windows", "root", "names"),
    [
        ("/a/b", False, "/", ["a", "b"]),
        ("/", False, "/", [""]),
        ("/C:\\a/b", False, "/", ["C:\\a", "b"]),
        ("C:\\a\\*.txt", True, "C:\\", ["a", "*.txt"]),
        ("C:/a/*.txt", True, "C:\\", ["a", "*.txt"]),
        ("\\\\server\\share\\x", True, "\\\\server\\share\\", ["x"]),
    ],
)
def test_a_path_is_split_at_its_root(path: str, windows: bool, root: str, names: list[str]) -> None:
    assert split_path(path, windows=windows) == (root, names)


def test_a_backslash_separates_names_on_windows_alone() -> None:
    assert with_slashes("a\\b/*.md", windows=True) == "a/b/*.md"
    assert with_slashes("a\\b/*.md", windows=False) == "a\\b/*.md"
    assert file_uri("/a\\b", windows=False) == "file:///a%5Cb"
    assert file_path("file:///C:/a", windows=False) == "/C:/a"  # of a library that was made on Windows
    assert file_path("file:///home/a", windows=True) == "\\home\\a"
