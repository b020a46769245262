"""The lines between two `---` at the top of a Markdown file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_files import read
from wherein.ingest.document import Mark
from wherein.ingest.readers.text.front_matter import split_front_matter

KEYS = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_-]{0,8}\Z").filter(lambda key: key != "title")

VALUES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9 :#,.é-]{0,20}[a-z]\Z").filter(
    lambda value: value not in ("true", "True", "false", "False", "null", "Null") and ": " not in value
)


@pytest.mark.parametrize(
    "text", ["---\njust a ruler\n---\n", "---\nkey: value\n", "---\n---\n# x", "text\n---\nkey: value\n---\n"]
)
def test_a_ruler_is_no_front_matter(text: str) -> None:
    assert read(text.encode(), "a.md").metadata == {}


@given(st.dictionaries(KEYS, VALUES, min_size=1), st.sampled_from(["'{}'", '"{}"']), st.text(max_size=50))
def test_front_matter_round_trip(metadata: dict[str, str], quoted: str, body: str) -> None:
    lines = "".join(f"{key}: {quoted.format(value)}\n" for key, value in metadata.items())
    body = body.replace("\0", " ").encode(errors="replace").decode()
    text = f"---\n{lines}---\n# Body\n{body}"
    document = read(text.encode(), "a.md")
    assert document.metadata == metadata
    assert document.text == text
    assert document.marks[0] == Mark(text.index("# Body"), heading=("Body",))


def entries(source: str) -> object:
    return split_front_matter(f"---\n{source}\n---\ntext").entries


def notes(source: str) -> tuple[str, ...]:
    return split_front_matter(f"---\n{source}\n---\ntext").notes


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("tags: [drink, food]", {"tags": ["drink", "food"]}),
        ("tags:\n  - drink\n  - food", {"tags": ["drink", "food"]}),
        ("tags:\n- drink\n- [a, b]", {"tags": ["drink", ["a", "b"]]}),
        ("year: 2024 # revised", {"year": 2024}),
        ("# first\nyear: 2024", {"year": 2024}),
        ("release date: 2024-01-31", {"release date": "2024-01-31"}),
        ("größe: 5.5\n名前: 東京", {"größe": 5.5, "名前": "東京"}),
        ("'a: b': c", {"a: b": "c"}),
        ("author:\n  name: Ada\n  born: 1815", {"author": {"name": "Ada", "born": 1815}}),
        ("text: |\n  one\n  two", {"text": "one\ntwo\n"}),
        ("text: >-\n  one\n  two", {"text": "one two"}),
        ("quote: 'it''s'", {"quote": "it's"}),
        ("country: no\nswitch: on", {"country": "no", "switch": "on"}),
        ("draft: true\nfinal: FALSE", {"draft": True, "final": False}),
        ("none:\nnull: ~", {"none": None, "null": None}),
        ("zip: 00701\nversion: 1.10\ntime: 12:30", {"zip": "00701", "version": "1.10", "time": "12:30"}),
        ("big: 12345678901234567890", {"big": "12345678901234567890"}),
        ("text: '5'\nother: !!str 5", {"text": "5", "other": "5"}),
        ("{a: 1, b: [x]}", {"a": 1, "b": ["x"]}),
        ("bell: \"\\0\\a\"", {"bell": "\N{REPLACEMENT CHARACTER}\a"}),
    ],
)  # fmt: skip
def test_yaml(source: str, expected: object) -> None:
    assert entries(source) == expected
    assert notes(source) == ()
    assert [type(value) for value in entries(source).values()] == [type(value) for value in expected.values()]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("source", "kept", "note"),
    [
        ("base: &b x\nother: *b", {"base": "x"},
         "metadata other left out: *b refers to another entry, which is not followed"),
        ("a: 1\na: 2", {"a": 2}, "metadata a: given more than once; the last is kept"),
        ("f: !!python/object/apply:os.system [ls]\nb: 1", {"b": 1},
            "metadata f left out: the tag tag:yaml.org,2002:python/object/apply:os.system is not supported"),
        ("f: !own x\nb: 1", {"b": 1}, "metadata f left out: the tag !own is not supported"),
        ("? [a, b]\n: c\nd: 1", {"d": 1}, "metadata left out: a key that is not a word"),
        ("t: [a, *x]", {"t": ["a"]},
         "metadata t: an element left out: *x refers to another entry, which is not followed"),
        ("m:\n  n: *x\n  o: 1", {"m": {"o": 1}},
         "metadata m.n left out: *x refers to another entry, which is not followed"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_noted(source: str, kept: object, note: str) -> None:
    assert entries(source) == kept
    assert notes(source) == (note,)


def test_deep_nesting_is_left_out() -> None:
    assert entries(f"a: {'[' * 20}{']' * 20}\nb: 1") == {"a": _nested(20), "b": 1}
    assert entries(f"a: {'[' * 300}{']' * 300}\nb: 1")["b"] == 1  # type: ignore[index]
    assert notes(f"a: {'[' * 300}{']' * 300}") == ("metadata a: an element left out: nested more than 20 deep",)
    assert "not valid" in notes(f"a: {'[' * 30_000}")[0]


def _nested(depth: int) -> list[object]:
    return [_nested(depth - 1)] if depth > 1 else []


def test_aliases_never_multiply() -> None:
    lines = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    front = split_front_matter(f"---\nl0: &l0 lol\n{lines}---\n")
    assert front.entries == {"l0": "lol", **{f"l{n}": [] for n in range(1, 9)}}


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("title: Foo: bar\nyear: 2024", {"title": "Foo: bar", "year": "2024"}),
        ("author: @ada\nyear: 2024", {"author": "@ada", "year": "2024"}),
        ("a: [1, 2\nb: x", {"b": "x"}),
        ("a:\t{\nb: x", {"b": "x"}),
    ],
)
def test_of_yaml_that_is_not_valid_the_simple_lines_are_kept(source: str, kept: object) -> None:
    assert entries(source) == kept
    (note,) = notes(source)
    assert note.startswith("its front matter is not valid (line ")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('tags = ["a", "b"]\nyear = 2024', {"tags": ["a", "b"], "year": 2024}),
        ("date = 2024-01-31\nat = 2024-01-31T18:00:00Z", {"date": "2024-01-31", "at": "2024-01-31T18:00:00+00:00"}),
        ('"a b" = true\n[author]\nname = "Ada"', {"a b": True, "author": {"name": "Ada"}}),
        ("big = 99999999999999999999\nnone = nan", {"big": "99999999999999999999", "none": "nan"}),
    ],
)
def test_toml(source: str, expected: object) -> None:
    front = split_front_matter(f"+++\n{source}\n+++\ntext")
    assert (front.entries, front.notes) == (expected, ())


def test_toml_that_is_not_valid_is_noted() -> None:
    front = split_front_matter("+++\na = \n+++\ntext")
    assert front.entries == {}
    assert front.notes[0].startswith("its front matter is not valid (")
    assert split_front_matter("+++\njust a ruler\n+++\n").end == 0


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("closing", ["---", "...", "---  "])
def test_any_line_ends(newline: str, closing: str) -> None:
    text = newline.join(("---", "a: b", "c: [d,", "  e]", closing, "text"))
    front = split_front_matter(text)
    assert (front.entries, text[front.end :], front.notes) == ({"a": "b", "c": ["d", "e"]}, "text", ())


def test_front_matter_alone_behind_a_byte_order_mark_and_too_long() -> None:
    assert split_front_matter("---\na: b\n---").end == 12
    assert split_front_matter("").end == 0
    assert read(b"\xef\xbb\xbf---\na: 1\n---\ntext", "a.md").metadata == {"a": 1}
    long = split_front_matter(f"---\na: {'b' * 70_000}\n---\n")
    assert (long.entries, long.end) == ({}, 0)
    assert long.notes == ("its front matter is longer than 65,536 characters and was not read as metadata",)


@pytest.mark.parametrize(
    ("value", "title"), [("2024", "2024"), ("[a, b]", "a.md"), ("true", "true"), ("", "a.md"), ("|\n  x\n  y", "x y")]
)
def test_a_title_is_one_line_of_text(value: str, title: str) -> None:
    assert read(f"---\ntitle: {value}\n---\ntext".encode(), "a.md").title == title


@given(st.text(st.sampled_from("ab:-[]{}&*!|>#'\"? \n\t,%@`~"), max_size=60))
def test_any_front_matter_is_read_or_noted(source: str) -> None:
    split_front_matter(f"---\n{source}\n---\ntext")
    split_front_matter(f"+++\n{source}\n+++\ntext")
