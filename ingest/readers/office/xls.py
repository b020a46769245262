"""Excel workbooks of 1993 to 2003 (.xls): the stored values of the cells, dates in ISO 8601."""

from typing import BinaryIO

from wherein.ingest.readers.office.calamine import workbook_reader
from wherein.ingest.readers.office.ole import open_ole
from wherein.ingest.readers.office.properties import Properties

__all__ = ["READER"]


def _properties(stream: BinaryIO) -> Properties:
    with open_ole(stream) as ole:
        return ole.properties()


READER = workbook_reader("xls", 1, "application/vnd.ms-excel", _properties)
