"""Web pages: one address is fetched, politely and within limits. Nothing that a page links to is."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar, cast
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request
from urllib.robotparser import RobotFileParser

from wherein.errors import Unreadable
from wherein.ingest.sources.web_response import Page, Validators, page_of, why

__all__ = ["Gone", "Web"]

SILENCE = 20.0
"""Seconds that a server may keep silent."""

DEADLINE = 120.0
"""Seconds that a page may take, with everything that leads to it."""

REDIRECTS = 5
"""How many times a page may send on to another address."""

_ROBOTS_LIMIT = 500_000
_LONGEST_SHOWN = 200
_MOVED = frozenset((301, 302, 303, 307, 308))
_GONE = frozenset((404, 410))
_REFUSED = frozenset((401, 403))
_T = TypeVar("_T")


class Gone(Unreadable):
    """The server says that there is no such page."""


class Web:
    """Fetches pages; what a host's robots.txt says is asked once. Times are in seconds."""

    def __init__(self, silence: float = SILENCE, deadline: float = DEADLINE) -> None:
        self._silence = silence
        self._deadline = deadline
        self._robots: dict[str, RobotFileParser] = {}
        self._opener = OpenerDirector()
        for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler()):
            self._opener.add_handler(handler)

    def fetch(self, address: str, limit: int, known: Validators) -> Page | None:
        """Return the page, None when it is the version that is `known`.

        Raises Gone when there is none any more, Unreadable with the reason when it cannot be had, has more than `limit`
        bytes, or is not for programs.
        """
        return _within(self._deadline, partial(self._fetch, address, limit, known))

    def _fetch(self, address: str, limit: int, known: Validators) -> Page | None:
        asked = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
        for _ in range(REDIRECTS + 1):
            self._require_allowed(address)
            with self._opened(address, {name: value for name, value in asked.items() if value}) as response:
                if response.status == HTTPStatus.NOT_MODIFIED:
                    return None
                following = _following(response, address)
                if following is None:
                    _require_success(response)
                    return page_of(response, address, limit)
            address = following
        raise Unreadable(f"it sends on to another address more than {REDIRECTS} times")

    def _opened(self, address: str, headers: Mapping[str, str]) -> HTTPResponse:
        request = Request(
            address, headers={"User-Agent": _agent(), "Accept-Encoding": "gzip", "Connection": "close", **headers}
        )
        try:
            return cast(HTTPResponse, self._opener.open(request, timeout=self._silence))
        except (OSError, HTTPException, ValueError) as error:
            raise Unreadable(f"cannot be fetched: {why(error)}") from None

    # What a site asks of programs.

    def _require_allowed(self, address: str) -> None:
        parts = urlsplit(address)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._robots:
            self._robots[site] = self._robots_of(site)
        if not self._robots[site].can_fetch(_agent(), address):
            raise Unreadable(f"{site}/robots.txt does not allow it")

    def _robots_of(self, site: str) -> RobotFileParser:
        robots = RobotFileParser()
        robots.parse(self._rules(f"{site}/robots.txt").splitlines())
        return robots

    def _rules(self, address: str) -> str:
        """Return the text of a robots.txt. One that is missing allows all, one that is refused nothing (RFC 9309)."""
        for _ in range(REDIRECTS + 1):
            with self._opened(address, {}) as response:
                following = _following(response, address)
                if following is None:
                    if response.status in _REFUSED:
                        return "User-agent: *\nDisallow: /"
                    if 400 <= response.status < 500:
                        return ""
                    _require_success(response, "of robots.txt ")
                    return page_of(response, address, _ROBOTS_LIMIT).data.decode("utf-8", "replace")
            address = following
        return ""


@cache
def _agent() -> str:
    from importlib.metadata import version

    return f"wherein/{version('wherein')}"


def _within(seconds: float, work: Callable[[], _T]) -> _T:
    """Return what `work` does, if it does so in time: a server that hands out a byte now and then is never silent.

    The thread of one that is late ends with the process, if the connection does not end before.
    """
    done: SimpleQueue[tuple[_T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:  # whatever it is, it belongs to the one who waits
            done.put((None, error))

    Thread(target=run, daemon=True).start()
    try:
        value, error = done.get(timeout=seconds)
    except Empty:
        raise Unreadable(f"it took longer than {seconds:g} seconds") from None
    if error is not None:
        raise error
    return cast(_T, value)


def _following(response: HTTPResponse, address: str) -> str | None:
    """Return the address to which an answer sends on, None when it does not. Raises Unreadable for a strange one."""
    place = response.headers.get("Location")
    if response.status not in _MOVED or not place:
        return None
    try:
        following = urljoin(address, place)
        parts = urlsplit(following)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_web = False
    if not is_web:
        raise Unreadable(f"it sends on to {place[:_LONGEST_SHOWN]!a}, which is no web page")
    return following.partition("#")[0]


def _require_success(response: HTTPResponse, what: str = "") -> None:
    if response.status in _GONE:
        raise Gone(f"there is no such page ({response.status})")
    if response.status != HTTPStatus.OK:
        said = " ".join(response.reason.split())[:_LONGEST_SHOWN]
        raise Unreadable(f"the server's answer {what}is {response.status}{f' ({ascii(said)[1:-1]})' if said else ''}")
