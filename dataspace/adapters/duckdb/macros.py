"""Macros that every worker has: a vetted library, so that common measures are written once and read the same."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Macro:
    """One macro: its parameters, the expression that it stands for, and what it means."""

    parameters: str
    body: str
    meaning: str


LIBRARY: Mapping[str, Macro] = {
    "age_on": Macro(
        "born, day",
        "date_diff('year', born, day) - CAST((month(day), day(day)) < (month(born), day(born)) AS INTEGER)",
        "whole years from a date of birth to a day",
    ),
    "age_band": Macro(
        "age, width",
        "CAST(floor(age / width) * width AS BIGINT)",
        "the lower end of the band of this width that an age falls in",
    ),
    "days_between": Macro(
        "start, finish", "date_diff('day', start, finish)", "days from one date to another"
    ),
    "month_of": Macro(
        "day", "CAST(date_trunc('month', day) AS DATE)", "the first day of the month of a date"
    ),
    "ratio": Macro(
        "part, whole", "CAST(part AS DOUBLE) / nullif(whole, 0)", "part / whole, NULL where whole is 0"
    ),
    "share": Macro(
        "condition",
        "avg(CASE WHEN condition THEN 1.0 WHEN NOT condition THEN 0.0 END)",
        "the share of rows of a group for which a condition holds, of those for which it is known",
    ),
    "iqr": Macro(
        "value",
        "quantile_cont(value, 0.75) - quantile_cont(value, 0.25)",
        "the interquartile range of a group",
    ),
    "zscore": Macro(
        "value, mean, deviation",
        "(value - mean) / nullif(deviation, 0)",
        "distance from a mean in deviations",
    ),
    "rate_per": Macro(
        "events, population, per",
        "CAST(events AS DOUBLE) * per / nullif(population, 0)",
        "events per so many of a population",
    ),
    "bmi": Macro("kilograms, metres", "kilograms / nullif(metres * metres, 0)", "body mass index"),
}


def statements() -> list[str]:
    """What makes them, for a new instance."""
    return [f"CREATE MACRO {name}({macro.parameters}) AS {macro.body}" for name, macro in LIBRARY.items()]
