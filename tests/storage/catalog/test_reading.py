"""How the user chose that files are read, as part of the version of a reader."""

from wherein.storage.catalog.fields import Fields
from wherein.storage.catalog.reading import AS_USUAL, Reading


def test_labels_differ_and_have_no_slash() -> None:
    readings = (
        AS_USUAL,
        Reading(Fields("a")),
        Reading(Fields(id="a")),
        Reading(encoding="a"),
        Reading(Fields("a"), "b/c"),
        Reading(Fields("a"), "d"),
    )
    labels = [reading.label for reading in readings]
    assert labels[:4] == ["", "?text=a", "?id=a", "?encoding=a"]
    assert labels[4:] == ["?text=a&encoding=b%2Fc", "?text=a&encoding=d"]
