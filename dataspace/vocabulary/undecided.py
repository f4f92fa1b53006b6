"""Answers that say nothing: a draft may hold them, a published record may not."""

_WORDS = frozenset(
    {
        "none designated yet",
        "none yet",
        "not yet",
        "unknown",
        "tbd",
        "to be decided",
        "to be determined",
        "?",
        "-",
        "x",
    }
)


def undecided(text: str) -> bool:
    """Whether a field is empty, or holds one of the phrases by which people leave it open."""
    return not text.strip() or text.strip().strip(".").casefold() in _WORDS
