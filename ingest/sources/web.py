"""Fetches web pages, politely and within limits; links are not followed."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar, cast
from urllib.parse import urljoin, urlsplit
from urllib.request import Request

from wherein.errors import Unreadable
from wherein.ingest.sources.robots import NO_RULES, ROBOTS_LIMIT, Robots
from wherein.ingest.sources.web_connection import Connector
from wherein.ingest.sources.web_response import Page, Validators, describe, read_page

__all__ = ["Gone", "Web"]

TIMEOUT = 20.0
"""Seconds without a byte after which a server has timed out."""

DEADLINE = 120.0
"""Seconds that a page may take, with its redirects and robots.txt."""

MAX_REDIRECTS = 5
"""Redirects that are followed from one page."""

_MAX_SHOWN = 200
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_GONE = frozenset((404, 410))
_T = TypeVar("_T")


class Gone(Unreadable):
    """The server says that the page does not exist, or no longer."""


class Web:
    """Fetches pages; the robots.txt of a site is fetched once. Times are in seconds."""

    def __init__(self, timeout: float = TIMEOUT, deadline: float = DEADLINE) -> None:
        self._timeout = timeout
        self._deadline = deadline
        self._robots: dict[str, Robots] = {}

    def fetch(self, address: str, limit: int, known: Validators, *, public_only: bool = False) -> Page | None:
        """Return the page, None when it is the version that is `known`; with `public_only` from no private address.

        Raises Gone when it does not exist, Unreadable with the reason when it cannot be fetched, has more than `limit`
        bytes, or robots.txt does not allow it, or it redirects from a public server to a private address or from https
        to http.
        """
        return _within(self._deadline, partial(self._fetch, address, limit, known, Connector(public_only)))

    def _fetch(self, address: str, limit: int, known: Validators, connector: Connector) -> Page | None:
        asked = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
        for _ in range(MAX_REDIRECTS + 1):
            self._require_allowed(address, connector)
            with self._opened(address, connector, {name: value for name, value in asked.items() if value}) as response:
                if response.status == HTTPStatus.NOT_MODIFIED:
                    return None
                following = _redirect(response, address)
                if following is None:
                    _require_success(response)
                    return read_page(response, address, limit)
            address = following
        raise Unreadable(f"redirects more than {MAX_REDIRECTS} times")

    def _opened(self, address: str, connector: Connector, headers: Mapping[str, str]) -> HTTPResponse:
        request = Request(
            address, headers={"User-Agent": _agent(), "Accept-Encoding": "gzip", "Connection": "close", **headers}
        )
        try:
            return connector.open(request, self._timeout)
        except (OSError, HTTPException, ValueError) as error:
            raise Unreadable(f"cannot be fetched: {describe(error)}") from None

    def _require_allowed(self, address: str, connector: Connector) -> None:
        parts = urlsplit(address)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._robots:
            self._robots[site] = Robots(self._rules(f"{site}/robots.txt", connector))
        if not self._robots[site].allow(address):
            raise Unreadable(f"{site}/robots.txt does not allow it")

    def _rules(self, address: str, connector: Connector) -> bytes:
        """Return a robots.txt, empty where a site has none. Raises Unreadable when it cannot be fetched now."""
        for _ in range(MAX_REDIRECTS + 1):
            with self._opened(address, connector, {}) as response:
                following = _redirect(response, address)
                if following is None:
                    if response.status in NO_RULES:
                        return b""
                    _require_success(response, " for robots.txt")
                    return read_page(response, address, ROBOTS_LIMIT, cut=True).data
            address = following
        return b""  # after too many redirects, as if there were none (RFC 9309, 2.3.1.2)


@cache
def _agent() -> str:
    from importlib.metadata import version

    return f"wherein/{version('wherein')}"


def _within(seconds: float, work: Callable[[], _T]) -> _T:
    """Return the result of `work` if it comes in time; a server that sends a byte now and then never times out.

    A thread, because `http.client` reads status line and headers itself, and resolving a name has no timeout: a check
    between chunks of the body would not see either. A thread that is late ends with its connection or the process.
    """
    done: SimpleQueue[tuple[_T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:  # of any kind: the caller waits for it
            done.put((None, error))

    Thread(target=run, daemon=True).start()
    try:
        value, error = done.get(timeout=seconds)
    except Empty:
        raise Unreadable(f"took longer than {seconds:g} seconds") from None
    if error is not None:
        raise error
    return cast(_T, value)


def _redirect(response: HTTPResponse, address: str) -> str | None:
    """Return the address to which a response redirects, None if it does not. Raises Unreadable for an unusable one."""
    location = response.headers.get("Location")
    if response.status not in _REDIRECTS or not location:
        return None
    try:
        following = urljoin(address, location)
        parts = urlsplit(following)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_web = False
    if not is_web:
        raise Unreadable(f"redirects to {location[:_MAX_SHOWN]!a}, which is not a web page")
    if parts.scheme == "http" and urlsplit(address).scheme == "https":
        raise Unreadable(f"redirects from https to {following[:_MAX_SHOWN]!a}, which is not encrypted")
    return following.partition("#")[0]


def _require_success(response: HTTPResponse, what: str = "") -> None:
    if response.status in _GONE:
        raise Gone(f"there is no such page ({response.status})")
    if response.status != HTTPStatus.OK:
        phrase = " ".join(response.reason.split())[:_MAX_SHOWN]
        raise Unreadable(f"the server answered {response.status}{f' ({ascii(phrase)[1:-1]})' if phrase else ''}{what}")
