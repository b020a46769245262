"""Keys that were seen are known, whatever they are and however many."""

from hypothesis import given
from hypothesis import strategies as st

from wherein.ingest.changes.seen_keys import SeenKeys


@given(st.lists(st.text()), st.lists(st.text()))
def test_keys_that_were_not_seen_are_missing(added: list[str], asked: list[str]) -> None:
    names = SeenKeys()
    for name in added:
        names.add(name)
    missing = names.missing((name, number) for number, name in enumerate(asked))
    assert missing == [number for number, name in enumerate(asked) if name not in added]


def test_many_keys() -> None:
    names = SeenKeys()
    for number in range(0, 30_000, 3):
        names.add(f"name {number}")
    missing = names.missing((f"name {number}", number) for number in range(30_000))
    assert missing == [number for number in range(30_000) if number % 3]
