"""Plain texts that only say that there is a page."""

import pytest

from wherein.ingest.readers.mail.stubs import MAX_STUB, is_stub


@pytest.mark.parametrize(
    ("plain", "page", "expected"),
    [
        ("see the page", "all about boilers and pipes", True),
        ("all about boilers", "all about boilers and pipes", False),
        ("", "anything", True),
        ("anything", "", False),
        ("This text is longer than the page and not in it", "boiler", False),
        ("This text is longer, and you need a Browser", "boiler", True),
        ("ALL ABOUT BOILERS", "all about boilers", False),
        ("x" * (MAX_STUB + 1), "boilers " * MAX_STUB, False),
    ],
)
def test_a_stub_lacks_the_words_of_the_page(plain: str, page: str, expected: bool) -> None:
    assert is_stub(plain, page) is expected
