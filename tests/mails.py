"""A mail message, and the metadata that a reader finds in it."""

from email.message import EmailMessage

SUBJECT = "Grüße, 😀 and so on"
TITLE = f"{SUBJECT}, Ada Lövelace, 8 July 2011"

METADATA = {
    "author": "Ada Lövelace",
    "created": "2011-07-08T10:08:34Z",
    "from": "Ada Lövelace <ada@example.org>",
    "to": ["bob@example.org", "C, D <c@example.org>"],
}


def message(text: str = "Hällo\n\nwörld\n", html: str = "") -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Ada Lövelace <ada@example.org>"
    made["To"] = 'bob@example.org, "C, D" <c@example.org>'
    made["Date"] = "Fri, 08 Jul 2011 12:08:34 +0200"
    made["Subject"] = SUBJECT
    made["Message-ID"] = "<1@example.org>"
    if text:
        made.set_content(text)
    if html:
        (made.add_alternative if text else made.set_content)(html, subtype="html")
    return made
