"""Formulas on one line."""

import pytest

from wherein.ingest.readers.shared.formulas import with_formulas
from wherein.ingest.readers.shared.xml_events import START, TEXT, Event, events

X, TWO, SUM = "<mi>x</mi>", "<mn>2</mn>", "<mrow><mi>a</mi>\n  <mo>+</mo><mi>b</mi></mrow>"


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def found(source: str, tag: str = "") -> list[Event]:
    math, office = "http://www.w3.org/1998/Math/MathML", "http://schemas.openxmlformats.org/officeDocument/2006/math"
    data = f'<a xmlns="{math}" xmlns:m="{office}">{source}</a>'.encode()
    return list(with_formulas(events([data], "a"), tag))[1:-1]


def text(source: str) -> str:
    return "".join(value for kind, value, _ in found(source) if kind is TEXT)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f"<mfrac>{X}{TWO}</mfrac>", "x/2"),
        (f"<mfrac>{SUM}<mn>12</mn></mfrac> <mo>=</mo> <mn>1</mn>", "(a+b)/12=1"),
        (f"<msup>{X}{TWO}</msup><msub>{X}{SUM}</msub>{X}", "x^2 x_(a+b) x"),
        (f"<munderover><mo>∑</mo>{SUM}{X}</munderover><msubsup>{X}{TWO}{TWO}</msubsup>", "∑_(a+b)^x x_2^2"),
        (f"<msqrt>{SUM}</msqrt><mo>,</mo><mroot>{X}{TWO}</mroot>", "√(a+b),2√x"),
        (
            "<mi>sin</mi><mo>\u2061</mo><mi>x</mi><mo>\u2062</mo><mi>y</mi><mspace/><mtext>for all</mtext>",
            "sin x y for all",
        ),
        (f"<mtable><mtr><mtd>{X}</mtd><mtd>{TWO}</mtd></mtr><mtr><mtd>{SUM}</mtd></mtr></mtable>", "x 2; a+b"),
        (f"<mfenced open='['>{X}{TWO}</mfenced>", "[x, 2)"),
        (f"<semantics><mrow>{X}</mrow><annotation>\\x</annotation></semantics><mphantom>{X}</mphantom>", "x"),
    ],
)
def test_mathml(source: str, expected: str) -> None:
    assert text(f"<math>{source}</math>") == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f"<m:f><m:num>{run('x')}</m:num><m:den>{run('2')}</m:den></m:f>", "x/2"),
        (f"<m:sSup><m:e>{run('a+b')}</m:e><m:sup>{run('2')}</m:sup></m:sSup>{run('c')}", "(a+b)^2 c"),
        (f"<m:d><m:e>{run('a')}</m:e><m:e>{run('b')}</m:e></m:d>", "(a|b)"),
        (f'<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val=""/></m:dPr><m:e>{run("a")}</m:e></m:d>', "[a"),
        (f"<m:rad><m:deg/><m:e>{run('y')}</m:e></m:rad>", "√y"),
        (
            f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{run("i=1")}</m:sub><m:sup>{run("n")}</m:sup>'
            f"<m:e>{run('i')}</m:e></m:nary>",
            "∑_(i=1)^n i",
        ),
        (f"<m:nary><m:naryPr/><m:sub/><m:sup/><m:e>{run('f')}</m:e></m:nary>", "∫ f"),
        (f"<m:func><m:fName>{run('sin')}</m:fName><m:e>{run('x')}</m:e></m:func>", "sin x"),
        (
            f"<m:m><m:mr><m:e>{run('1')}</m:e><m:e>{run('2')}</m:e></m:mr><m:mr><m:e>{run('3')}</m:e></m:mr></m:m>",
            "1 2; 3",
        ),
        (f"<m:eqArr><m:e>{run('a')}</m:e><m:e>{run('b')}</m:e></m:eqArr>", "a; b"),
    ],
)
def test_formulas_of_office(source: str, expected: str) -> None:
    assert text(f"<m:oMath>{source}</m:oMath>") == expected


def test_what_is_around_a_formula() -> None:
    lines = f"<m:oMathPara><m:oMath>{run('c')}</m:oMath><m:oMath>{run('d')}</m:oMath></m:oMathPara>"
    assert text(f"a <math>{X}</math> b<math/>{lines}") == "a x bc d"
    assert [value for kind, value, _ in found(f"<math>{X}</math>", "w:t") if kind is START] == ["w:t"]


def test_depth_does_no_harm() -> None:
    assert text(f"<math>{'<mfrac>' * 9_000}{X}{'</mfrac>' * 9_000}</math>") == "x"
