"""Keys that are unique within one file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.ingest.readers.shared.unique_keys import UniqueKeys


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("a/b.txt", "a/b.txt"),
        ("/a//./b", "a/b"),
        ("../../a", "../../a"),
        ("", "unnamed"),
        ("/", "unnamed"),
        ("a\0b", "a\ufffdb"),
        ("x" * 2_000, "x" * 1_000),
    ],
)
def test_keys(name: str, key: str) -> None:
    assert UniqueKeys().key(name) == key


def test_a_key_that_is_taken_is_numbered() -> None:
    keys = UniqueKeys()
    assert [keys.key(name) for name in ("a", "a", "a (2)", "a", "./a")] == ["a", "a (2)", "a (2) (2)", "a (3)", "a (4)"]


@given(st.lists(st.sampled_from(["a", "a (2)", "a (2) (2)", "a (3)", "", "unnamed"])))
def test_all_keys_differ(names: list[str]) -> None:
    keys = UniqueKeys()
    assert len({keys.key(name) for name in names}) == len(names)
