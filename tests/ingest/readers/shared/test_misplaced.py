"""Characters that show that a text was decoded by the wrong codec."""

import pytest

from wherein.ingest.readers.shared.misplaced import misplaced_share


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", (0.0, 0)),
        ("Größe für Éva’s café – 5 €", (0.0, 8)),
        ("Привет, мир", (0.0, 9)),
        ("東京に住む", (0.0, 5)),
        ("Gr”áe", (0.5, 2)),
        ("cafО", (1.0, 1)),
        ("a\ufffdb\x81", (1.0, 2)),
    ],
)
def test_share_and_count(text: str, expected: tuple[float, int]) -> None:
    assert misplaced_share(text) == expected
