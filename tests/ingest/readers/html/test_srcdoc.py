"""Pages in an attribute of a frame."""

import pytest

from wherein.ingest.readers.html.srcdoc import with_frames


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<b>a<iframe srcdoc='<p>b &amp;amp; c'>x</iframe>d", "<b>a<div><p>b &amp; c</p></div>d"),
        ('<IFRAME hidden SRCDOC="</div>a">', '<div hidden="">a</div>'),
        (
            '<iframe style="display:none" srcdoc="<html><head><title>T</title></head><body>&quot;a&quot;"></iframe>b',
            '<div style="display:none">"a"</div>b',
        ),
        ("<!-- <iframe srcdoc=a></iframe> -->", "<!-- <iframe srcdoc=a></iframe> -->"),
        ("<iframe src=srcdoc></iframe>a", "<iframe src=srcdoc></iframe>a"),
        ("<iframes srcdoc=a>", "<iframes srcdoc=a>"),
    ],
)
def test_it_stands_in_the_place_of_the_frame(source: str, expected: str) -> None:
    assert with_frames(source) == expected


@pytest.mark.parametrize("piece", ["<iframe srcdoc=a>", "<iframe srcdoc='", "<script>", "<!--", "</iframe>"])
def test_time_is_linear(piece: str) -> None:
    assert len(with_frames("srcdoc" + piece * 100_000)) <= 100_000 * len(piece) + 20
