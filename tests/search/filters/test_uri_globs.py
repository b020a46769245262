"""Glob patterns against the URIs of files, in which bytes are percent-encoded."""

import re
from urllib.parse import quote_from_bytes

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
