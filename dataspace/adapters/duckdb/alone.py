"""Arrow without pandas, which it imports with its first array wherever it is installed: 30 MB in each process."""

import sys
from collections.abc import Sequence


class _NoPandas:
    """Finds no pandas, whoever looks."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("pandas is left out for now", name=name)


def arrow_alone() -> None:
    """Have Arrow look for pandas now, and find none; it looks again only for who asks it for a frame.

    Nothing is done where pandas is in use already.
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        import pyarrow as pa

        pa.array([0])
    finally:
        sys.meta_path.remove(finder)
