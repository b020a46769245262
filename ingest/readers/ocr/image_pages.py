"""The pages of an image file as pictures in shades of gray, by Pillow."""

import warnings
from collections.abc import Iterator
from typing import BinaryIO, cast

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from wherein.ingest.readers.ocr.picture import MAX_DECODED_PIXELS, Picture, scale_within
from wherein.ingest.readers.shared.reasons import DAMAGED
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.installation import install_command

__all__ = ["image_pages"]

_FORMATS: tuple[str, ...] = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP")
_PAGED = "TIFF"
_MAX_PAGES = 2_000
# On a screen a letter has about 10 pixels, and Tesseract reads best at 20 to 30.
_SCREEN_SIDE, _ENLARGED = 2_000, 2.0
_LEAST_SIDE = 16
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, OverflowError, ArithmeticError)


def image_pages(stream: BinaryIO, kind: str) -> Iterator[Picture]:
    """Yield the pages of an image as pictures; of a moving one only the first.

    Raises Skipped when the image is damaged, has too many pixels or pages, or is too small to hold text, or when what
    reads its kind is not installed: it is not known to have any text.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of large images, and of odd metadata
        try:
            for page in _pages(stream, kind):
                yield _picture(page, kind)
        except Image.DecompressionBombError:
            raise Skipped(_too_large(kind)) from None
        except _BROKEN as error:
            raise Skipped(f"{DAMAGED} {kind}") from error


def _pages(stream: BinaryIO, kind: str) -> Iterator[Image.Image]:
    image = _open(stream, kind)
    if image.format == _PAGED and _has_page(image, _MAX_PAGES):
        raise Skipped(f"{kind} of more than {_MAX_PAGES:,} pages; split it to read it")
    for number, page in enumerate(ImageSequence.Iterator(image)):
        if number and image.format != _PAGED:
            return
        yield page


def _has_page(image: Image.Image, number: int) -> bool:
    """Whether there is a page with this number, which counts from 0; the pages after it are not looked for."""
    try:
        image.seek(number)
    except EOFError:
        return False
    finally:
        image.seek(0)
    return True


def _open(stream: BinaryIO, kind: str) -> Image.Image:
    formats = _FORMATS
    if kind == "HEIC image":
        try:
            from pillow_heif import register_heif_opener
        except ImportError:
            raise Skipped(f"HEIC image; install what reads it: {install_command('ocr')}") from None
        register_heif_opener()
        formats = ("HEIF",)
    try:
        return Image.open(stream, formats=formats)
    except UnidentifiedImageError:
        raise Skipped(f"{DAMAGED} {kind}") from None


def _picture(page: Image.Image, kind: str) -> Picture:
    width, height = page.size
    if width * height > MAX_DECODED_PIXELS:
        raise Skipped(_too_large(kind))
    if min(width, height) < _LEAST_SIDE and not _is_one_of_several(page):
        raise Skipped(f"{kind} too small to hold text")
    scale = scale_within(width, height, _ENLARGED if max(width, height) < _SCREEN_SIDE else 1.0)
    if scale < 1:
        page.draft("L", (round(width * scale), round(height * scale)))  # a JPEG is then decoded at a smaller size
    gray = _gray(ImageOps.exif_transpose(page))
    ratio = scale * max(width, height) / max(gray.size)
    size = max(1, round(gray.width * ratio)), max(1, round(gray.height * ratio))
    if size != gray.size:
        gray = gray.resize(size, Image.Resampling.BICUBIC)
    return Picture(gray.width, gray.height, gray.tobytes())


def _is_one_of_several(page: Image.Image) -> bool:
    return page.format == _PAGED and getattr(page, "n_frames", 1) > 1


def _too_large(kind: str) -> str:
    return f"{kind} of more than {MAX_DECODED_PIXELS // 1_000_000} million pixels"


def _gray(image: Image.Image) -> Image.Image:
    """Return an image in shades of gray; what is transparent is white, as on paper."""
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(image)
    if image.has_transparency_data:
        layered = image.convert("LA")
        paper = Image.new("L", image.size, 255)
        paper.paste(layered.getchannel("L"), mask=layered.getchannel("A"))
        return paper
    # Pillow cannot convert LAB, whose first band is the lightness.
    return image.getchannel("L") if image.mode == "LAB" else image.convert("L")


def _from_deep(image: Image.Image) -> Image.Image:
    """Return an image with more than 8 bits for each pixel with its range of values spread over 256 shades."""
    deep = image.convert("F")
    low, high = cast(tuple[float, float], deep.getextrema())  # one band has one range
    scale = 255 / (high - low) if high > low else 0.0
    return deep.point(lambda value: value * scale - low * scale).convert("L")
