"""What a robots.txt allows."""

import pytest

from wherein.ingest.sources.robots import ROBOTS_LIMIT, Robots

SITE = "https://example.org"


def allowed(rules: str | bytes, *paths: str) -> list[bool]:
    robots = Robots(rules if isinstance(rules, bytes) else rules.encode())
    return [robots.allow(SITE + path) for path in paths]


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        ("Disallow: /*.pdf$", "/a/b.pdf", False),
        ("Disallow: /*.pdf$", "/a/b.pdf?page=2", True),
        ("Disallow: /*.pdf", "/a/b.pdf?page=2", False),
        ("Disallow: /shop\nAllow: /shop/help", "/shop/help/1", True),
        ("Disallow: /shop\nAllow: /shop/help", "/shop/cart", False),
        ("Allow: /a\nDisallow: /a", "/a", True),
        ("Disallow: /a\nAllow: /a", "/a", True),
        ("Disallow: /*/private/", "/x/y/private/z", False),
        ("Disallow: /\nAllow: /$", "/", True),
        ("Disallow: /\nAllow: /$", "/index.html", False),
        ("Disallow: /caf%C3%A9", "/café", False),
        ("Disallow: /café", "/caf%C3%A9/menu", False),
        ("Disallow: /search?q=", "/search?q=a", False),
        ("Disallow: /a # a comment", "/a", False),
        ("Disallow:", "/a", True),
        ("disallow : /a", "/a", False),
        ("Crawl-delay: 10\nDisallow: /a", "/a", False),
        ("Disallow: /", "/robots.txt", True),
    ],
)
def test_the_longest_rule_counts(rules: str, path: str, expected: bool) -> None:
    for newline in ("\n", "\r\n", "\r"):
        assert allowed(f"User-agent: *\n{rules}\n".replace("\n", newline), path) == [expected]


def test_the_group_for_this_program_replaces_the_one_for_all() -> None:
    rules = "User-agent: *\nDisallow: /a\n\nUser-agent: Wherein\nUser-agent: other\nDisallow: /b\n"
    assert allowed(rules, "/a", "/b") == [True, False]
    assert allowed("User-agent: otherwherein\nDisallow: /\n", "/a") == [True]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings(codec: str) -> None:
    assert allowed("User-agent: *\nDisallow: /caf\xe9\nDisallow: /b\n".encode(codec), "/b", "/café", "/c") == [
        False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"\xff\0" * 100, b"<html><p>Not found", b"Disallow: /", b"\n" * 1_000])
def test_what_is_no_rules_allows_all(data: bytes) -> None:
    assert allowed(data, "/", "/a") == [True, True]


def test_a_rule_that_the_limit_cuts_off_does_not_count() -> None:
    start = b"User-agent: *\nDisallow: /b\n"
    filler = b"#" * (ROBOTS_LIMIT - len(start) - len(b"\nDisallow: /a"))
    assert allowed(start + filler + b"\nDisallow: /a", "/a", "/b") == [True, False]
