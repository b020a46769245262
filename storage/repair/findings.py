"""What verify and repair report."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Finding", "Repair", "Verification", "printable"]


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be: in which part of the library, where, what it is and what to do.

    A `harmless` one is only worth a note: nothing is lost by it and no answer is wrong.
    """

    part: str
    place: str
    what: str
    remedy: str
    harmless: bool = False


def printable(text: str) -> str:
    """Return a text in which bytes that were no UTF-8 are written as \\udcNN, since no terminal or JSON takes them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True)
class Verification:
    """What was found, and how much was looked at, by kind."""

    findings: tuple[Finding, ...]
    checked: Mapping[str, int]

    @property
    def damaged(self) -> bool:
        """Whether something was found that is not harmless."""
        return not all(finding.harmless for finding in self.findings)


@dataclass(frozen=True)
class Repair:
    """What was mended; what is lost but for the copy aside; where that is ("" if nothing was put there).

    `left` is what is damaged still.
    """

    mended: tuple[str, ...]
    lost: tuple[str, ...]
    aside: str
    left: tuple[Finding, ...] = ()
