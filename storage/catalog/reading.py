"""How the files of a source are to be read: what the user chose."""

from dataclasses import dataclass
from urllib.parse import urlencode

from wherein.storage.catalog.fields import NO_FIELDS, Fields

__all__ = ["AS_USUAL", "Reading"]


@dataclass(frozen=True)
class Reading:
    """What the user chose for a source; "" leaves it to the reader.

    The fields of records, the encoding of text that is not Unicode, and the languages of text in pictures, joined by +.
    """

    fields: Fields = NO_FIELDS
    encoding: str = ""
    ocr_languages: str = ""

    @property
    def label(self) -> str:
        """The choices as a query string without a slash; empty when there are none."""
        named = {"encoding": self.encoding, "ocr": self.ocr_languages}
        chosen = urlencode({name: value for name, value in named.items() if value}, errors="replace")
        if not chosen:
            return self.fields.label
        return f"{self.fields.label or '?'}{'&' if self.fields.label else ''}{chosen}"


AS_USUAL = Reading()
