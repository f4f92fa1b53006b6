"""Where rows stay that the hub does not take: an address, what is read there, and what is done to it on the way."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """Kept where nobody but the operator reads it; the secret stands in no record, no log and no printed form.

    The tuples are the curation that was typed, as `Registration` has it: it is done again with every reading.
    """

    address: str = field(repr=False)
    item: str
    secret: str = field(repr=False)
    drop: tuple[str, ...] = ()
    rename: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    generalise: tuple[str, ...] = ()
    consent: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of source: the scheme of its address."""
        return self.address.partition(":")[0].lower()
