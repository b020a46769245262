"""The standard streams of a command: closed, full or unable to show a character, they cost a sentence, no traceback."""

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TextIO, cast

from wherein.errors import UsageError, WhereinError

__all__ = ["ReaderGoneError", "prepare_streams", "print_bytes"]


class ReaderGoneError(Exception):
    """Nobody reads standard output any more, as in `wherein query ... | head`. No OSError, which others handle."""


def prepare_streams() -> None:
    """Replace the process's own standard streams; those that a host program or a test has set are left alone."""
    # A closed descriptor would be given to the next file that is opened, and what is printed would go into that file.
    # Opened the wrong way round, reading and writing fail as on a closed one.
    for descriptor, flags in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        _fill(descriptor, flags)
    if sys.stdin is sys.__stdin__:
        sys.stdin = _text_input(sys.stdin)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text_output(_Output(1, "wb", closefd=False), sys.stdout, "replace")
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text_output(_Messages(2, "wb", closefd=False), sys.stderr, "backslashreplace")


def print_bytes(data: bytes) -> None:
    """Write bytes to standard output as they are, whatever its encoding is."""
    sys.stdout.flush()
    binary = sys.stdout.binary if isinstance(sys.stdout, _Text) else sys.stdout.buffer
    binary.write(data)
    binary.flush()


def _fill(descriptor: int, flags: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError:
        opened = os.open(os.devnull, flags)
        if opened != descriptor:
            os.dup2(opened, descriptor)
            os.close(opened)
        os.set_inheritable(descriptor, True)


def _text_input(like: TextIO | None) -> TextIO:
    # "replace": a byte that is no text must not end the questions that follow it.
    return io.TextIOWrapper(io.BufferedReader(_Input(0, "rb", closefd=False)), _encoding(like), "replace")


def _text_output(raw: io.FileIO, like: TextIO | None, errors: str) -> TextIO:
    return _Text(io.BufferedWriter(raw), _encoding(like), errors, line_buffering=raw.isatty())


def _encoding(like: TextIO | None) -> str:
    return like.encoding if like else "utf-8"


class _Text(io.TextIOWrapper):
    """Hides its buffer from Click, which writes UTF-8 to it where the encoding is ASCII."""

    @property
    def buffer(self) -> io.BufferedWriter:
        raise AttributeError("buffer")

    @property
    def binary(self) -> BinaryIO:
        """The stream of bytes below this one."""
        return cast(BinaryIO, super().buffer)


class _Input(io.FileIO):
    """Standard input; a command that needs it makes no sense where it cannot be read."""

    def readinto(self, buffer: Any, /) -> int:
        with _explaining_input():
            return super().readinto(buffer)

    def readall(self) -> bytes:
        with _explaining_input():
            return super().readall()


@contextmanager
def _explaining_input() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"Standard input cannot be read: {_reason(error)}") from error


class _Output(io.FileIO):
    """Standard output. A failure is raised once, so that Python's own flush at the exit has nothing to report."""

    failed = False

    def write(self, data: Any, /) -> int:
        if self.failed:
            return memoryview(data).nbytes
        try:
            while (written := super().write(data)) is None:  # a pipe that does not block, and is full
                select.select((), (self,), ())
        except BrokenPipeError as error:
            self.failed = True
            raise ReaderGoneError from error
        except OSError as error:
            self.failed = True
            raise WhereinError(f"Standard output cannot be written: {_reason(error)}") from error
        return written


class _Messages(io.FileIO):
    """Standard error. There is nowhere to report that it cannot be written; the exit code still says how it went."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or 0
        except OSError:
            return memoryview(data).nbytes


def _reason(error: OSError) -> str:
    return "it is closed" if error.errno == errno.EBADF else (error.strerror or str(error))
