"""What each track of an application brings with it: kinds of answer, duration and conditions, as data.

A track is a ceiling. Policies, the permit's conditions and a site's own rules may all be stricter.
"""

from dataclasses import dataclass
from datetime import timedelta

from dataspace.model.permits import Track
from dataspace.model.policies import AnswerKind, Obligations


@dataclass(frozen=True, slots=True)
class TrackLimits:
    """The most that a permit of a track gives."""

    kinds: frozenset[AnswerKind]
    longest: timedelta
    usual: timedelta
    """How long it lasts where nobody says otherwise."""
    conditions: Obligations


_LONGEST = timedelta(days=3652)

NO_TRACK = TrackLimits(
    frozenset(AnswerKind),
    _LONGEST,
    timedelta(days=365),
    Obligations(cohort=10, epsilon_question=0.5, epsilon_total=1.0),
)
"""Where an application names none: the house's defaults."""

TRACKS = {
    Track.EXPLORATORY: TrackLimits(
        frozenset({AnswerKind.AGGREGATE, AnswerKind.NOISY}),
        timedelta(days=180),
        timedelta(days=90),
        Obligations(cohort=20, epsilon_question=0.1, epsilon_total=0.5),
    ),
    Track.SCALING: TrackLimits(
        frozenset({AnswerKind.AGGREGATE, AnswerKind.NOISY, AnswerKind.TRAIN}),
        timedelta(days=365),
        timedelta(days=365),
        Obligations(cohort=10, epsilon_question=0.5, epsilon_total=1.0, minimum_sites=3),
    ),
    Track.PRODUCTION: TrackLimits(
        frozenset(AnswerKind),
        _LONGEST,
        timedelta(days=365),
        Obligations(cohort=10, epsilon_question=0.5, epsilon_total=3.0, minimum_sites=3),
    ),
}

DATA_REQUEST_KINDS = frozenset({AnswerKind.AGGREGATE, AnswerKind.NOISY})
"""What a data request may ask for: statistics, never rows or training."""


def limits_of_track(track: Track | None) -> TrackLimits:
    """The limits that hold for a track, or for none."""
    return NO_TRACK if track is None else TRACKS[track]
