import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.ingest.document import Document, Mark
from wherein.ingest.readers.html.page import read, read_markup
from wherein.ingest.readers.shared.skipped import Skipped


def page(source: str | bytes, name: str = "page.html") -> Document:
    data = source.encode() if isinstance(source, str) else source
    (document,) = read(io.BytesIO(data), name)
    assert isinstance(document, Document)
    return document


def text(source: str | bytes) -> str:
    return page(source).text


def test_blocks_and_whitespace() -> None:
    assert text(
        "<p>One\n  <b>two</b>three&nbsp;four<p>a &lt; b &amp; c &eacute;<div>five<br>six<br><br>seven</div>"
    ) == ("One twothree four\n\na < b & c é\n\nfive\nsix\n\nseven")


def test_choices_without_a_menu() -> None:
    assert text("<p>a<option>x1</option><option>x2<optgroup label=b>c") == "a\n\nx1\n\nx2\n\nc"
    assert text("<p>a<select><option>x1<option>x2</select>") == "a"


@pytest.mark.parametrize(
    "head", ['<?xml version="1.0"?><html>', '<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml">']
)
def test_marked_sections_of_xhtml(head: str) -> None:
    source = "<body><p>a <![CDATA[b <c> d]]> e</p><script>//<![CDATA[\nx\n//]]></script></body></html>"
    assert text(head + source) == "a b <c> d e"


def test_a_page_in_a_frame() -> None:
    frame = '<iframe srcdoc="<title>T</title><p>b &amp;amp; c<script>x</script></div>">no frames</iframe>'
    assert text(f"<title>A</title><div><p>a</p>{frame}<p>d</p></div>") == "a\n\nb & c\n\nd"


def test_lists() -> None:
    source = """
    <p>before</p>
    <ul><li>one</li><li><p>two</p><ul><li>two a<li>two b</ul></li>
    <li><p>three</p><p>more</p></li><li>four</li></ul>
    <ol><li>other</li></ol> after"""
    assert text(source) == (
        "before\n\n- one\n- two\n  - two a\n  - two b\n- three\n\nmore\n\n- four\n\n- other\n\nafter"
    )


def test_terms_stand_with_their_descriptions() -> None:
    source = "<dl><dt>-n<dt>--dry-run<dd><p>Show only.</p><p>Do not add.</p><dt>-v<dd>Verbose.</dl>"
    assert text(source) == "-n\n--dry-run\nShow only.\n\nDo not add.\n\n-v\nVerbose."


def test_tables() -> None:
    source = """<table><caption>Types</caption>
    <thead><tr><th>Python<th>JSON</tr></thead>
    <tr><td>dict<td><p>an</p><p>object</p></tr><tr><td>x<td><td>z</tr><tr><td></tr></table><p>end"""
    assert text(source) == "Types\n\nPython | JSON\ndict | an object\nx |  | z\n\nend"


def test_a_row_of_one_cell_holds_its_columns_as_paragraphs() -> None:
    source = "<table><tr><td><p>abs(x)</p><p>Absolute value</p><p>abs(-1) → 1</p></table>"
    assert text(source) == "abs(x) | Absolute value | abs(-1) → 1"


def test_tables_that_lay_out_a_page_are_no_rows() -> None:
    long = "word " * 500
    source = f"""<table><tr><td><h1>Title</h1><p>One</p><td>
        <table><tr><td>a<td>b</table><tr><td>{long}<td>side<tr><td>x<td><pre>1\n2</pre></table>"""
    assert text(source) == f"Title\n\nOne\n\na | b\n\n{long.strip()}\n\nside\n\nx\n\n1\n2"


def test_verbatim_text() -> None:
    source = "<p>See:<pre>\n\n  if a:\r\n      <b>b</b>  \n<div>c</div>d<br>e\n</pre>end"
    assert text(source) == "See:\n\n  if a:\n      b  \nc\nd\ne\n\nend"


def test_what_is_no_text_is_dropped() -> None:
    source = """<body><nav>n</nav><script>s</script><style>t</style><noscript>u</noscript>
    <template>v</template><div role=navigation>w</div><form role=search>x</form><p hidden>y</p>
    <div class="navheader">z</div><div class="sphinxsidebar">A</div><p style="display: none">B</p>
    <p aria-hidden="true">C</p><button>D</button><svg><title>E</title></svg><!-- F -->
    <h1>Kept<a class="headerlink" href="#k">¶</a></h1><h2>Also<a href="#l">¶</a></h2>
    <p hidden="until-found">found
    <div class="navfooter">G</div><footer>H</footer>"""
    assert text(source) == "Kept\n\nAlso\n\nfound"


def test_the_footer_of_the_page_is_left_out_and_those_of_its_parts_are_kept() -> None:
    footer = "<footer>foot</footer>"
    assert text(f"<p>text</p><div class=wrap>{footer}</div>") == "text"
    assert text(f"<blockquote>text{footer}</blockquote>") == "text\n\nfoot"
    assert text(f"<article>text{footer}</article>{footer}") == "text\n\nfoot"


def test_styles_are_written_in_any_case() -> None:
    assert text('<p>one</p><p style="DISPLAY: NONE">secret</p><b style="Display:none">secret</b>') == "one"


@pytest.mark.parametrize("style", ["display :none", "color: red; display : none !important", "display:none!important"])
def test_styles_may_have_blanks(style: str) -> None:
    assert text(f'<p>one</p><p style="{style}">secret</p>') == "one"


def test_readings_above_characters_are_left_out() -> None:
    assert text("<p><ruby>子<rp>(</rp><rt>こ</rt><rp>)</rp></ruby>ども") == "子ども"


@pytest.mark.parametrize("main", ["main", "div role=main", "article", 'div class="body"', 'div class="document"'])
def test_main_content(main: str) -> None:
    tag = main.split()[0]
    side = "<div>side " + "x" * 40 + "</div>"
    body = f"<{main}><h1>Title</h1><p>{'long ' * 30}</p></{tag}>"
    assert text(side + body + side) == "Title\n\n" + ("long " * 30).strip()
    assert text(side * 9 + body).startswith("side x")  # it holds too little of the text


def test_main_content_within_a_row_that_becomes_a_line() -> None:
    assert text("<table><tr><td>a<td><main>bbbbbbbb</main></table>") == "a | bbbbbbbb"


def test_what_is_shown_without_scripts_is_read_where_nothing_else_has_text() -> None:
    assert text("<body><noscript><p>Opened in <b>May</b></noscript><div id=app></div>") == "Opened in May"
    assert text("<body><p>Shown<noscript><p>Hidden</noscript>") == "Shown"
    assert text("<head><noscript>Hidden</noscript></head><script>'<noscript>'</script><p>Shown") == "Shown"
    assert text(f"<body><noscript>{'JavaScript shows more. ' * 30}</noscript>").startswith("JavaScript shows")


@pytest.mark.parametrize("notice", ["You need to enable JavaScript to run this app.", "Bitte JavaScript aktivieren"])
def test_a_page_that_only_asks_for_scripts_has_no_text(notice: str) -> None:
    with pytest.raises(Skipped, match=r"^no text$"):
        text(f"<body><noscript>{notice}</noscript><div id=root></div>")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("verdict<sup>12</sup>", "verdict 12"),
        ("verdict.<sup><a href=#n>3</a></sup><sup>4</sup> Next", "verdict. 3 4 Next"),
        ("10<sup>6</sup> and 10<sup>−6</sup>", "10 6 and 10 −6"),
        ("<sup>1</sup>Physics, <sup>14</sup>C", "1 Physics, 14 C"),
        ("the 2<sup>nd</sup>, M<sup>me</sup> X, verdict<sup>[3]</sup>", "the 2nd, Mme X, verdict[3]"),
        ("5 m<sup>2</sup>, 5km<sup>2</sup>, room<sup>2</sup>, 5 m<sup>4</sup>", "5 m2, 5km2, room 2, 5 m 4"),
        ("H<sub>2</sub>O, (<sup>2</sup>) <sup> 2</sup> a<sup></sup>3", "H2O, (2) 2 a3"),
        ("a<sup>1</sup>b <sup>c</sup>d", "a 1 b cd"),
    ],
)
def test_digits_in_superscripts_stand_apart(source: str, expected: str) -> None:
    assert text(f"<p>{source}</p>") == expected


def test_cells_outside_a_table_stand_apart() -> None:
    source = "<tr><td>EU: 361.800 kr</td></tr><tr><td>Second</td><td>5</td></tr>"
    assert text(source) == "EU: 361.800 kr\nSecond | 5"
    assert text(f"<p>before</p>{source}<p>after") == "before\n\nEU: 361.800 kr\nSecond | 5\n\nafter"
    assert text("<td>one</td><td>two</td> after") == "one | two\n\nafter"


@pytest.mark.parametrize("element", ["p", "pre", "td", "h1"])
def test_the_bytes_of_pictures_are_no_text(element: str) -> None:
    picture = "data:image/png;base64," + "iVBORw0KGgo" * 20
    document = page(f"<img src='{picture}'><{element}>before {picture} after")
    assert document.text == "before data:image/png after"
    assert document.notes == ("without the bytes of the pictures or files in it",)
    assert page(f"<img src='{picture}'><p>text").notes == ()


def test_titles() -> None:
    assert page("<title> A \n B </title><h1>C</h1>").title == "A B"
    assert page("<h2>B</h2><h1>C<br>D</h1>").title == "C D"
    assert page("<p>text", "folder/x.html").title == "x.html"
    assert page("<svg><title>icon</title></svg>text").title == "page.html"


def test_headings() -> None:
    document = page("<p>0<h1>A</h1>1<h3><p>B</p></h3>2<h2>C</h2><ul><li><h3>D</h3>3</ul><h1> </h1>")
    assert document.text == "0\n\nA\n\n1\n\nB\n\n2\n\nC\n\nD\n\n- 3"
    assert document.marks == (
        Mark(3, heading=("A",)),
        Mark(9, heading=("A", "B")),
        Mark(15, heading=("A", "C")),
        Mark(18, heading=("A", "C", "D")),
    )


def test_closed_in_place_as_in_xhtml() -> None:
    source = """<?xml version="1.0" encoding="utf-8"?><html xmlns="x"><head><title/><script src="a>b"/></head>
    <body><a id="x"/><p>one<br/>two</p><pre class='e' /><p>three</p></body></html>"""
    assert text(source) == "one\ntwo\n\nthree"


@pytest.mark.parametrize(
    ("declaration", "codec"),
    [
        ('<meta charset="utf-8">', "utf-8"),
        ("<meta charset=ISO-8859-1>", "cp1252"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">', "cp1251"),
        ("<META name=x><meta CHARSET = 'koi8-r'>", "koi8-r"),
        ("<!-- <meta charset=koi8-r> --><meta charset=shift_jis>", "cp932"),
        ('<?xml version="1.0" encoding="ISO-8859-2"?>', "iso-8859-2"),
        ("<meta charset=utf-16>", "utf-8"),
        ("", "utf-8"),
    ],
)
def test_declared_encodings(declaration: str, codec: str) -> None:
    word = {"cp1251": "Привет", "koi8-r": "Привет", "cp932": "日本", "iso-8859-2": "Łódź"}.get(codec, "“Café” €")
    assert text(f"{declaration}<p>{word}".encode(codec)) == word


def test_byte_order_mark_before_declaration() -> None:
    assert text(codecs.BOM_UTF8 + "<meta charset=koi8-r>é".encode()) == "é"
    assert text(codecs.BOM_UTF16_LE + "<meta charset=koi8-r>é".encode("utf-16-le")) == "é"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"<meta charset=klingon>x", "x"),
        (b"<meta charset=rot13>x", "x"),
        (b"<meta charset=undefined>x\xe9", "xé"),
        (b"<meta charset=Shift_JIS>\x93\xfa\x96{\x81", "日本\ufffd"),
        (b"<meta charset=utf-8>caf\xe9", "café"),
        ("<meta charset=latin1>Größe 東京".encode(), "Größe 東京"),
    ],
)
def test_wrong_declarations_cost_no_page(source: bytes, expected: str) -> None:
    assert text(source) == expected


def test_windows_1252_has_no_undefined_bytes() -> None:
    assert text(b"<meta charset=latin1>a\x81b") == "a\ufffdb"


@pytest.mark.parametrize("source", ["", "<title>only</title>", "<p> &nbsp; </p>", "<frameset>", "<script>x</script>"])
def test_no_text(source: str) -> None:
    with pytest.raises(Skipped, match=r"^no text$"):
        page(source)


@pytest.mark.parametrize("tag", ["div", "b", "ul><li", "main", "blockquote", "pre", "table><tr><td", "h1"])
def test_deep_nesting(tag: str) -> None:
    document = page(f"<{tag}>" * 10_000 + "deep")
    assert document.text.endswith("deep")


def test_no_nul_and_no_surrogates() -> None:
    assert text("<p>a&#0;b&#xD800;c\0d") == "a\ufffdb\ufffdc\ufffdd"


NAMES = "p div main article ul ol li dl dt dd table tr td th pre h1 h2 b a br nav script title body html form"
TAGS = st.sampled_from(NAMES.split())
PIECES = st.builds("<{}>".format, TAGS) | st.builds("</{}>".format, TAGS) | st.text("ab \n&<>¶\0é", max_size=5)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_page_gives_clean_text_and_ordered_marks(source: str) -> None:
    try:
        document = page(source)
    except Skipped:
        return
    assert document.text.strip()
    assert "\0" not in document.text
    starts = [mark.start for mark in document.marks]
    assert starts == sorted(set(starts))
    for mark in document.marks:
        assert " ".join(document.text[mark.start :].split()).startswith(mark.heading[-1])


WORDS = st.text("abcé&<>\"'", min_size=1, max_size=8)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=8))
def test_paragraphs_come_back(paragraphs: list[str]) -> None:
    from html import escape

    source = "".join(f"<p>\n{escape(paragraph)}  </p>" for paragraph in paragraphs)
    assert text(source) == "\n\n".join(paragraphs)


@pytest.mark.parametrize(
    "body",
    [
        "<body><nav><p>Herons</p></nav></body>",
        "<body><div role=navigation>Herons</div><script>x()</script></body>",
        "<body style='display:none'><p>Herons</p></body>",
        "<body><div hidden>Herons</div></body>",
        "<frameset cols=1><frame src=a><noframes><p>Herons</p></noframes></frameset>",
        "<frameset cols=1><frame src=a><noframes><body>Herons</body></noframes></frameset>",
    ],
)
def test_what_is_left_out_elsewhere_is_read_where_a_page_has_nothing_else(body: str) -> None:
    assert read_markup(f"<html>{body}</html>").text == "Herons"
