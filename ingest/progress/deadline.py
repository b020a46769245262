"""The moment at which a run has to stop: `06:00`, or a date with a time."""

from datetime import datetime, timedelta

from wherein.errors import UsageError

__all__ = ["parse_until"]


def parse_until(text: str, now: datetime) -> datetime:
    """Return the moment that `text` names, with its time zone.

    A time of day is its next occurrence, today or tomorrow, on the clock of `now`; without a zone that is the local
    clock, and daylight saving time may begin or end until then. Raises UsageError for anything but a time of day or a
    date with a time in ISO 8601, and for a moment in the past.
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
        raise UsageError(f"{text} is not a time; write it like 06:00 or 2026-01-31T06:00") from error
    at = at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
    # On the local clock as it will be on that day, whatever the offset is now.
    at = at if at.tzinfo else at.astimezone()
    if at <= (now if now.tzinfo else now.astimezone()):
        raise UsageError(f"{text} is in the past")
    return at
