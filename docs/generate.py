"""Write the pages that are generated from the program: `python docs/generate.py`. A test compares them."""

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from wherein import cli
from wherein.docs.man_pages import man_page
from wherein.ingest.readers.registry import BY_SUFFIX, BY_ZIP_KIND, MODULES, reader_in
from wherein.library import Answer, Hit, Library, ResultOptions, Status, StoredDocument, Summary, parse_filter
from wherein.library.following import Following
from wherein.library.upkeep import Upkeep
from wherein.library.watching.state import WatchState
from wherein.library.watching.watcher import Watcher
from wherein.search.calibration import NO_GOOD_MATCH
from wherein.search.copies import MAX_BY_MEANING, MAX_COPIES
from wherein.search.hybrid import MAX_BY_WORDS
from wherein.search.phrase_check import MAX_TEXTS
from wherein.search.results.postprocess import MAX_RANKED
from wherein.storage.disk.failpoints import POINTS, STEPS

ROOT = Path(__file__).parent.parent
MANUAL = ROOT / "docs" / "man"
BEGIN, END = "<!-- made by docs/generate.py -->\n", "<!-- end -->\n"


def pages() -> dict[Path, str]:
    """Return the text of each page that is generated, wholly or in part."""
    parts = {
        ROOT / "docs" / "reliability.md": failpoints_tables(),
        ROOT / "docs" / "querying.md": query_limits(),
        ROOT / "docs" / "readers.md": readers_table(),
        ROOT / "docs" / "python.md": python_reference(),
    }
    return {ROOT / "docs" / "commands.md": commands_page(), **manual()} | {
        page: with_part(page.read_text("utf-8"), part) for page, part in parts.items()
    }


def with_part(page: str, part: str) -> str:
    """Return the text of a page with its generated part in place of the one that it has."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{part}{END}{after}"


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and all below it, each with its path, parents first."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in sorted(command.list_commands(context)):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, f"{path} {name}")


def commands_page() -> str:
    """Return the page with the help of every command, 100 columns wide."""
    parts = ["# The commands\n\nMade from the program by `python docs/generate.py`.\n"]
    for path, command in commands(cli.main, "wherein"):
        parts.append(f"## {path}\n\n```\n{command.get_help(context_of(path, command))}\n```\n")
    return "\n".join(parts)


def manual() -> dict[Path, str]:
    """Return the manual pages, one for each command."""
    return {
        MANUAL / f"{path.replace(' ', '-')}.1": man_page(path, command, context_of(path, command))
        for path, command in commands(cli.main, "wherein")
    }


def context_of(path: str, command: click.Command) -> click.Context:
    """Return the context in which the help of a command is 100 columns wide."""
    return click.Context(
        command, info_name=path, max_content_width=100, terminal_width=100, **cli.main.context_settings
    )


def query_limits() -> str:
    """Return the list of the notes that an answer may have, with the limits at which it gets them."""
    return f"""\
- `no good match`, in the mode `hybrid`: no hit has a chance of {100 * NO_GOOD_MATCH:.0f} % or more. The hits are shown all the same.
- `stopped after {MAX_RANKED:,} passages`: this many were ranked to find enough that differ and pass the options, but most did not. More are
  ranked only if `-n` asks for more. By meaning {MAX_BY_MEANING} are ranked. Of near-copies, each ranking proposes {MAX_COPIES}.
- `only the {MAX_BY_WORDS:,} best passages by words were considered`: most of these are copies of a few texts.
- `phrases were searched for only in the {MAX_TEXTS:,} best passages`: more have all the words of a phrase, or of an excluded one.
"""  # noqa: E501


LEFT_OUT = {
    "text.plain": "",
    "text.markdown": "",
    "text.restructured": "",
    "text.org": "drawers of properties, comments, settings, marks of emphasis; included files (noted)",
    "text.asciidoc": "comments, attributes, anchors, marks of emphasis; included files (noted)",
    "text.properties": "",
    "text.typst": "comments, code and what it computes, settings; included files (noted)",
    "text.wiki": "HTML tags, comments, marks of emphasis",
    "html.page": "[navigation and other boilerplate](decisions/html.md)",
    "pdf.pdf_file": "text outside the visible page (noted), hidden annotations, choices not chosen, XFA forms",
    "ocr.image": "lines below 50 % and pictures below 60 % of confidence; frames after the first",
    "records.jsonl": "",
    "latex.tex_file": "comments, labels, references; included files (noted)",
    "records.json_file": "",
    "records.csv_file": "",
    "mail.message": "the other alternatives of a text; header fields other than the subject, sender and addressees",
    "mail.mbox": "as for a message",
    "mail.mhtml": "pictures and styles",
    "archives.zip_archive": "hidden members",
    "archives.tar_archive": "hidden members",
    "archives.compressed": "",
    "office.docx": "comments, headers and footers (noted); deleted and hidden text",
    "office.pptx": "comments (noted); date, footer, number, text of the layout, values of charts",
    "office.xlsx": "hidden sheets, comments, formulas without a value (all noted); charts",
    "office.odt": "comments (noted); deleted and hidden text, headers and footers, numbers of lists",
    "office.ods": "hidden sheets, comments (both noted); charts",
    "office.odp": "comments (noted); date, footer, number",
    "office.doc": "comments, headers and footers (noted); deleted and hidden text, numbers of lists and headings",
    "office.ppt": "date, footer, number, values of charts",
    "office.xls": "hidden sheets (noted); comments, charts",
    "office.xlsb": "hidden sheets (noted); comments, charts",
    "mail.outlook": "as for a message",
    "rtf.rtf_file": "comments, headers and footers (noted); deleted and hidden text",
    "ebooks.epub": "the table of contents",
    "text.subtitles": "times and markup",
    "records.notebook": "pictures (noted where they are written into the text)",
    "xml.elements": "tags, and attributes where elements have text",
    "xml.fb2": "pictures",
    "xml.flat_odf": "as for the same document in a package",
}
"""What each reader leaves out of a document, by its module."""

EXTRAS = {"ocr.image": "`ocr`, and Tesseract", "pdf.pdf_file": "for pages that are pictures: Tesseract"}
"""What has to be installed for a reader beyond the program itself, by its module."""


def readers_table() -> str:
    """Return the table of all readers, in alphabetical order."""
    rows = sorted(
        (reader_in(module).name, _recognized_by(module), EXTRAS.get(module, ""), LEFT_OUT[module]) for module in MODULES
    )
    head = "| reader | recognized by | extra | what is left out |\n|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _recognized_by(module: str) -> str:
    suffixes = [f"`{suffix}`" for suffix, other in BY_SUFFIX.items() if other == module]
    kinds = [f"`.{kind}`, a ZIP file" for kind, other in BY_ZIP_KIND.items() if other == module]
    if module == "text.plain":
        return "any other text"
    return ", ".join([*suffixes, *kinds]) or "its first bytes"


METHODS = (Library, Following, Upkeep)
"""The classes that make up `Library`, in the order in which their methods are listed."""

RESULTS = (Answer, Hit, Summary, StoredDocument, Status, WatchState)
"""What the methods return."""


def python_reference() -> str:
    """Return the signatures and docstrings of the public Python API."""
    parts = [described(Library), *(part for owner in METHODS for part in methods(owner))]
    parts += [described(Watcher), *methods(Watcher), described(ResultOptions), described(parse_filter)]
    for kind in RESULTS:
        names = ", ".join(f"`{field.name}`" for field in dataclasses.fields(kind))
        parts.append(f"{described(kind)}\nFields: {names}.\n")
    return "\n" + "\n".join(parts) + "\n"


def described(thing: type | Callable[..., object]) -> str:
    """Return the section of a class or function."""
    call = "" if isinstance(thing, type) else f"**`{signature(thing.__name__, thing)}`**\n\n"
    return f"### {thing.__name__}\n\n{call}{inspect.getdoc(thing)}\n"


def methods(owner: type) -> Iterator[str]:
    """Yield the paragraphs of the public methods and properties of a class."""
    for name, member in vars(owner).items():
        if name.startswith("_") or name == "finish":
            continue
        call = name if isinstance(member, property) else signature(name, getattr(owner, name))
        yield f"**`{call}`**\n\n{inspect.getdoc(member)}\n"


def signature(name: str, function: Callable[..., object]) -> str:
    """Return a call as it is written, without types; of defaults that are no literals, an ellipsis."""
    shown = []
    for parameter in inspect.signature(function).parameters.values():
        is_literal = parameter.default is None or isinstance(parameter.default, (str, int, float, tuple))
        default = "" if parameter.default is parameter.empty else f"={parameter.default!r}" if is_literal else "=..."
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        shown += [f"{parameter.name}{default}"] if parameter.name != "self" else []
    return f"{name}({', '.join(shown)})"


def failpoints_tables() -> str:
    """Return the tables of failpoints, each with the state of the library after it."""
    return (
        "**Transactions.** Each has three failpoints, `begun` and `written` (before the commit, when nothing of it"
        " holds), and `committed`:\n\n"
        + table("transaction", "what holds once it is committed", STEPS)
        + "\n**Other steps.**\n\n"
        + table("failpoint", "what holds when the process dies there", POINTS)
    )


def table(key_head: str, value_head: str, rows: dict[str, str]) -> str:
    """Return a Markdown table of two columns."""
    head = f"| {key_head} | {value_head} |\n|---|---|\n"
    return head + "".join(f"| `{key}` | {value} |\n" for key, value in rows.items())


if __name__ == "__main__":
    MANUAL.mkdir(exist_ok=True)
    for page, text in pages().items():
        page.write_text(text, "utf-8")
