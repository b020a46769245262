"""What the tools that read return: text for an agent, no longer than it asked for, with citations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from wherein.errors import UsageError
from wherein.library import Hit, Library, ResultOptions, Status, StoredDocument, parse_filter
from wherein.server.mcp.arguments import MAX_OFFSET, GetArguments, SearchArguments, StatusArguments
from wherein.server.mcp.budget import Budget
from wherein.server.mcp.quoting import Quotes
from wherein.server.surfaces import AGENT
from wherein.uri import display

__all__ = ["get", "search", "status"]

_MORE, _NO_MORE = "For more passages: offset={offset}.", "There are no more passages."
_TOO_MANY = "There are more passages than can be paged through; ask a narrower question."
_PART, _READ_ON = "Characters {start} to {end} of {all}.", " To read on: start={end}."
_CUT = "\n(cut; for all of it: get with this URI, start={start}, end={end})"
_LINE = re.compile(r"[0-9]{1,12}")
_MAX_NOTES = 3
_MAX_NOTE = 200


def search(library: Library, asked: SearchArguments) -> str:
    """Return the passages that answer a question, with their locations."""
    needed = asked.offset + asked.limit
    only = parse_filter(asked.within, asked.types, asked.since, asked.where) if _filters(asked) else None
    # One more than is shown, to know whether there is one.
    answer = library.query(asked.question, needed + 1, mode=asked.mode, only=only, options=ResultOptions(fold=True))
    hits, notes = answer.hits[asked.offset : needed], _notes(answer.notes)
    if not hits:
        more = f" beyond the first {len(answer.hits)}" if answer.hits else ""
        return "\n".join([f"No passage{more} was found.", *notes])
    quotes = Quotes([_quoted(hit) for hit in hits])
    budget = Budget(library, asked.max_tokens)
    budget.spend("\n".join([_MORE.format(offset=needed), *notes]))
    shown = [budget.spend(quotes.preface), *_passages(hits, asked.offset, quotes, budget)]
    last = asked.offset + len(shown) - 1
    is_more = last < len(answer.hits)
    closing = _NO_MORE
    if is_more:
        closing = _MORE.format(offset=last) if last <= MAX_OFFSET else _TOO_MANY
    return "\n\n".join([*shown, "\n".join([closing, *notes])])


def _filters(asked: SearchArguments) -> bool:
    return bool(asked.within or asked.types or asked.since or asked.where)


def _passages(hits: list[Hit], offset: int, quotes: Quotes, budget: Budget) -> Iterator[str]:
    """Yield passages while they fit; the first one, if it alone is too long, is cut."""
    for rank, hit in enumerate(hits, offset + 1):
        head, text = f"{rank}. {_citation(hit)}", _quoted(hit)
        frame = budget.count(f"{head}\n{quotes.quote('')}")
        end = budget.fitting(text, frame)
        if end < len(text) and rank > offset + 1:
            return
        cut = _CUT.format(start=hit.start, end=hit.end) if end < len(text) else ""
        if cut:
            end = budget.fitting(text, frame + budget.count(cut))
        yield budget.spend(f"{head}\n{quotes.quote(text[:end])}{cut}")


def _citation(hit: Hit) -> str:
    page = f", page {hit.page}" if hit.page is not None else ""
    chance = f", {hit.chance:.0%} likely to answer" if hit.chance is not None else ""
    return f"{hit.uri}#{hit.line} (characters {hit.start} to {hit.end}{page}{chance})"


def _quoted(hit: Hit) -> str:
    """Return the text of a passage under its document's title and its heading, which come from the document, too."""
    headings = hit.heading if hit.heading[:1] == (hit.title,) else (hit.title, *hit.heading)
    return f"[{display(' > '.join(headings))}]\n{hit.text.rstrip()}"


def _notes(notes: tuple[str, ...]) -> list[str]:
    return [f"Note: {AGENT.say(note)[:_MAX_NOTE]}" for note in notes[:_MAX_NOTES]]


def get(library: Library, asked: GetArguments) -> str:
    """Return a document, or a part of it."""
    document, text, line_start = _found(library, asked.name)
    start = line_start if asked.start is None else asked.start
    end = len(text) if asked.end is None else min(asked.end, len(text))
    if start > end or (start == len(text) and text):
        raise UsageError(f"The document has {len(text)} characters; ask for a part of them")
    head = f"{document.uri} (document {document.id})"
    facts = _facts(document) if start == 0 else ""
    quotes = Quotes([facts, text])
    budget = Budget(library, asked.max_tokens)
    longest = _PART.format(start=len(text), end=len(text), all=len(text)) + _READ_ON.format(end=len(text))
    budget.spend(f"{quotes.preface}\n{head}\n{quotes.quote('')}\n{longest}")
    facts = budget.spend(facts[: budget.fitting(facts)])
    end = start + max(1, budget.fitting(text[start:end])) if start < end else end
    closing = _PART.format(start=start, end=end, all=len(text)) + (_READ_ON.format(end=end) if end < len(text) else "")
    return "\n\n".join([quotes.preface, f"{head}\n{quotes.quote(facts + text[start:end])}", closing])


def _facts(document: StoredDocument) -> str:
    """Return the title and the metadata of a document, as it has them."""
    metadata = f"\n{json.dumps(document.metadata, ensure_ascii=False)}" if document.metadata else ""
    return f"[{display(document.title)}]{metadata}\n"


def _found(library: Library, name: str) -> tuple[StoredDocument, str, int]:
    """Return a document, its text, and the offset of the line that a citation names."""
    try:
        document, text, _ = library.document(name)
    except UsageError:
        uri, _, line = name.rpartition("#")
        if not uri or not _LINE.fullmatch(line):
            raise
        document, text, _ = library.document(uri)
        return document, text, _offset(text, int(line))
    return document, text, 0


def _offset(text: str, line: int) -> int:
    """Return where a line begins, counted from 1; the last one if there are fewer."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return starts[min(max(1, line), len(starts)) - 1]


def status(library: Library, _: StatusArguments) -> str:
    """Return what the library holds, and what it follows."""
    found: Status = library.status()
    lines = [
        f"documents: {found.documents}",
        f"passages: {found.chunks}",
        f"model: {found.model}",
        f"files that could not be read: {found.problems}",
        f"files that have changed since they were read: {found.stale}",
        f"followed as they change: {'yes' if found.watch else 'no'}",
    ]
    if found.night:
        lines.append(f"last reindex: {found.night['began_at']} ({found.night['outcome']})")
    lines += [f"source: {display(source.uri)}" for source in library.sources()]
    return "\n".join(lines)
