"""The line of a crontab that runs `wherein reindex` every night."""

import shlex
from collections.abc import Mapping, Sequence

from wherein.errors import UsageError

__all__ = ["format_line"]


def format_line(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the line for a command and its environment variables.

    Bytes that are not UTF-8 stay lone surrogates. Raises UsageError for a word that no crontab can hold.
    """
    for word in (*words, *environment.values()):
        _require_writable(word)
    variables = [f"{name}={shlex.quote(value)}" for name, value in environment.items()]
    command = " ".join([*variables, "nice -n 19", shlex.join(words)])
    # cron takes % for the end of the line, unless a backslash precedes it, which it removes (crontab(5)).
    return f"30 2 * * * {command}".replace("%", "\\%") + "\n"


def _require_writable(word: str) -> None:
    if any(ord(character) < 32 or ord(character) == 127 for character in word):
        raise UsageError(f"A crontab cannot hold {word!a}, which has a control character; rename it")
    if "\\" in word:
        raise UsageError(f"A crontab cannot hold {word!a}: some versions of cron do not keep a backslash; rename it")
