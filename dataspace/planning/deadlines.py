"""Legal deadlines of applications. They run and are shown; that one has passed grants nothing."""

from datetime import datetime, timedelta

from dataspace.model.permits import Basis, Permit

COMPLETENESS_WORKING_DAYS = 5
DECISION_WORKING_DAYS = 10
EHDS_MONTHS = 3
"""To decide, and once more as long where the body says so (EHDS Art. 68)."""


REMINDERS = (90, 30, 7)
"""How many days before its end the persons of a permit are reminded of it."""


def reminder_due(permit: Permit, now: datetime) -> int:
    """The reminder of its end that is due and was not sent, in days before it; 0 for none. Where several were missed,
    the last one. One that the whole permit is shorter than is never due: it would come with the permit."""
    length, left = permit.expires - permit.not_before, permit.expires - now
    days = min((d for d in REMINDERS if left <= timedelta(days=d) < length), default=0)
    return 0 if 0 < permit.reminded <= days else days


def add_working_days(start: datetime, days: int) -> datetime:
    """The same hour, so many working days (Monday to Friday) later; public holidays are not known here."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        if day.weekday() < 5:
            days -= 1
    return day


def add_months(start: datetime, months: int) -> datetime:
    """The same day and hour so many months later, or the last day of a month that is too short."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    beyond = datetime(year, month + 1, 28) + timedelta(days=4)  # always in the month after
    length = (beyond - timedelta(days=beyond.day)).day
    return start.replace(year=year, month=month + 1, day=min(start.day, length))


def completeness_due(submitted: datetime) -> datetime:
    """Until when somebody says whether an application is complete."""
    return add_working_days(submitted, COMPLETENESS_WORKING_DAYS)


def decision_due(complete: datetime, basis: Basis) -> datetime:
    """Until when a complete application is decided."""
    if basis is Basis.EHDS:
        return add_months(complete, EHDS_MONTHS)
    return add_working_days(complete, DECISION_WORKING_DAYS)
