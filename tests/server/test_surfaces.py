"""What a message of the library says to those who use it otherwise than by the command line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import fields

import wherein
from wherein.server.app import OPERATIONS
from wherein.server.surfaces import AGENT, API, PAGE, Surface

ROOMS = ("ingest", "library", "search", "storage/catalog", "storage/disk", "storage/index", "storage/store")
NO_MATCH = "no document matches the path or pattern a/; see: wherein documents list"
DAMAGED = "Stored vector 3 is damaged; run: wherein verify"
EMPTY = "There is no library at /l; create one with: wherein ingest FOLDER"
GONE = "they are kept. To remove them, run: wherein reindex --accept-removals"
KEPT = "still excluded: a; to drop them, run: wherein ingest --no-exclude '/a b'"
PRECISION = "not usable at w8a8; leave --precision out, or re-embed the library with: wherein --precision w8a8 reindex"
BUSY = "process 7 is writing to this library; wait for it, or add --wait"
TOO_LARGE = "larger than --max-size (5 MB): it is 6 MB"
NO_TEXT = "none of its columns is called text; --text-field NAME makes a document of each row"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (NO_MATCH, "no document matches the path or pattern a/; see: GET /v1/documents"),
        (DAMAGED, "Stored vector 3 is damaged; run on the server: wherein verify"),
        (EMPTY, "There is no library at /l; create one with: POST /v1/documents or POST /v1/sources"),
        (GONE, 'they are kept. To remove them, run: POST /v1/reindex {"accept_removals": true}'),
        (KEPT, "still excluded: a; to drop them, run on the server: wherein ingest --no-exclude '/a b'"),
        (PRECISION, "not usable at w8a8; leave the server's --precision out, or re-embed the library on the server"
                    " with: wherein --precision w8a8 reindex"),
        (BUSY, "process 7 is writing to this library; wait for it"),
        (TOO_LARGE, "larger than `max_size` (5 MB): it is 6 MB"),
        (NO_TEXT, "none of its columns is called text; `text_field` NAME makes a document of each row"),
        ("'a --exclude b' is larger than --max-size", "'a --exclude b' is larger than `max_size`"),
        ("Anna's; omit --precision, or Bo's", "Anna's; omit the server's --precision, or Bo's"),
    ],
)  # fmt: skip
def test_the_api_names_its_members_and_operations(message: str, said: str) -> None:
    assert API.say(message) == said


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (NO_MATCH, "no document matches the path or pattern a/; see: the menu Folder"),
        (DAMAGED, "Stored vector 3 is damaged; run on the server: wherein verify"),
        (EMPTY, "There is no library at /l; create one with: Upload or Follow, under Library"),
        (GONE, "they are kept. To remove them, run: Reindex now, with Remove documents ticked"),
        (TOO_LARGE, "larger than the limit (5 MB): it is 6 MB"),
        (NO_TEXT, "none of its columns is called text; the API's `text_field` NAME makes a document of each row"),
        ("see: GET /v1/documents", "open it from an answer"),
    ],
)
def test_the_page_names_its_controls(message: str, said: str) -> None:
    assert PAGE.say(message) == said


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (NO_MATCH, "no document matches the path or pattern a/; see: what `search` cites"),
        (DAMAGED, "Stored vector 3 is damaged; run in a terminal: wherein verify"),
        (EMPTY, "There is no library at /l; create one in a terminal with: wherein ingest FOLDER"),
        (TOO_LARGE, "larger than the limit (5 MB): it is 6 MB"),
    ],
)
def test_an_agent_is_told_its_tools(message: str, said: str) -> None:
    assert AGENT.say(message) == said


@pytest.mark.parametrize("surface", [API, PAGE, AGENT], ids=["api", "page", "agent"])
@pytest.mark.parametrize(
    "message",
    [
        'no passage contains "leave --exclude out" exactly as quoted',
        'no passage contains "run: wherein verify" exactly as quoted',
        "failed: /srv/a--model/x",
        "Start the server with --root FOLDER to allow paths below it",
    ],
)
def test_what_a_user_wrote_and_what_is_unknown_stays(surface: Surface, message: str) -> None:
    assert surface.say(message) == message


def test_the_api_has_the_members_that_it_names() -> None:
    members = {member.encode_name for operation in OPERATIONS for member in fields(operation.takes)}
    named = {own.strip("`") for own in API.options.values() if own.startswith("`")}
    assert "max_size" in named
    assert named <= members


def test_a_message_ends_with_the_command_that_it_names() -> None:
    messages = [text for room in ROOMS for text in _texts(Path(wherein.__file__).parent / room)]
    naming = [text for text in messages if re.search(r"\bwherein (--|[a-z]+\b)", text)]
    assert len(naming) > 40
    assert [text for text in naming if not re.search(r': wherein [^"]+\Z', text)] == []


def _texts(folder: Path) -> Iterator[str]:
    """Yield the texts of the modules in a folder except docstrings, with {} for what is put into them."""
    for module in sorted(folder.rglob("*.py")):
        tree = ast.parse(module.read_text("utf-8"))
        skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                skipped.update(map(id, node.values))
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
                yield node.value
