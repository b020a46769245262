"""Which fields of a record are its text, its id and its title, as the user chose them."""

from dataclasses import dataclass
from urllib.parse import urlencode

__all__ = ["NO_FIELDS", "Fields"]


@dataclass(frozen=True)
class Fields:
    """Names of fields; an empty one leaves the choice to the reader."""

    text: str = ""
    id: str = ""
    title: str = ""

    @property
    def label(self) -> str:
        """The names as a query string, `?text=body&id=key`, without a slash; empty when there are none."""
        named = {kind: name for kind, name in vars(self).items() if name}
        # Bytes on a command line that are not UTF-8 arrive as lone surrogates, which cannot be encoded.
        return f"?{urlencode(named, errors='replace')}" if named else ""


NO_FIELDS = Fields()
