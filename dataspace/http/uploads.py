"""A request's body, as a file that a service reads piece by piece in its own thread."""

import queue
from collections.abc import Callable, Iterator
from typing import TypeVar

import anyio
import anyio.to_thread
from fastapi import Request

T = TypeVar("T")


async def uploaded(request: Request, take: Callable[[Iterator[bytes]], T]) -> T:
    """Call `take` in a thread with the body's pieces, while they come; no more than a few are held."""
    pieces: queue.Queue[bytes | None] = queue.Queue(maxsize=8)
    gone: list[bool] = []

    def put(piece: bytes | None) -> None:
        # The reader may have given up: then nobody empties the queue any more.
        while not gone:
            try:
                pieces.put(piece, timeout=0.2)
                return
            except queue.Full:
                continue

    async def feed() -> None:
        try:
            async for piece in request.stream():
                await anyio.to_thread.run_sync(put, piece)
        except BaseException:
            broken.append(True)
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(put, None)

    broken: list[bool] = []

    def taken() -> Iterator[bytes]:
        while (piece := pieces.get()) is not None:
            yield piece
        if broken:
            raise ConnectionAbortedError("the upload broke off")

    def work() -> T:
        try:
            return take(taken())
        finally:
            gone.append(True)

    results: list[T] = []
    failures: list[BaseException] = []

    async def consume() -> None:
        try:
            results.append(await anyio.to_thread.run_sync(work))
        except Exception as error:  # noqa: BLE001 - raised again below, outside the group that would wrap it
            failures.append(error)

    async with anyio.create_task_group() as group:
        group.start_soon(consume)
        await feed()
    if failures:
        raise failures[0]
    return results[0]
