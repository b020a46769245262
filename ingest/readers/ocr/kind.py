"""Images, recognized by their first bytes."""

__all__ = ["image_kind"]

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF87a", "GIF image"),
    (b"GIF89a", "GIF image"),
    (b"II*\0", "TIFF image"),
    (b"MM\0*", "TIFF image"),
    (b"II+\0", "TIFF image"),  # BigTIFF
    (b"MM\0+", "TIFF image"),
)
# The brands of HEIF: https://nokiatech.github.io/heif/technical.html.
_HEIC = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
# The length of the file's header says which version it is.
_BMP_HEADERS = frozenset(size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124))


def image_kind(head: bytes) -> str | None:
    """Return the kind of image that begins with `head`, None when it cannot be read as one."""
    for magic, name in _MAGIC:
        # A text may begin with the same letters, so letters alone need a NUL near them.
        if head.startswith(magic) and (not magic.isalnum() or b"\0" in head):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP image"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        return "HEIC image"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and head[14:18] in _BMP_HEADERS:
        return "BMP image"
    return None
