"""Who may ask: the right host name, no page of another site, the token; and headers that every answer carries."""

from __future__ import annotations

import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wherein.server.errors import ProblemError, problem_response
from wherein.server.settings import LOOPBACK, Settings

__all__ = ["Guard", "SecurityHeaders"]

_HEADERS = {
    # An API needs nothing of a browser; the page has a policy of its own.
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_FOREIGN = frozenset(("cross-site", "same-site"))  # another port of this host is the same site
_READING = frozenset(("GET", "HEAD"))
_SCHEMES = ('Bearer realm="wherein"', 'Basic realm="wherein", charset="UTF-8"')
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SecurityHeaders:
    """Adds the headers that an answer does not have itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, adding)


class Guard:
    """Refuses requests to another name (DNS rebinding), from pages of other sites, and without the token."""

    def __init__(self, app: ASGIApp, settings: Settings, is_open: Callable[[str], bool]) -> None:
        """`is_open` is whether a path needs no token."""
        self._app = app
        self._names = LOOPBACK | {name.lower() for name in (settings.host, *settings.allow_hosts)}
        self._token = settings.token.encode()
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http":
            try:
                self._check(Headers(scope=scope), scope["method"], scope["path"])
            except ProblemError as error:
                await _refusal(error)(scope, receive, send)
                return
        elif scope["type"] != "lifespan":  # nothing here speaks over WebSockets
            return
        await self._app(scope, receive, send)

    def _check(self, headers: Headers, method: str, path: str) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _host_of(hosts[0]) not in self._names:
            raise ProblemError(
                421, "wrong_host", "This server is not called by that name",
                "use the address that it printed, or start it with --allow-host",
            )  # fmt: skip
        is_own = all(_is_own(origin, hosts[0]) for origin in headers.getlist("origin"))
        if not is_own or not _is_sent_by_own_page(headers, method):
            raise ProblemError(
                403, "wrong_origin", "A page of another site sent this request", "open the server itself"
            )
        if self._token and not self._is_open(path) and not self._has_token(headers.getlist("authorization")):
            raise ProblemError(
                401, "no_token", "This server asks for a token", "send it as Authorization: Bearer TOKEN"
            )  # fmt: skip

    def _has_token(self, given: list[str]) -> bool:
        if len(given) != 1:
            return False
        scheme, _, credentials = given[0].partition(" ")
        presented = _password(credentials) if scheme.lower() == "basic" else credentials.strip().encode("latin-1")
        return scheme.lower() in ("bearer", "basic") and hmac.compare_digest(presented, self._token)


def _refusal(error: ProblemError) -> Response:
    response = problem_response(error)
    if error.status == HTTPStatus.UNAUTHORIZED:
        for scheme in _SCHEMES:  # a line for each: browsers do not look behind the first
            response.headers.append("WWW-Authenticate", scheme)
    return response


def _password(credentials: str) -> bytes:
    """Return the password of the scheme Basic, for browsers, which ask for one; the user name is ignored."""
    try:
        return b64decode(credentials.strip(), validate=True).partition(b":")[2]
    except (NotBase64, ValueError):
        return b""


def _host_of(authority: str) -> str:
    """Return the host of a Host header in lower case, "" for one that is not well-formed."""
    try:
        parts = urlsplit(f"//{authority}")
        return (parts.hostname or "") if parts.netloc == authority and parts.username is None else ""
    except ValueError:
        return ""


def _is_own(origin: str, host: str) -> bool:
    """Whether a page of this server sent a request, which a proxy may have received over TLS."""
    address = _address(origin)
    return address is not None and address == _address(f"{origin.partition(':')[0]}://{host}")


def _address(origin: str) -> tuple[str, int] | None:
    """Return host and port of an origin, None for one that has none (`null`)."""
    try:
        parts = urlsplit(origin)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.hostname, port) if parts.hostname else None


def _is_sent_by_own_page(headers: Headers, method: str) -> bool:
    """Whether no browser says that another site caused a request; a link to this server may be anywhere."""
    if headers.get("sec-fetch-site") not in _FOREIGN:
        return True
    return method in _READING and headers.get("sec-fetch-mode") == "navigate"
