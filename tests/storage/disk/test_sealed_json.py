import json

import pytest

from wherein.storage.disk.sealed_json import MALFORMED, digest, seal, unseal

FIELDS = {"format": 1, "files": {"a": {"size": 3}}, "name": "é"}


def test_what_was_sealed_is_returned() -> None:
    assert unseal(seal(FIELDS)) == FIELDS
    assert json.loads(seal(FIELDS)) == {**FIELDS, "sha256": digest(FIELDS)}


def test_the_order_of_the_fields_does_not_matter() -> None:
    assert digest(dict(reversed(FIELDS.items()))) == digest(FIELDS)
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # of the two bytes {}


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"null", b"{}", b"\xff", b'{"sha256": 1}', b"[" * 100_000, seal(FIELDS)[:-3],
        seal(FIELDS).replace(b'"size": 3', b'"size": 4'), seal(FIELDS).replace(b'"name"', b'"Name"'),
    ],
)  # fmt: skip
def test_damage_is_noticed(raw: bytes) -> None:
    with pytest.raises(MALFORMED):
        unseal(raw)
