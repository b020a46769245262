"""The rules of a site for programs that fetch its pages: robots.txt (RFC 9309)."""

from protego import Protego

from wherein.ingest.readers.shared.decode import decode
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["NO_RULES", "ROBOTS_LIMIT", "Robots"]

ROBOTS_LIMIT = 512_000
"""Bytes of a robots.txt that are read: the 500 kibibytes of RFC 9309, 2.5."""

# RFC 9309, 2.3.1.3. A server that has had too many requests (429) may have rules.
NO_RULES = frozenset(range(400, 500)) - {429}
"""The status codes of a server that has no rules, or shows none."""

_PRODUCT = "wherein"


class Robots:
    """What a robots.txt allows: of the rules that match a page the longest counts, of equal ones `Allow`."""

    def __init__(self, data: bytes) -> None:
        """Parse the first `ROBOTS_LIMIT` bytes of a file; a line that is cut off by the limit does not count."""
        if len(data) >= ROBOTS_LIMIT:
            data = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
        self._rules = Protego.parse(_text(data))

    def allow(self, address: str) -> bool:
        """Whether the page may be fetched."""
        return self._rules.can_fetch(address, _PRODUCT)


def _text(data: bytes) -> str:
    try:
        return decode(data).text
    except Skipped:  # binary: no rules, or a few among noise
        return data.decode("utf-8", "replace")
