"""Excel workbooks of 1993 to 2003 (.xls): the stored values of the cells, dates in ISO 8601."""

from typing import BinaryIO

from wherein.ingest.readers.office.calamine import workbook_reader
from wherein.ingest.readers.office.ole import open_ole
from wherein.ingest.readers.office.properties import Properties
from wherein.ingest.readers.shared.allowance import Allowance

__all__ = ["READER"]

_STREAMS = "Workbook", "Book"


def _check(stream: BinaryIO, allowance: Allowance | None) -> Properties:
    with open_ole(stream) as ole:
        ole.require_ends(*_STREAMS)
        for name in filter(ole.__contains__, _STREAMS):
            ole.read(name)
        return ole.properties()


READER = workbook_reader("xls", 1, "application/vnd.ms-excel", _check)
