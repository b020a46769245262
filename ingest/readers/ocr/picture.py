"""A picture in shades of gray, as it is handed to Tesseract."""

from dataclasses import dataclass
from math import sqrt

__all__ = ["DPI", "MAX_DECODED_PIXELS", "MAX_PIXELS", "MAX_SIDE", "Picture", "scale_within"]

DPI = 300
"""Pixels per inch that Tesseract is made for."""

MAX_PIXELS = 16_000_000
"""Pixels of a picture at most: a page of A3 at `DPI`; a larger one is scaled down."""

MAX_DECODED_PIXELS = 178_000_000
"""Pixels of a picture that is unpacked at all: A0 at `DPI`, and what Pillow takes for a bomb."""

MAX_SIDE = 30_000
"""Pixels of a side at most; Tesseract refuses more than 32,767."""


@dataclass(frozen=True)
class Picture:
    """One byte for each pixel, row by row from the top: 0 is black, 255 white."""

    width: int
    height: int
    pixels: bytes

    def as_pnm(self) -> bytes:
        """Return the picture in the format PGM, which needs no library: https://netpbm.sourceforge.net/doc/pgm.html."""
        return b"P5\n%d %d\n255\n%b" % (self.width, self.height, self.pixels)


def scale_within(width: float, height: float, wanted: float) -> float:
    """Return `wanted`, or less where a picture of that width and height would become too large."""
    return min(wanted, sqrt(MAX_PIXELS / (width * height)), MAX_SIDE / max(width, height))
