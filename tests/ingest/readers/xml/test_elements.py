"""XML as the text of its elements."""

import pytest

from text_files import read, reason
from wherein.ingest.readers.shared.decode import PICTURES_NOTE
from wherein.ingest.readers.shared.skipped import Skipped


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<doc><p>Die Gr&#246;&#223;e der T&#xFC;r &amp; mehr</p></doc>", "Die Größe der Tür & mehr"),
        ("<a><b>one</b><b>two</b></a>", "one\n\ntwo"),
        ("<a><p>boi<i>ler</i> is <b>cold</b></p><p><b>All</b> of it</p></a>", "boiler is cold\n\nAll of it"),
        ("<a><!-- left out --><b><![CDATA[x < y]]></b></a>", "x < y"),
        (
            "<rss><item><description>&lt;p&gt;One&lt;/p&gt;&lt;p&gt;two&lt;/p&gt;</description></item></rss>",
            "One\n\ntwo",
        ),
        ("<a>K&auml;ufer</a>", "Käufer"),
        ("<!DOCTYPE a [<!ENTITY b 'x'>]><a><p>one</p><p>two</p></a>", "one\n\ntwo"),
        (
            '<opml><title>T</title><body><outline text="One"><outline text="a &lt;b&gt;b&lt;/b&gt;" _note="n"/>'
            '<outline text="c" url="u"/></outline></body></opml>',
            "T\n\nOne\n\na b n\n\nc",
        ),
        ('<!DOCTYPE a SYSTEM "a.dtd"><a><p>Gr&ouml;&szlig;e</p></a>', "Größe"),
        (
            '<!DOCTYPE a [<!ENTITY it "Boiler"><!-- <!ENTITY it "x"> --><!ENTITY full "&it;-<b>2</b>">'
            '<!ENTITY b SYSTEM "b.xml">]><a><p>A &full;</p>&b;<p><![CDATA[&it; <]]></p></a>',
            "A Boiler-2\n\n&it; <",
        ),
        ("<a><p><![CDATA[x < y]]></p><p>broken</a>", "x < y\n\nbroken"),
        (
            '<svg xmlns="http://www.w3.org/2000/svg"><style>.a{}</style><text>Herons</text><script>x()</script></svg>',
            "Herons",
        ),
        (
            '<a xmlns:m="http://www.w3.org/1998/Math/MathML"><p>is <f><m:math><m:msup><m:mi>x</m:mi><m:mn>2</m:mn>'
            "</m:msup></m:math></f> large</p><p><m:math><m:mi>y</m:mi></m:math></p></a>",
            "is x^2 large\n\ny",
        ),
        (
            "<a><l>one<lb/>two</l><p>bro<lb break='no'/>ken<br>x</br></p><p>a<break/>b</p></a>",
            "one\ntwo\n\nbroken\nx\n\na\nb",
        ),
        (
            "<a><programlisting>if x:\n    <b>y</b>()\n</programlisting><para>one\ntwo</para></a>",
            "if x:\n    y()\n\none two",
        ),
        ("<record><style>Baroque</style></record>", "Baroque"),
        ('<a><b name="Herons" id="1"/><b label="Grey"/></a>', "Herons\nGrey"),
    ],
)
def test_text_of_elements(source: str, text: str) -> None:
    assert read(f'<?xml version="1.0"?>{source}'.encode(), "a").text == text


def test_declared_encodings() -> None:
    source = '<?xml version="1.0" encoding="{}"?><a>Договор аренды</a>'
    for codec in ("windows-1251", "koi8-r", "UTF-16", "utf-8"):
        assert read(source.format(codec).encode(codec), "a.xml").text == "Договор аренды"
    japanese = '<?xml version="1.0" encoding="Shift_JIS"?><a>賃貸契約</a>'
    assert read(japanese.encode("cp932"), "a.xml").text == "賃貸契約"


def test_title() -> None:
    assert read(b"<feed><title>Herons</title><entry><title>x</title></entry></feed>", "a.atom").title == "Herons"
    assert read(b"<a>x</a>", "b.xml").title == "b.xml"
    article = (
        b"<article><front><article-title>On <i>herons</i></article-title></front><title>Abstract</title></article>"
    )
    assert read(b'<?xml version="1.0"?>' + article, "a.xml").title == "On herons"


@pytest.mark.parametrize(
    "root",
    [
        "rss",
        "feed",
        'feed xmlns="http://www.w3.org/2005/Atom"',
        'RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"',
    ],
)
def test_feeds_escape_twice(root: str) -> None:
    source = (
        "<title>T&amp;amp;C</title><item><title>Ann&amp;#8217;s R&amp;D</title>&lt;p&gt;a&amp;amp;b&lt;/p&gt;</item>"
    )
    document = read(f"<{root}>{source}</{root.split()[0]}>".encode(), "a.rss")
    assert (document.title, document.text) == ("T&C", "T&C\n\nAnn’s R&D\n\na&b")


def test_other_xml_escapes_once() -> None:
    document = read(b"<doc><title>T&amp;amp;C</title></doc>", "a.xml")
    assert (document.title, document.text) == ("T&amp;C", "T&amp;C")


def test_pictures_in_a_text_are_left_out_with_a_note() -> None:
    document = read(f"<a>one data:image/png;base64,{'iVBORw0KGgo' * 9} two</a>".encode(), "a.xml")
    assert (document.text, document.notes) == ("one data:image/png two", (PICTURES_NOTE,))


def test_texts_that_a_document_type_declares_are_no_damage() -> None:
    document = read(b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "Q">]><a><title>A &b;</title></a>', "a.xml")
    assert (document.title, document.notes) == ("A Q", ())


def test_entities_do_not_expand() -> None:
    nested = "".join(f'<!ENTITY b{i} "{f"&b{i - 1};" * 10}">' for i in range(1, 9))
    source = f'<!DOCTYPE a [<!ENTITY b0 "x">{nested}]><a>{"&b8;" * 20_000}</a>'
    assert len(read(source.encode(), "a.xml").text) < 3_000_000
    bomb = '<!DOCTYPE a [<!ENTITY b "' + "x" * 1000 + '">]><a>' + "&b;" * 1000 + "</a>"
    assert len(read(f"<?xml version='1.0'?>{bomb}".encode(), "a.xml").text) < 5000


def test_deep_nesting() -> None:
    source = "<?xml version='1.0'?>" + "<a>" * 50_000 + "x" + "</a>" * 50_000
    assert read(source.encode(), "a.xml").text == "x"


def test_no_text() -> None:
    assert reason(b"<?xml version='1.0'?><a/>", "a.xml", Skipped) == "no text"


@pytest.mark.parametrize("end", [b"", b"</b></doc>", b"</p>"])
def test_html_in_xml_that_is_not_well_formed(end: bytes) -> None:
    data = b'<?xml version="1.0"?><doc><p>One <b>word</p><p>&lt;p&gt;two &lt;b&gt;bold&lt;/b&gt;&lt;/p&gt;</p>' + end
    assert read(data, "a.xml").text == "One word\n\ntwo bold"
