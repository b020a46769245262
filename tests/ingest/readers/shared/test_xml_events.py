"""XML as a stream of events."""

import pytest

from wherein.errors import Unreadable
from wherein.ingest.readers.shared.xml_events import END, START, TEXT, events, texts_by_element, without_elements

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"


def read(source: str, size: int = 7) -> list[tuple[str, str, object]]:
    data = source.encode()
    return list(events([data[start : start + size] for start in range(0, len(data), size)], "part.xml"))


def test_events_in_their_order() -> None:
    assert read("<a x='1'>one<b/>&amp;two</a>", size=1000) == [
        (START, "a", {"x": "1"}), (TEXT, "one", {}), (START, "b", {}), (END, "b", {}), (TEXT, "&two", {}),
        (END, "a", {}),
    ]  # fmt: skip


@pytest.mark.parametrize("namespace", [WORD, STRICT])
def test_names_have_the_usual_prefix_whatever_the_file_uses(namespace: str) -> None:
    (start, _) = read(f"<n:p xmlns:n='{namespace}' n:val='1' other='2'/>")
    assert start == (START, "w:p", {"w:val": "1", "other": "2"})
    assert read("<p xmlns='urn:unknown'/>")[0][1] == "urn:unknown p"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<a>\n<b></a>", r"damaged or truncated: part\.xml is not well-formed XML \(line 2\)"),
        ("<a>", r"part\.xml is not well-formed XML \(line 1\)"),
        ("", r"part\.xml is not well-formed XML"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", r"part\.xml declares entities, as XML bombs do"),
        ("<?xml version='1.0' encoding='nonsense'?><a/>", r"part\.xml"),
    ],
)
def test_what_is_refused(source: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(source)


def test_what_comes_before_the_damage_is_read() -> None:
    found = []
    with pytest.raises(Unreadable):
        for event in events([b"<a>one", b"</b>"], "part.xml"):
            found.append(event)
    assert found[0] == (START, "a", {})


def test_elements_are_left_out_with_everything_inside() -> None:
    stream = read("<a>1<x>2<a>3</a><x>4</x></x>5<y/>6</a>", size=1000)
    kept = [event[1] for event in without_elements(stream, {"x", "y"})]
    assert kept == ["a", "1", "5", "6", "a"]


def test_texts_by_element() -> None:
    stream = read("<a> one \n <b>two</b><b/> three </a>")
    assert texts_by_element(stream) == {"a": ["one three"], "b": ["two", ""]}


def test_depth_does_not_matter() -> None:
    depth = 20_000
    assert len(read("<a>" * depth + "</a>" * depth, size=4096)) == 2 * depth


def test_entities_of_a_document_type_elsewhere() -> None:
    stream = read('<!DOCTYPE a SYSTEM "a.dtd" [%b;]><a>Gr&ouml;&szlig;e &other; &amp;</a>')
    assert texts_by_element(stream) == {"a": ["Größe &other; &"]}
