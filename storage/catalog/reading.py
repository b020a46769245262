"""How the user chose that the files of a source are read."""

from dataclasses import dataclass
from urllib.parse import urlencode

from wherein.storage.catalog.fields import NO_FIELDS, Fields

__all__ = ["AS_USUAL", "Reading"]


@dataclass(frozen=True)
class Reading:
    """The fields of records, and the name of the encoding of text that is not Unicode; "" leaves it to the reader."""

    fields: Fields = NO_FIELDS
    encoding: str = ""

    @property
    def label(self) -> str:
        """The choices as a query string without a slash; empty when there are none."""
        if not self.encoding:
            return self.fields.label
        return f"{self.fields.label or '?'}{'&' if self.fields.label else ''}{urlencode({'encoding': self.encoding})}"


AS_USUAL = Reading()
