"""The processor, as Linux describes it."""

from pathlib import Path

import pytest

from wherein.embed.precision import why_precision
from wherein.embed.processor import read_processor


@pytest.mark.parametrize(
    ("lines", "name", "features", "why"),
    [
        (
            "processor : 0\nmodel name\t: Some CPU @ 2.00GHz\nflags : fpu sse4_2 avx2 avx512_vnni\n\n"
            "processor : 1\nmodel name : Other\nflags : fpu\n",
            "Some CPU @ 2.00GHz", ("sse4_2", "avx2", "avx512_vnni"), "the CPU has avx512_vnni",
        ),
        (
            "model name : Old\nflags : fpu sse4_2 avx\n", "Old", ("sse4_2", "avx"),
            "the CPU has none of amx_int8, avx512_vnni, avx_vnni",
        ),
        (
            "Features : fp asimd asimddp\n", None, ("asimd", "asimddp"),
            "the CPU has none of amx_int8, avx512_vnni, avx_vnni",
        ),
        ("", None, (), "the flags of the CPU cannot be read"),
    ],
)  # fmt: skip
def test_a_description_is_read(
    tmp_path: Path, lines: str, name: str | None, features: tuple[str, ...], why: str
) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(lines)
    found = read_processor(path)
    assert found.features == features
    assert found.name == name if name else found.name
    assert why_precision(path) == why


def test_without_a_description_it_has_a_name(tmp_path: Path) -> None:
    assert read_processor(tmp_path / "missing").flags == frozenset()
    assert read_processor(tmp_path / "missing").name
