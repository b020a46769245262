"""How the user chose that the files of a source are read."""

from dataclasses import dataclass
from urllib.parse import urlencode

from wherein.storage.catalog.fields import NO_FIELDS, Fields

__all__ = ["AS_USUAL", "Reading"]


@dataclass(frozen=True)
class Reading:
    """The fields of records, and the languages of text in pictures, joined by `+`; "" leaves it to the reader."""

    fields: Fields = NO_FIELDS
    ocr_languages: str = ""

    @property
    def label(self) -> str:
        """The choices as a query string without a slash; empty when there are none."""
        if not self.ocr_languages:
            return self.fields.label
        chosen = urlencode({"ocr": self.ocr_languages}, errors="replace")
        return f"{self.fields.label or '?'}{'&' if self.fields.label else ''}{chosen}"


AS_USUAL = Reading()
