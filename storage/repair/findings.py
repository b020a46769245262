"""The reports of verify and repair."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Finding", "Repair", "Verification", "printable"]


@dataclass(frozen=True)
class Finding:
    """One problem: the `part` of the library, the `place` in it, `what` is wrong and the `remedy`.

    A `harmless` one is a note: nothing is lost and no answer is wrong. The fields are keys of `verify --json`.
    """

    part: str
    place: str
    what: str
    remedy: str
    harmless: bool = False


def printable(text: str) -> str:
    """Return a text with each lone surrogate written as \\udcNN, which terminals and JSON accept."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True)
class Verification:
    """The findings, and how many rows and files of each kind were checked."""

    findings: tuple[Finding, ...]
    checked: Mapping[str, int]

    @property
    def damaged(self) -> bool:
        """Whether something was found that is not harmless."""
        return not all(finding.harmless for finding in self.findings)


@dataclass(frozen=True)
class Repair:
    """Sentences about what was repaired (`mended`) and what is `lost` except for its copy in quarantine.

    `aside` is the quarantine folder, "" if nothing was quarantined; `left` is what is still damaged. The fields are
    keys of `repair --json`.
    """

    mended: tuple[str, ...]
    lost: tuple[str, ...]
    aside: str
    left: tuple[Finding, ...] = ()
