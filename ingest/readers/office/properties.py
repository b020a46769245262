"""What an office document says about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wherein.ingest.document import JSONValue

__all__ = ["Properties"]


@dataclass(frozen=True)
class Properties:
    """Title and metadata of a document; `notes` say when they could not be read."""

    title: str = ""
    metadata: Mapping[str, JSONValue] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
