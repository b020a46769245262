"""Binary Excel workbooks (.xlsb): the stored values of the cells, dates in ISO 8601."""

from typing import BinaryIO

from wherein.ingest.readers.office.calamine import workbook_reader
from wherein.ingest.readers.office.opc import read_properties
from wherein.ingest.readers.office.properties import Properties
from wherein.ingest.readers.shared.allowance import Allowance
from wherein.ingest.readers.shared.package import open_package

__all__ = ["READER"]


def _check(stream: BinaryIO, allowance: Allowance | None) -> Properties:
    with open_package(stream, allowance) as package:
        for name in package:
            for _ in package.chunks(name):
                pass
        return read_properties(package)


READER = workbook_reader("xlsb", 1, "application/vnd.ms-excel.sheet.binary.macroenabled.12", _check)
