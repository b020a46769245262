"""Pictures as Tesseract gets them."""

from wherein.ingest.readers.ocr.picture import MAX_PIXELS, MAX_SIDE, Picture, scale_within


def test_the_format_is_pgm() -> None:
    assert Picture(2, 1, b"\0\xff").as_pnm() == b"P5\n2 1\n255\n\0\xff"


def test_a_large_picture_is_scaled_down() -> None:
    assert scale_within(595, 842, 4.0) == 4.0
    for width, height in ((10_000, 10_000), (200_000, 10), (10, 10_000_000)):
        scale = scale_within(width, height, 4.0)
        assert scale < 4
        assert width * height * scale**2 <= MAX_PIXELS * 1.001
        assert max(width, height) * scale <= MAX_SIDE * 1.001
