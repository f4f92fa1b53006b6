"""What travels as an Arrow stream, as a table. pyarrow is loaded when the first is read."""

from typing import Any

from dataspace.errors import SourceError


def table_of(stream: bytes, what: str = "The answer") -> Any:
    """The pyarrow Table of a whole stream. Raises SourceError where it is cut off or none."""
    import pyarrow as pa

    try:
        with pa.ipc.open_stream(pa.BufferReader(stream)) as reader:
            return reader.read_all()
    except pa.ArrowInvalid as error:
        raise SourceError(f"{what} is not a whole Arrow stream.", "Ask again.") from error
