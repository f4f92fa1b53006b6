"""Files that their owner alone reads, whoever makes them: for as long as something is done, or as a decorator."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def private_files() -> Iterator[None]:
    """What this process makes meanwhile gets 0600 (files) and 0700 (folders). Holds for all its threads."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
