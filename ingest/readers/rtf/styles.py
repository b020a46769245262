"""The style sheet of an RTF file, by which headings are found."""

import re

from wherein.ingest.readers.rtf.state import BODY_LEVEL, State

__all__ = ["Styles"]

_HEADING = re.compile(r"heading ([1-9])\b")


class Styles:
    """The names and outline levels of styles by their numbers; `name` collects the name of the next one."""

    def __init__(self) -> None:
        self.name: list[str] = []
        self._styles: dict[int, tuple[str, int]] = {}

    def end(self, state: State) -> None:
        """End a style."""
        self._styles[state.style] = ("".join(self.name).strip(" ;").lower(), state.outline)
        self.name.clear()

    def heading(self, state: State) -> int:
        """Return the level of the heading that a paragraph is; 0 for none."""
        if 0 <= state.outline < BODY_LEVEL:
            return state.outline + 1
        name, outline = self._styles.get(state.style, ("", BODY_LEVEL))
        match = _HEADING.match(name)
        if match:
            return int(match[1])
        return 1 if name == "title" else outline + 1 if 0 <= outline < BODY_LEVEL else 0
