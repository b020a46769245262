"""Home folders with the documents that the documentation's commands speak of."""

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from tiny import write_tiny

__all__ = ["HOMES", "LEASE", "RUN_ELSEWHERE"]

LEASE = "# Lease\n\nThe lease may be signed by the owner of the house, or by her attorney.\n"
ZOO_MODEL = "bert-small-uncased-whole-word-masking-squad-emb-int8-0001"

Shell = Callable[[str], object]


def write_papers(home: Path, _: Shell) -> None:
    (home / "papers" / "trial").mkdir(parents=True)
    (home / "papers" / "lease.md").write_text(LEASE)
    (home / "papers" / "trial" / "plan.tex").write_text("\\section{Design}A sample size of 340 is needed in each arm.")
    (home / "papers" / "references.csv").write_text(
        "doi,title,abstract,year\n10.1/x,Power,The sample size that is needed depends on the effect.,2021\n"
    )
    (home / "papers" / "questions.txt").write_text("which sample size is needed?\nwho may sign the lease?\n")


def write_mail(home: Path, _: Shell) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Ann Quince <quince@example.org>", "Bob <bob@example.org>"
    mail["Date"], mail["Subject"] = "Thu, 02 May 2024 10:00:00 +0000", "The boiler"
    mail["Message-ID"] = "<1@example.org>"
    mail.set_content("The boiler is serviced in May. That costs 90 pounds.")
    (home / "mail").mkdir()
    (home / "mail" / "inbox.mbox").write_bytes(b"From quince@example.org Thu May  2 10:00:00 2024\n" + bytes(mail))


def write_library(home: Path, shell: Shell) -> None:
    write_papers(home, shell)
    (home / "notes").mkdir()
    shell("wherein ingest papers")


def write_zoo(home: Path, shell: Shell) -> None:
    write_papers(home, shell)
    write_tiny(home / "models" / ZOO_MODEL, ZOO_MODEL)
    shell(f"wherein ingest papers && wherein model add models/{ZOO_MODEL}")


HOMES = {
    "README.md": write_papers,
    "docs/mail.md": write_mail,
    "docs/open-model-zoo.md": write_zoo,
    "docs/research.md": write_papers,
    "docs/security.md": write_library,
    "docs/team.md": write_library,
    "docs/tutorial.md": lambda home, shell: None,
    "docs/nightly.md": write_library,
}
"""What is in the home folder of each page's reader, by the page's path."""

RUN_ELSEWHERE = {"docs/serving.md": "tests/test_docs.py"}
"""Pages whose commands need something besides a home folder, and the test that runs them."""
