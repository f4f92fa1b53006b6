"""Threads that are kept: as many as there is work at once, and gone when they are closed."""

import threading

from dataspace.service.hands import Hands


def named() -> int:
    return sum(thread.name == "hand of a test" for thread in threading.enumerate())


def test_one_thread_does_one_thing_after_the_other() -> None:
    hands, seen, done = Hands("hand of a test"), set[int](), threading.Semaphore(0)

    def work() -> None:
        seen.add(threading.get_ident())
        done.release()

    for _ in range(20):
        hands.give(work)
        assert done.acquire(timeout=5)
    assert named() <= 2, "a thread that has just done its work may not be free yet"
    hands.close(5)
    assert named() == 0


def test_who_is_at_work_keeps_nobody_waiting() -> None:
    hands, going, ended = Hands("hand of a test"), threading.Event(), threading.Barrier(4)

    def work() -> None:
        going.wait(5)
        ended.wait(5)

    for _ in range(3):
        hands.give(work)
    quick = threading.Event()
    hands.give(quick.set)
    assert quick.wait(5)
    going.set()
    ended.wait(5)
    hands.close(5)
    assert named() == 0


def test_work_that_is_given_after_the_end_is_done_all_the_same() -> None:
    hands, done = Hands("hand of a test"), threading.Event()
    for _ in range(3):
        hands.give(lambda: None)
    hands.close(5)
    hands.give(done.set)
    assert done.wait(5)
    hands.close(5)
    assert named() == 0
