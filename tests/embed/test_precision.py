"""The precision that suits the CPU, and what it makes of a graph."""

from pathlib import Path

import pytest

from wherein.embed.precision import resolve_precision


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("flags\t\t: fpu sse2 avx2 avx512_vnni\n", "w8a8"),
        ("processor: 0\nflags : fpu avx_vnni\n", "w8a8"),
        ("flags : amx_int8\n", "w8a8"),
        ("flags : fpu sse4_2 avx avx2 avx512f\n", "w8a32"),
        ("flags : fpu avx_vnni_int8x\n", "w8a32"),
        ("model name : avx512_vnni\nflags : fpu\n", "w8a32"),
        ("Features : fp asimd\n", "w8a32"),
        ("", "w8a32"),
    ],
)
def test_auto_is_decided_by_the_flags(tmp_path: Path, lines: str, expected: str) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(lines)
    assert resolve_precision("auto", path) == expected
    assert [resolve_precision(name, path) for name in ("w8a8", "w8a32")] == ["w8a8", "w8a32"]


def test_auto_without_readable_flags(tmp_path: Path) -> None:
    assert resolve_precision("auto", tmp_path / "missing") == "w8a32"
    assert resolve_precision("auto", tmp_path) == "w8a32"
    (tmp_path / "binary").write_bytes(b"\xff\xfe\nflags : \xff avx_vnni\n")
    assert resolve_precision("auto", tmp_path / "binary") == "w8a8"
