"""Images, recognized by their first bytes."""

import pytest

from wherein.ingest.readers.ocr.kind import image_kind


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n", "PNG image"),
        (b"\xff\xd8\xff\xe0", "JPEG image"),
        (b"GIF89a\1\0", "GIF image"),
        (b"GIF87a is older than", None),
        (b"II*\0\x08", "TIFF image"),
        (b"MM\0*\0", "TIFF image"),
        (b"II+\0\x08\0\0\0", "TIFF image"),
        (b"MM\0+\0\x08\0\0", "TIFF image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP image"),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"\0\0\0\x18ftypheic", "HEIC image"),
        (b"\0\0\0\x18ftypmif1", "HEIC image"),
        (b"\0\0\0\x18ftypisom", None),
        (b"BM\x10\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "BMP image"),
        (b"BM is a brand of tea that", None),
        (b"", None),
    ],
)
def test_kinds(head: bytes, expected: str | None) -> None:
    assert image_kind(head) == expected
