"""The moment at which a run has to stop: `06:00`, or a date with a time."""

from datetime import datetime, timedelta

from errors import UsageError

__all__ = ["parse_until"]


def parse_until(text: str, now: datetime) -> datetime:
    """Return the moment that `text` names, after `now`, both with their time zone.

    A time of day is the next one there is, today or tomorrow, on the clock of `now`. Raises UsageError for anything
    else than that or a date with a time in ISO 8601, and for a moment that is over.
    """
    try:
        if "-" not in text:
            clock = datetime.strptime(text, "%H:%M").time()
            at = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
            return at if at > now else at + timedelta(days=1)
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text} is no time; write it like 06:00 or 2026-01-31T06:00") from error
    at = at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
    if at <= now:
        raise UsageError(f"{text} is over already")
    return at
