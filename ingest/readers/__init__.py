"""Readers turn the bytes of a file into documents: one module for each format, listed in `registry`."""

from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.reader import ReadContext, Reader
from wherein.ingest.readers.registry import READERS
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["READERS", "ReadContext", "Reader", "Skipped", "choose"]
