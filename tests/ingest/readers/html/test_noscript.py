"""What a page shows only where scripts do not run."""

import pytest

from wherein.ingest.readers.html.noscript import without_noscript


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>a<noscript><p>b</noscript>c", "<p>ac"),
        ("a<NOSCRIPT class=x>b</noscript >c<noscript>d</noscript>e", "ace"),
        ("<script>'<noscript>'</script>a<noscript>b</noscript>", "<script>'<noscript>'</script>a"),
        ("<!-- <noscript> -->a</noscript>", "<!-- <noscript> -->a</noscript>"),
        ("a<noscript>b", "a"),
        ("<p>a", "<p>a"),
    ],
)
def test_its_content_is_raw_text(source: str, expected: str) -> None:
    assert without_noscript(source) == expected


@pytest.mark.parametrize("piece", ["<noscript>", "<script>", "<!--", "</noscript>"])
def test_time_is_linear(piece: str) -> None:
    assert len(without_noscript(piece * 100_000)) <= 100_000 * len(piece)
