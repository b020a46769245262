"""Names that were met are known, whatever they are and however many."""

from hypothesis import given
from hypothesis import strategies as st

from wherein.ingest.changes.seen_keys import SeenKeys


@given(st.lists(st.text()), st.lists(st.text()))
def test_what_was_not_met_is_missing(met: list[str], asked: list[str]) -> None:
    names = SeenKeys()
    for name in met:
        names.add(name)
    missing = names.missing((name, number) for number, name in enumerate(asked))
    assert missing == [number for number, name in enumerate(asked) if name not in met]


def test_many_names() -> None:
    names = SeenKeys()
    for number in range(0, 30_000, 3):
        names.add(f"name {number}")
    missing = names.missing((f"name {number}", number) for number in range(30_000))
    assert missing == [number for number in range(30_000) if number % 3]
