"""The connections of one fetch. Once a public server was asked, no redirect leads to a private address.

A page on the internet could otherwise have the unattended run read a service of this machine or of its network. The
address that a connection uses is the one that is checked: a name may resolve to another one each time it is asked for.
"""

import socket
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, getproxies, proxy_bypass

from wherein.errors import Unreadable

__all__ = ["Connector", "is_public", "open_with"]

Connect = Callable[..., socket.socket]
"""Takes what `socket.create_connection` takes."""

# The addresses of IPv4 servers behind a translator (RFC 6052), and the deprecated form of IPv4 addresses (RFC 4291).
_EMBEDDING = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))


class Connector:
    """Opens the connections of one fetch, with all its redirects."""

    def __init__(self, public_only: bool = False) -> None:
        """With `public_only` the first server has to be a public one, too."""
        self._public_only = self._is_strict = public_only

    def open(self, request: Request, timeout: float) -> HTTPResponse:
        """Send a request. Raises Unreadable for a private address after a public one, else what urllib raises."""
        host = urlsplit(request.full_url).hostname or ""
        if not _is_proxied(request.full_url):
            return open_with(self._connect, request, timeout)
        # The proxy resolves the name once more, and its own address may be any.
        self._check_proxied(host)
        return open_with(socket.create_connection, request, timeout)

    def _connect(self, address: tuple[str, int], timeout: Any, source_address: Any = None) -> socket.socket:
        """Connect to the first address of a host that may be asked, and answers."""
        failure: Exception | None = None
        host, port = address
        for family, kind, protocol, _, found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                self._require_allowed(str(found[0]))
                connection = _connected(socket.socket(family, kind, protocol), found, timeout)
            except (OSError, Unreadable) as error:
                failure = failure or error
                continue
            self._public_only |= is_public(str(found[0]))
            return connection
        raise failure or OSError(None, "the name has no address")

    def _check_proxied(self, host: str) -> None:
        try:
            found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError):  # only the proxy can resolve it
            found = []
        if self._is_strict and not found:
            raise Unreadable("its address cannot be checked: only the proxy can resolve its name")
        for ip in found:
            self._require_allowed(ip)
        self._public_only |= not found or any(map(is_public, found))

    def _require_allowed(self, ip: str) -> None:
        if self._is_strict and not is_public(ip):
            raise Unreadable(f"has the private address {ip}, which is fetched only when its owner ingests it")
        if self._public_only and not is_public(ip):
            raise Unreadable(f"redirects from a public server to the private address {ip}; ingest that address itself")


def is_public(ip: str) -> bool:
    """Whether an address is one of the internet; an IPv4 address inside an IPv6 one decides for it."""
    address = ip_address(ip.partition("%")[0])
    if isinstance(address, IPv6Address):
        if (embedded := _embedded(address)) is not None:
            return is_public(str(embedded))
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if any(address in network for network in _EMBEDDING):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo


def open_with(connect: Connect, request: Request, timeout: float) -> HTTPResponse:
    """Send a request over a connection that `connect` opens; redirects are not followed."""
    opener = OpenerDirector()
    # Not `build_opener`, which also opens files and FTP, and follows redirects past robots.txt.
    for handler in (ProxyHandler(), _Http(connect), _Https(connect)):
        opener.add_handler(handler)
    response = opener.open(request, timeout=timeout)
    assert isinstance(response, HTTPResponse)
    return response


class _Http(HTTPHandler):
    def __init__(self, connect: Connect) -> None:
        super().__init__()
        self._connect = connect

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_connection, HTTPConnection, self._connect), req)


class _Https(HTTPSHandler):
    def __init__(self, connect: Connect) -> None:
        super().__init__()
        self._connect = connect

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_connection, HTTPSConnection, self._connect), req)


def _connection(kind: type[HTTPConnection], connect: Connect, host: str, **options: Any) -> HTTPConnection:
    connection = kind(host, **options)
    connection._create_connection = connect  # type: ignore[attr-defined]  # what `connect` of both kinds calls
    return connection


def _connected(connection: socket.socket, address: Any, timeout: Any) -> socket.socket:
    try:
        connection.settimeout(timeout)
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_proxied(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in getproxies() and not proxy_bypass(parts.netloc)
