"""Hits as the page shows them: the sentence that answers, its location, and how sure that is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import PurePosixPath
from urllib.parse import urlencode

from wherein.errors import WhereinError
from wherein.library import Hit, Library
from wherein.library.passages import Passages
from wherein.render.excerpt import join_prose
from wherein.render.hits import BY_OCR, explain_hit
from wherein.render.lead import lead_span, line_of
from wherein.render.locations import location_of
from wherein.render.reports import format_provenance
from wherein.render.scores import likelihood
from wherein.render.shortened import shortened
from wherein.search.calibration import NO_GOOD_MATCH
from wherein.server.page.marks import Piece, pieces, word_marks
from wherein.server.page.search import Search
from wherein.server.routes.questions import answer_question
from wherein.server.schemas import QueryAnswer
from wherein.server.surfaces import PAGE
from wherein.terminal import collapse, one_line, printable, shorten_path
from wherein.uri import display_uri

__all__ = ["Answered", "Card", "answered", "original_of", "page_of"]

_MAX_SENTENCE, _MAX_AFTER, _ENOUGH_AFTER = 500, 240, 120
_MAX_PATH = 80
_PAGE_GAP = "\n\n"
_STALE = {"changed": "changed since it was read", "missing": "its file is gone"}
_TRUNCATED = "The question is too long; ignored: {}"
_PDF, _MARKDOWN = "application/pdf", "text/markdown"
# The front matter of a file, and headings, which are shown above the text.
_MARKUP = re.compile(r"\A---\n.*?^---$|^#[^\n]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Card:
    """One hit. `lead` is the sentence, `before` and `after` the text around it; `level` goes from 0 to 3."""

    rank: int
    chunk: int
    title: str
    headings: Sequence[str]
    location: str
    path: str
    date: datetime | None
    before: Sequence[Piece]
    lead: Sequence[Piece]
    after: Sequence[Piece]
    sure: str
    figure: str
    level: int
    warnings: Sequence[str]
    copies: Sequence[str]
    reasons: Sequence[str]
    address: str
    original: str
    is_weaker: bool


@dataclass(frozen=True)
class Answered:
    """An answer: the `cards`, best first, `weaker` in words, and notes for the user."""

    cards: Sequence[Card]
    weaker: str
    notes: Sequence[str]
    basis: str
    is_doubtful: bool
    has_more: bool

    @property
    def count(self) -> str:
        """How many passages there are, in words."""
        number = len(self.cards)
        return "No passages" if not number else f"{number} passage{'s' if number > 1 else ''}"


def answered(library: Library, search: Search) -> Answered:
    """Answer a question. Raises WhereinError as `Library.query` does."""
    answer = answer_question(library, search.request())
    shown = shortened(answer.hits)
    dates = library.modified([hit.document for hit in answer.hits])
    chances = [hit.chance for hit in answer.hits]
    return Answered(
        cards=[_card(library, hit, search, dates, is_weaker=hit.rank not in shown.ranks) for hit in answer.hits],
        weaker=shown.others,
        notes=[
            *([_TRUNCATED.format(answer.truncated[:200])] if answer.truncated else []),
            *(_sentence(PAGE.say(note)) for note in answer.notes),
        ],
        basis=_basis(answer),
        is_doubtful=bool(chances) and all(chance is not None and chance < NO_GOOD_MATCH for chance in chances),
        has_more=len(answer.hits) == search.limit,
    )


def _basis(answer: QueryAnswer) -> str:
    return format_provenance(answer.basis) if answer.basis else ""


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:]}"


def _card(library: Library, hit: Hit, search: Search, dates: Mapping[int, datetime], *, is_weaker: bool) -> Card:
    text = printable(hit.text)
    start, end = lead_span(hit, text, search.question, None)
    hit = _on_its_page(library, hit, hit.start + start)
    location = location_of(hit, hit.media_type, line_of(hit, start))
    # The title of a message or a record is already above it.
    shown = replace(location, name=location.container, container="") if location.is_title else location
    sure, figure, level = _confidence(hit)
    is_markdown = hit.media_type == _MARKDOWN
    excerpt = _excerpt(text, start, end, is_markdown=is_markdown)
    before, lead, after = (pieces(part, word_marks(part, search.question)) for part in excerpt)
    title = one_line(hit.title) or PurePosixPath(display_uri(hit.uri)).name
    return Card(
        rank=hit.rank, chunk=hit.chunk, title=title, headings=[*_headings(hit, title)],
        location=str(shown.fitted(_MAX_PATH)), path=str(location), date=dates.get(hit.document, None),
        before=before, lead=lead, after=after, sure=sure, figure=figure, level=level,
        warnings=[*_warnings(hit)], copies=[shorten_path(display_uri(copy.uri), _MAX_PATH) for copy in hit.also_in],
        reasons=explain_hit(hit), address=_address(hit, start, end, search), is_weaker=is_weaker,
        original=original_of(hit.uri, hit.document, hit.media_type, hit.page),
    )  # fmt: skip


def _on_its_page(library: Library, hit: Hit, character: int) -> Hit:
    """Return a hit of a PDF with the page on which a character of it stands."""
    if hit.media_type != _PDF or hit.page is None:
        return hit
    try:
        return replace(hit, page=page_of(library.passage(hit.chunk, 1), character))
    except WhereinError:  # of neighbors, which the answer does not need
        return hit


def _headings(hit: Hit, title: str) -> Iterator[str]:
    """Yield the headings above a passage, without one that repeats the title."""
    yield from (shown for shown in map(one_line, hit.heading) if shown and shown != title)


def _warnings(hit: Hit) -> Iterator[str]:
    if hit.freshness in _STALE:
        yield _STALE[hit.freshness]
    if hit.recognized:
        yield BY_OCR


def _excerpt(text: str, start: int, end: int, *, is_markdown: bool) -> tuple[str, str, str]:
    """Return a sentence, and as much of the text around it as is worth showing at first."""
    text = join_prose(text)
    lead = collapse(text[start:end])
    preceding, following = (_MARKUP.sub("", part) if is_markdown else part for part in (text[:start], text[end:]))
    preceding, following = collapse(preceding), collapse(following)
    after = _beginning(following, _MAX_AFTER)
    before = "" if len(following) > _ENOUGH_AFTER else _ending(preceding, _ENOUGH_AFTER)
    return f"{before} " if before else "", _beginning(lead, _MAX_SENTENCE), f" {after}" if after else ""


def _beginning(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most].rpartition(' ')[0] or text[:most]} …"


def _ending(text: str, most: int) -> str:
    return text if len(text) <= most else f"… {text[-most:].partition(' ')[2] or text[-most:]}"


def _confidence(hit: Hit) -> tuple[str, str, int]:
    """Return how sure a hit is: in words, as a figure, and as a level from 0 to 3, which needs a chance."""
    if hit.chance is not None:
        percent = round(100 * hit.chance)
        return likelihood(hit.chance), f"{percent} %", sum(percent >= least for least in (20, 50, 80))
    if hit.distance is not None:
        return "distance", f"{hit.distance:.2f}", 1
    return "score", f"{hit.score:.2f}", 1


def _address(hit: Hit, start: int, end: int, search: Search) -> str:
    """Return where the document is shown at the passage, with the way back to the answer."""
    at = [("chunk", str(hit.chunk)), ("sentence", f"{hit.start + start}-{hit.start + end}")]
    query = urlencode([*at, *search.parameters], errors="replace")
    return f"/documents/{hit.document}?{query}#chunk{hit.chunk}"


def page_of(found: Passages, character: int) -> int | None:
    """Return the page on which a character of a passage stands, else the first of the passage where that is unknown.

    A passage knows on which page its own text begins, which is where the one before it ends; between two pages there is
    a blank line. `found` has the neighbors of the passage.
    """
    around = [*found.before, found.passage, *found.after]
    for passage, following in pairwise(around):
        if character < passage.end:
            is_last_page = _PAGE_GAP not in passage.text[max(character - passage.start, 0) :]
            return following.page if is_last_page else passage.page
    return around[-1].page


def original_of(uri: str, document: int, media_type: str, page: int | None = None) -> str:
    """Return the address of the file or the web page that a document was read from; "" without one."""
    if uri.startswith(("http://", "https://")):
        return uri
    if not uri.startswith("file://"):
        return ""
    is_shown = media_type == _PDF and "#" not in uri
    at = f"#page={page}" if page else ""
    return f"/v1/documents/{document}/original{f'?inline=true{at}' if is_shown else ''}"
