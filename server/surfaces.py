"""What a message of the library says on each surface of a server.

The library words its messages for the command line: they name its options (`--exclude`) and end with its commands
(`run: wherein verify`). Where a surface has a counterpart, the message names that; a command without one says where it
is run. This module imports nothing that not every server needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["AGENT", "API", "PAGE", "Surface"]

# What is quoted is a user's. A command is the last thing that a message says.
_OPTION = re.compile(r"""\"[^\"]*\"|(?<![^\s(])'[^']*'(?!\w)|(?<![^\s(])--([a-z][a-z-]*)""")
_COMMAND = re.compile(r'(?P<link>(?: with)?: )wherein (?P<command>[^"]+)\Z', re.DOTALL)


@dataclass(frozen=True)
class Surface:
    """A way to use a library other than the command line.

    `place` is where commands are run that it has no counterpart of. `options` and `commands` are what it has in place
    of those, which are named without `--` and `wherein`; an option that is not among them stays. `phrases` are other
    texts that it replaces.
    """

    place: str
    options: Mapping[str, str]
    commands: Mapping[str, str]
    phrases: Mapping[str, str] = field(default_factory=dict)

    def say(self, message: str) -> str:
        """Return a message of the library as this surface words it."""
        for phrase, own in self.phrases.items():
            message = message.replace(phrase, own)
        found = _COMMAND.search(message)
        said = _OPTION.sub(self._option, message[: found.start()] if found else message)
        if not found:
            return said
        link, command = found.groups()
        own = self.commands.get(command, "")
        return f"{said}{link}{own}" if own else f"{said} {self.place}{link}wherein {command}"

    def _option(self, found: re.Match[str]) -> str:
        return self.options.get(found[1], found[0])


_OPERATORS = {name: f"the server's --{name}" for name in ("device", "library", "model", "precision")}
_MEMBERS = {
    name: f"`{name.replace('-', '_')}`"
    for name in (
        "accept-removals", "answer", "encoding", "exclude", "id-field", "in", "index", "margin", "max-size",
        "min-score", "mode", "ocr-languages", "purge", "require-fresh", "rerank", "rerank-ms", "since",
        "strict", "text-field", "title-field", "type", "where",
    )
}  # fmt: skip
_NO_WAITING = {", or add --wait": ""}

API = Surface(
    place="on the server",
    options=_OPERATORS | _MEMBERS,
    commands={
        "documents list": "GET /v1/documents",
        "ingest FOLDER": "POST /v1/documents or POST /v1/sources",
        "reindex": "POST /v1/reindex",
        "reindex --accept-removals": 'POST /v1/reindex {"accept_removals": true}',
        "sources list": "GET /v1/sources",
        "status": "GET /v1/status",
    },
    phrases=_NO_WAITING,
)
"""The HTTP API: the members of its requests, and its operations."""

PAGE = Surface(
    place="on the server",
    options={
        **_OPERATORS,
        **{name: f"the API's {member}" for name, member in _MEMBERS.items()},
        "exclude": "the exclusion", "index": "the index", "margin": "the margin of", "max-size": "the limit",
    },
    commands={
        "documents list": "the menu Folder",
        "ingest FOLDER": "Upload or Follow, under Library",
        "reindex": "Reindex now, under Library",
        "reindex --accept-removals": "Reindex now, with Remove documents ticked",
        "sources list": "Sources, under Library",
        "status": "Library",
    },
    phrases={
        **_NO_WAITING,
        # Of the API, some of whose operations the page uses.
        "give it as ?name=report.pdf": "choose a file",
        "see: GET /v1/documents": "open it from an answer",
        "send one as: curl -F file=@report.pdf": "choose a file",
        "send the file itself to POST /v1/documents": "upload the file itself",
    },
)  # fmt: skip
"""The page: its controls; what only the API has is called that."""

AGENT = Surface(
    place="in a terminal",
    options={**_OPERATORS, "in": "`within`", "max-size": "the limit", "type": "`types`", "since": "`since`",
             "where": "`where`"},
    commands={"documents list": "what `search` cites", "sources list": "`status`", "status": "`status`"},
    phrases=_NO_WAITING,
)  # fmt: skip
"""The tools for agents, and their parameters. An agent may have no tool that changes the library: a person can."""
