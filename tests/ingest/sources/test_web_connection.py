"""Where redirects may lead: from a public server to no private address, whatever name it hides behind.

No test may leave this machine, so 127.0.0.2 and 127.0.0.3 stand for public servers.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest

from web_server import NOTHING, Answer, Site, site
from wherein.errors import Unreadable
from wherein.ingest.sources import web_connection
from wherein.ingest.sources.web import Web, _redirect
from wherein.ingest.sources.web_response import Validators

PUBLIC = ("127.0.0.2", "127.0.0.3")


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("::ffff:93.184.216.34", True),
        ("64:ff9b::5db8:d822", True), ("2002:5db8:d822::1", True),
        ("127.0.0.1", False), ("127.255.0.9", False), ("10.1.2.3", False),
        ("172.31.0.1", False), ("192.168.1.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("255.255.255.255", False),
        ("224.0.0.1", False), ("240.0.0.1", False), ("192.0.2.1", False), ("198.18.0.1", False),
        ("::1", False), ("::", False), ("fe80::1", False), ("fe80::1%eth0", False),
        ("fd00::1", False), ("ff02::1", False),
        ("2001:db8::1", False), ("fec0::1", False), ("::ffff:127.0.0.1", False), ("::ffff:169.254.169.254", False),
        ("::127.0.0.1", False), ("64:ff9b::7f00:1", False), ("64:ff9b::a9fe:a9fe", False), ("64:ff9b:1::1", False),
        ("2002:7f00:1::", False), ("2002:c0a8:101::1", False), ("2001:0:4136:e378:8000:63bf:80ff:fffe", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(ip: str, expected: bool) -> None:
    assert web_connection.is_public(ip) is expected


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The addresses of names, one for each time that a name is asked for; the last one for all further times."""
    found: dict[str, list[str]] = {}
    resolve = socket.getaddrinfo

    def stub(host: str, *args: Any, **options: Any) -> Any:
        waiting = found.get(host)
        ip = host if waiting is None else waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return [entry for part in ip.split() for entry in resolve(part, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", stub)
    monkeypatch.setattr(web_connection, "is_public", lambda ip: ip in PUBLIC)
    return found


@pytest.fixture
def sites(names: dict[str, list[str]]) -> Iterator[dict[str, Site]]:
    with ExitStack() as stack:
        made = {host: stack.enter_context(site(host)) for host in (*PUBLIC, "127.0.0.1", "127.9.9.9", "::1")}
        for one in made.values():
            one.pages["/page"] = Answer(b"<p>secret")
        yield made


def fetched(address: str) -> bytes:
    page = Web().fetch(address, 1_000, NOTHING)
    assert page is not None
    return page.data


def refused(address: str, known: Validators = NOTHING) -> str:
    with pytest.raises(Unreadable) as caught:
        Web().fetch(address, 1_000, known)
    return str(caught.value)


def port_of(one: Site) -> int | None:
    return urlsplit(one.address).port


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1"])
@pytest.mark.parametrize("known", [NOTHING, Validators('"1"', "then")])
def test_a_public_page_does_not_redirect_to_a_private_address(
    sites: dict[str, Site], host: str, known: Validators
) -> None:
    public, private = sites["127.0.0.2"], sites[host]
    public.pages["/a"] = Answer(status=302, headers={"Location": f"{private.address}/page"})
    reason = refused(f"{public.address}/a", known)
    assert reason == f"redirects from a public server to the private address {host}; ingest that address itself"
    assert private.asked == []


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "[::ffff:127.0.0.1]"])
def test_other_spellings_of_a_private_address_are_no_way_around(sites: dict[str, Site], spelling: str) -> None:
    public, private = sites["127.0.0.2"], sites["127.0.0.1"]
    public.pages["/a"] = Answer(status=307, headers={"Location": f"http://{spelling}:{port_of(private)}/page"})
    assert refused(f"{public.address}/a").startswith("redirects from a public server to the private address ")
    assert private.asked == []


def test_a_name_with_a_private_address_is_refused_also_after_other_public_pages(
    sites: dict[str, Site], names: dict[str, list[str]]
) -> None:
    first, second, private = sites["127.0.0.2"], sites["127.0.0.3"], sites["127.0.0.1"]
    names["inside.example"] = ["127.0.0.1"]
    first.pages["/a"] = Answer(status=301, headers={"Location": f"{second.address}/b"})
    second.pages["/b"] = Answer(status=301, headers={"Location": f"http://inside.example:{port_of(private)}/page"})
    assert refused(f"{first.address}/a").endswith("to the private address 127.0.0.1; ingest that address itself")
    assert private.asked == []


def test_a_name_that_turns_private_between_two_connections_is_refused(
    sites: dict[str, Site], names: dict[str, list[str]]
) -> None:
    public = sites["127.0.0.2"]
    with site("127.0.0.1") as private:
        names["turning.example"] = ["127.0.0.2", "127.0.0.1"]  # for robots.txt, for the page
        assert "the private address 127.0.0.1" in refused(f"http://turning.example:{port_of(public)}/page")
        assert (public.paths(), private.paths()) == (["/robots.txt"], [])


def test_of_several_addresses_of_a_name_only_public_ones_are_used(
    sites: dict[str, Site], names: dict[str, list[str]]
) -> None:
    first, second = sites["127.0.0.2"], sites["127.0.0.3"]
    names["both.example"] = ["127.0.0.1 127.0.0.3"]
    first.pages["/a"] = Answer(status=302, headers={"Location": f"http://both.example:{port_of(second)}/page"})
    assert fetched(f"{first.address}/a") == b"<p>secret"


def test_robots_txt_does_not_redirect_to_a_private_address_either(sites: dict[str, Site]) -> None:
    public, private = sites["127.0.0.2"], sites["127.0.0.1"]
    public.pages["/robots.txt"] = Answer(status=302, headers={"Location": f"{private.address}/robots.txt"})
    assert "the private address 127.0.0.1" in refused(f"{public.address}/page")
    assert private.asked == []


@pytest.mark.parametrize(("start", "end"), [("127.0.0.1", "::1"), ("::1", "127.9.9.9"), ("127.0.0.1", "127.0.0.3")])
def test_a_private_source_may_redirect_to_private_and_to_public_pages(
    sites: dict[str, Site], start: str, end: str
) -> None:
    sites[start].pages["/a"] = Answer(status=302, headers={"Location": f"{sites[end].address}/page"})
    assert fetched(f"{sites[start].address}/a") == b"<p>secret"


def test_a_private_source_does_not_come_back_from_a_public_page(sites: dict[str, Site]) -> None:
    private, public = sites["127.0.0.1"], sites["127.0.0.2"]
    private.pages["/a"] = Answer(status=302, headers={"Location": f"{public.address}/b"})
    public.pages["/b"] = Answer(status=302, headers={"Location": f"{private.address}/page"})
    assert "the private address 127.0.0.1" in refused(f"{private.address}/a")


def test_behind_a_proxy_the_name_that_it_resolves_is_checked(
    sites: dict[str, Site], names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = sites["127.9.9.9"]  # a private address, as a proxy has; it answers for every host
    monkeypatch.setenv("http_proxy", proxy.address)
    names.update({"public.example": ["127.0.0.2"], "inside.example": ["127.0.0.1"]})
    for target, expected in (("http://inside.example/page", True), ("http://127.0.0.1/page", True)):
        proxy.pages["http://public.example/a"] = Answer(status=302, headers={"Location": target})
        assert ("to the private address 127.0.0.1" in refused("http://public.example/a")) is expected
    proxy.pages["http://public.example/page"] = Answer(b"<p>seen")
    assert fetched("http://public.example/page") == b"<p>seen"


@pytest.mark.parametrize("location", ["http://site.example/b", "HTTP://site.example/b", "http://127.0.0.1/"])
def test_https_does_not_redirect_to_http(location: str) -> None:
    response = HTTPResponse.__new__(HTTPResponse)
    response.status, response.headers = 302, {"Location": location}  # type: ignore[assignment]
    with pytest.raises(Unreadable, match=r"^redirects from https to '(?i:http)://.*', which is not encrypted$"):
        _redirect(response, "https://site.example/a")
    assert _redirect(response, "http://site.example/a") is not None
    response.headers = {"Location": "/c"}  # type: ignore[assignment]
    assert _redirect(response, "https://site.example/a") == "https://site.example/c"
