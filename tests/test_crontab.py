"""The line of a crontab, as cron and the shell read it."""

import subprocess

import pytest

from wherein.crontab import format_line
from wherein.errors import UsageError


def read_by_cron(line: str) -> str:
    """Return the command that cron gives to the shell; a bare % would end it."""
    *when, command = line.rstrip("\n").split(" ", 5)
    assert when == ["30", "2", "*", "*", "*"]
    assert "%" not in command.replace("\\%", "")
    return command.replace("\\%", "%")


@pytest.mark.parametrize(
    "word",
    ["/plain", "/a b", "/o'brien", '/a"b', "/50%", "/%Y-%m-%d", "/$HOME", "/a;b&c|d", "/`id`", "/é",
     "/caf\udce9", "#!*?"],
)  # fmt: skip
def test_words_arrive_as_they_are(word: str) -> None:
    line = format_line(["printf", "%s|%s", word, word], {"NAME": word})
    command = read_by_cron(line).replace("nice -n 19 printf", 'printf "%s|" "$NAME"; printf', 1)
    # The variable is for the command alone; here the shell is to print it.
    variable, _, rest = command.partition(' printf "%s|"')
    script = f'{variable}; printf "%s|"{rest}'
    done = subprocess.run(["sh", "-c", script.encode(errors="surrogateescape")], capture_output=True, check=True)
    assert done.stdout.decode(errors="surrogateescape") == "|".join([word] * 3)


@pytest.mark.parametrize("word", ["/a\nb", "/a\rb", "/a\0b", "/a\\b", "/a\\%b"])
def test_what_no_crontab_can_hold_is_refused(word: str) -> None:
    for words, environment in (([word], {}), (["/w"], {"NAME": word})):
        with pytest.raises(UsageError, match=r"^A crontab cannot hold "):
            format_line(words, environment)
