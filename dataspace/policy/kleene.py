"""Three-valued logic (Kleene): True, False, and None for what cannot be told."""

from collections.abc import Sequence

Truth = bool | None


def all_of(truths: Sequence[Truth]) -> Truth:
    """False if any is False, else None if any is unknown. Of nothing: unknown, so that it permits nobody."""
    if not truths:
        return None
    return False if False in truths else None if None in truths else True


def any_of(truths: Sequence[Truth]) -> Truth:
    """True if any is True, else None if any is unknown. An empty disjunction is unknown."""
    if not truths:
        return None
    return True if True in truths else None if None in truths else False


def one_of(truths: Sequence[Truth]) -> Truth:
    """Exactly one is True; None while an unknown one could still change that."""
    if not truths:
        return None
    certain = truths.count(True)
    if certain > 1:
        return False
    return None if None in truths else certain == 1


def negation(truth: Truth) -> Truth:
    """What is unknown stays unknown."""
    return None if truth is None else not truth


def agreed(truths: Sequence[Truth]) -> Truth:
    """What all of several possible worlds say alike; None where they differ or there is none."""
    return truths[0] if truths and all(truth is truths[0] for truth in truths) else None
