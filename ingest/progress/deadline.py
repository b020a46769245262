"""The moment at which a run has to stop: `06:00`, or a date with a time."""

from datetime import datetime, timedelta

from wherein.errors import UsageError

__all__ = ["parse_until"]


def parse_until(text: str, now: datetime) -> datetime:
    """Return the moment that `text` names, after `now`, with its time zone.

    A time of day is the next one there is, today or tomorrow, on the clock of `now`; without a zone that is the clock
    of this machine, which may be put forward or back until then. Raises UsageError for anything else than that or a
    date with a time in ISO 8601, and for a moment that is over.
    """
    local = now.replace(tzinfo=None)
    try:
        if "-" not in text:
            clock = datetime.strptime(text, "%H:%M").time()
            at = datetime.combine(local.date(), clock)
            at = at if at > local else at + timedelta(days=1)
        else:
            at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text} is no time; write it like 06:00 or 2026-01-31T06:00") from error
    at = at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
    at = at if at.tzinfo else at.astimezone()
    if at <= (now if now.tzinfo else now.astimezone()):
        raise UsageError(f"{text} is over already")
    return at
