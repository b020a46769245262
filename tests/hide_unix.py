"""Hides from a process what only Unix has: modules, and functions of `os`. To be run as `sitecustomize`, at its start.

What libraries use on Linux alone stays: `os.uname` (NumPy), `os.getuid` and `os.geteuid` (platformdirs), `os.sendfile`
and `os.statvfs` (shutil), and `fcntl` for `portalocker` and `mcp`, which import it nowhere else.
"""

import importlib.abc
import os
import signal
import sys

MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline", "crypt", "spwd", "nis")
FUNCTIONS = (
    "chown", "chroot", "copy_file_range", "fchown", "fchmod", "fdatasync", "fork", "forkpty", "fpathconf", "fstatvfs",
    "getegid", "getgid", "getgroups", "getloadavg", "getpgid", "getpgrp", "getsid", "killpg",
    "lchown", "lockf", "mkfifo", "mknod", "nice", "openpty", "pathconf", "posix_fadvise", "posix_fallocate", "pread",
    "preadv", "pwrite", "pwritev", "readv", "sched_getaffinity", "sched_setaffinity", "setpgid", "setsid",
    "sync", "sysconf", "ttyname", "wait", "wait3", "wait4", "waitid", "writev",
    "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_SYNC",
)  # fmt: skip
SIGNALS = ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGWINCH", "SIGCHLD", "SIGPIPE", "SIGTSTP", "SIGCONT")


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name in MODULES and not _asked_by().startswith(("portalocker", "mcp.")):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _asked_by() -> str:
    """Return the name of the module that imports another one."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("importlib"):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", ""))


def hide() -> None:
    for module in MODULES:
        sys.modules.pop(module, None)
    sys.meta_path.insert(0, _Finder())
    for function in FUNCTIONS:
        if hasattr(os, function):
            delattr(os, function)
    for number in SIGNALS:
        if hasattr(signal, number):
            delattr(signal, number)


if __name__ == "sitecustomize":
    hide()
