"""The fields of records that a user chose."""

import pytest

from wherein.storage.catalog.fields import NO_FIELDS, Fields


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        (NO_FIELDS, ""),
        (Fields(text="body"), "?text=body"),
        (Fields("body", "key", "subject"), "?text=body&id=key&title=subject"),
        (Fields(title="ä/b c&d"), "?title=%C3%A4%2Fb+c%26d"),
        (Fields(id="\ud800"), "?id=%3F"),  # a lone surrogate, which is no UTF-8
    ],
)
def test_the_label_is_a_query_string_without_a_slash(fields: Fields, label: str) -> None:
    assert fields.label == label
    assert "/" not in fields.label
