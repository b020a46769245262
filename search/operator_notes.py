"""What a user should know of a question's operators: that a phrase occurs nowhere, or that they leave nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, auto

from wherein.search.keyword import Matches, best_marked
from wherein.search.operators import has_excluded_word, has_words, selected
from wherein.search.phrase_check import PhraseCheck
from wherein.search.query_syntax import Phrase
from wherein.storage.disk.batched import batched
from wherein.storage.index.postings import Mask
from wherein.uri import display

__all__ = ["operator_notes"]

_MAX_SHOWN = 200
_BATCH_SIZE = 200


class _Where(Enum):
    """Where a phrase occurs: in a passage that may be shown, only in excluded ones, or in none that passes the filter.

    UNKNOWN where more passages have its words than may be read.
    """

    SHOWN = auto()
    EXCLUDED = auto()
    NOWHERE = auto()
    UNKNOWN = auto()


def operator_notes(check: PhraseCheck, matches: Matches, *, mode: str, is_empty: bool) -> tuple[str, ...]:
    """Return sentences about the operators of a question; `is_empty` is whether it found no passage.

    Phrases are looked for within the limit of `check`. Call inside the snapshot that the index is of.
    """
    question = matches.question
    if matches.selection is not None and not len(matches.selection.chunks):
        return ()  # no operator is to blame
    asked = (*question.phrases, *question.wanted) if is_empty else question.wanted
    where = {phrase: _where(check, matches, phrase) for phrase in asked}
    notes = [note for phrase, found in where.items() for note in _of_phrase(matches, phrase, found)]
    if is_empty and not notes and _Where.UNKNOWN not in where.values():
        notes = list(_of_nothing(matches, mode))
    return tuple(notes)


def _of_phrase(matches: Matches, phrase: Phrase, where: _Where) -> Iterator[str]:
    if where is _Where.EXCLUDED:
        yield f"{_quoted(phrase)} occurs only in passages that are excluded ({_excluded(matches)})"
    elif where is _Where.NOWHERE:
        scope = "passage" if matches.selection is None else "passage of the documents that pass the filter"
        is_wanted = phrase in matches.question.wanted
        hint = (
            "its words were searched for separately"
            if is_wanted
            else "without the quotes, its words are searched for separately"
        )
        yield f"no {scope} contains {_quoted(phrase)} exactly as quoted; {hint}"


def _of_nothing(matches: Matches, mode: str) -> Iterator[str]:
    """Yield why nothing was found, although each phrase occurs in some passage."""
    question = matches.question
    if question.phrases:
        others = f" without the excluded words ({_excluded(matches)})" if question.excluded else ""
        yield f"no passage{others} contains all of {', '.join(map(_quoted, question.phrases))}"
    elif question.excluded:
        if mode == "keyword" and not question.terms:
            yield f"the question consists only of excluded words ({_excluded(matches)}); add a word to search for"
        elif _has_other_passages(matches, mode):
            yield f"every passage that would otherwise be found is excluded ({_excluded(matches)})"


def _has_other_passages(matches: Matches, mode: str) -> bool:
    """Whether the question without its excluded words would find anything."""
    for number, scores in enumerate(matches.scores.parts):
        left = selected(matches.index, number, matches.selection)
        if (left & (scores > 0) if mode == "keyword" else left).any():
            return True
    return False


def _where(check: PhraseCheck, matches: Matches, phrase: Phrase) -> _Where:
    index, parts = matches.index, range(len(matches.index.parts))
    held = [has_words(index, part, phrase) & selected(index, part, matches.selection) for part in parts]
    shown = [mask & ~has_excluded_word(index, part, matches.question) for part, mask in enumerate(held)]
    if (found := _occurs(check, matches, shown, phrase, except_excluded=True)) is not False:
        return _Where.UNKNOWN if found is None else _Where.SHOWN
    found = _occurs(check, matches, held, phrase)
    return _Where.UNKNOWN if found is None else _Where.EXCLUDED if found else _Where.NOWHERE


def _occurs(
    check: PhraseCheck, matches: Matches, masks: Sequence[Mask], phrase: Phrase, *, except_excluded: bool = False
) -> bool | None:
    """Return whether one of the passages that are marked holds a phrase; None where the limit is reached before."""

    def holds(chunk: int) -> bool:
        return phrase in check.held(chunk) and not (except_excluded and check.is_excluded(chunk))

    chunks = best_marked(matches, masks, check.limit + 1).tolist()
    if any(map(holds, chunks)):  # one of those that have been read
        return True
    for batch in batched(chunks, _BATCH_SIZE):
        is_all = check.read(batch)
        if any(map(holds, batch)):
            return True
        if not is_all:
            return None
    if len(chunks) > check.limit:  # candidates are read beyond the limit, so these may be known without the others
        check.is_cut = True
        return None
    return False


def _excluded(matches: Matches) -> str:
    return ", ".join(
        f"-{_shown(phrase)}" if phrase.is_word else f"-{_quoted(phrase)}" for phrase in matches.question.excluded
    )


def _quoted(phrase: Phrase) -> str:
    return f'"{_shown(phrase)}"'


def _shown(phrase: Phrase) -> str:
    return display(phrase.asked[:_MAX_SHOWN])
