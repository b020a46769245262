"""The name of the file in a compressed one."""

import pytest

from wherein.ingest.readers.archives.inner_name import inner_name


@pytest.mark.parametrize(
    ("name", "inner"),
    [("a.txt.gz", "a.txt"), ("a.TGZ", "a.tar"), ("a.svgz", "a.svg"), ("a", "a"), ("a.log", "a.log"), ("b.Z", "b")],
)
def test_the_name_of_what_is_inside(name: str, inner: str) -> None:
    assert inner_name(name) == inner
