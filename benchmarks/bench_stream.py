"""Streaming 4 M × 8 out of the hub over TLS, beside a bare server of the same table in one process, same codec.

The hub's rows come from a confined worker and pass the walk; the bare server holds the table in memory, so the
difference is what confinement costs. Both are read in turns, best of the runs.
"""

import asyncio
import multiprocessing
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.flight as fl

from benchmarks.figure import Figure
from benchmarks.serving_world import COLUMNS, PURPOSE, ROWS, Served, served

RUNS = 4
BATCH = 122_880


def bare(kind: str, codec: str | None, folder: str, told: Any) -> None:
    """Serve the table from memory, until killed: what any server of Arrow would do, with nothing in between."""
    import pyarrow.parquet as pq

    table = pq.read_table(Path(folder) / "big.parquet")
    options = pa.ipc.IpcWriteOptions(compression=codec)
    certificate, key = Path(folder) / "server.crt", Path(folder) / "server.key"
    if kind == "flight":

        class Door(fl.FlightServerBase):  # type: ignore[misc]
            def do_get(self, context: Any, ticket: Any) -> Any:
                return fl.RecordBatchStream(
                    pa.RecordBatchReader.from_batches(table.schema, table.to_batches(BATCH)), options=options
                )

        door = Door("grpc+tls://127.0.0.1:0", tls_certificates=[(certificate.read_bytes(), key.read_bytes())])
        told.put(door.port)
        door.serve()
        return
    import uvicorn
    from fastapi import FastAPI
    from starlette.responses import StreamingResponse

    app = FastAPI()

    @app.post("/query")
    async def query() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            for batch in table.to_batches(BATCH):
                yield await asyncio.to_thread(_message, table.schema, batch, options)

        return StreamingResponse(pieces())

    listener = socket.create_server(("127.0.0.1", 0))
    told.put(listener.getsockname()[1])
    config = uvicorn.Config(app, ssl_certfile=str(certificate), ssl_keyfile=str(key), log_level="error")
    uvicorn.Server(config).run(sockets=[listener])


def _message(schema: pa.Schema, batch: pa.RecordBatch, options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=options) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def seconds(read: Callable[[], int]) -> float:
    """The time of one reading, which must be of all rows' bytes."""
    start = time.perf_counter()
    assert read() > 0
    return time.perf_counter() - start


def http_reader(url: str, ca: Path, token: str, codec: str) -> Callable[[], int]:
    """Reads the body, and no more: decoding costs both sides the same."""
    client = httpx.Client(base_url=url, verify=str(ca), timeout=120)
    body = {"sql": "SELECT * FROM big", "kind": "rows", "purpose": PURPOSE, "codec": codec}

    def read() -> int:
        size = 0
        headers = {"Authorization": f"Bearer {token}"}
        with client.stream("POST", "/query", json=body, headers=headers) as response:
            assert response.status_code == 200
            for piece in response.iter_raw():
                size += len(piece)
        return size

    return read


def flight_reader(url: str, ca: Path, token: str) -> Callable[[], int]:
    """Reads the batches of the hub."""
    from dataspace.flight.commands import wrapped

    client = fl.FlightClient(url, tls_root_certs=ca.read_bytes())
    said = {"authorization": f"Bearer {token}", "dataspace-purpose": PURPOSE, "dataspace-kind": "rows"}
    options = fl.FlightCallOptions(headers=[(name.encode(), value.encode()) for name, value in said.items()])
    command = wrapped("CommandStatementQuery", (1, "SELECT * FROM big"))

    def read() -> int:
        info = client.get_flight_info(fl.FlightDescriptor.for_command(command), options)
        rows: int = sum(chunk.data.num_rows for chunk in client.do_get(info.endpoints[0].ticket, options))
        assert rows == ROWS
        return rows

    return read


def bare_flight_reader(port: int, ca: Path) -> Callable[[], int]:
    """Reads the batches of the bare server."""
    client = fl.FlightClient(f"grpc+tls://localhost:{port}", tls_root_certs=ca.read_bytes())

    def read() -> int:
        rows: int = sum(chunk.data.num_rows for chunk in client.do_get(fl.Ticket(b"")))
        return rows

    return read


def compared(name: str, target: float, ours: Callable[[], int], peer: Callable[[], int], codec: str) -> None:
    """Both in turns; the first readings warm up."""
    ours(), peer()
    pairs = [(seconds(ours), seconds(peer)) for _ in range(RUNS)]
    size = ROWS * COLUMNS * 8 / 1e6
    best, other = size / min(mine for mine, _ in pairs), size / min(theirs for _, theirs in pairs)
    Figure(
        figure=f"{name}, {codec}, TLS: share of a bare server's speed",
        value=round(best / other, 2),
        unit="of the peer",
        better="higher",
        target=target,
        peer=f"bare {name}, MB of Arrow a second (ours: {best:.0f})",
        peer_value=round(other),
        counts={"rows": ROWS, "columns": COLUMNS, "runs": RUNS},
    ).show()


def main() -> None:
    """Both doors, lz4 and none."""
    with served() as hub, tempfile.TemporaryDirectory() as folder:
        home = hub.ca.parent.parent
        for name in ("server.crt", "server.key"):
            (Path(folder) / name).write_bytes((home / "tls" / name).read_bytes())
        (Path(folder) / "big.parquet").symlink_to(home.parent / "big.parquet")
        for codec in ("lz4", "none"):
            _one("http", codec, folder, hub)
        _one("flight", "lz4", folder, hub)


def _one(kind: str, codec: str, folder: str, hub: Served) -> None:
    spawn = multiprocessing.get_context("spawn")
    told = spawn.Queue()
    child = spawn.Process(
        target=bare, args=(kind, None if codec == "none" else codec, folder, told), daemon=True
    )
    child.start()
    try:
        port = told.get(timeout=60)
        if kind == "http":
            ours = http_reader(hub.url, hub.ca, hub.tokens[0], codec)
            peer = http_reader(f"https://localhost:{port}", hub.ca, "none", codec)
            compared("HTTP stream", 0.9, ours, peer, codec)
        else:
            ours = flight_reader(hub.flight, hub.ca, hub.tokens[0])
            compared("Flight stream", 0.7, ours, bare_flight_reader(port, hub.ca), codec)
    finally:
        child.kill()
        child.join()


if __name__ == "__main__":
    main()
