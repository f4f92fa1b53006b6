"""Curating further what stays in its source: the steps that it is read by, and more of them, as one declaration."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from dataspace.model.places import Place
from dataspace.service.curation import Wishes, column_named


def with_more(place: Place, more: Wishes, columns: Sequence[str]) -> Place:
    """The place with the steps that it has and these. `columns` are those that its latest version has.

    The source is read by one declaration, in which columns are dropped and renamed by the names that the source
    gives them: what was renamed before is spoken of by its old name, and what is dropped now by no other step.
    Raises InvalidRequest for a column that the version does not have.
    """
    before = {new.strip(): old for old, _, new in (text.partition("=") for text in place.rename)}
    dropped = [str(column_named(text, columns)) for text in more.drop]
    renamed = [
        (str(column_named(old, columns)), new)
        for old, _, new in (text.partition("=") for text in more.rename)
    ]
    gone = {*dropped, *(before.get(name, name) for name in dropped)}
    again = {before[name] for name, _ in renamed if name in before}
    now = {name: new.strip() for name, new in renamed}
    return replace(
        place,
        drop=_different(*place.drop, *(before.get(name, name) for name in dropped)),
        rename=(
            *_without(place.rename, gone | again),
            *(f"{before.get(name, name)}={new}" for name, new in renamed),
        ),
        cast=_different(*_called(_without(place.cast, gone), now), *more.cast),
        generalise=_different(*_called(_without(place.generalise, gone), now), *more.generalise),
        consent=_different(*place.consent, *more.consent),
        codes=_different(*_called(_without(place.codes, gone), now), *more.codes),
    )


def _without(texts: Sequence[str], columns: Collection[str]) -> tuple[str, ...]:
    """The steps that are about none of these columns."""
    return tuple(text for text in texts if text.partition("=")[0].strip() not in columns)


def _called(texts: Sequence[str], now: dict[str, str]) -> tuple[str, ...]:
    """The steps about columns by their new names."""
    parted = (text.partition("=") for text in texts)
    return tuple(f"{now.get(name, name)}={how}" for name, _, how in parted)


def _different(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
