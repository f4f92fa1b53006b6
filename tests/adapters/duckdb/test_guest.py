"""The confined guest that runs a researcher's app: each block by itself, whatever the code tries."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataspace.adapters.duckdb.blocks import Blocks
from dataspace.adapters.duckdb.pair import Child, Spawner
from dataspace.adapters.duckdb.wire import Broken, Channel
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.own_apps import OwnApp, Start, Weight
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.training import TrainingPrivacy

pytestmark = pytest.mark.slow

APP = OwnApp("x", (Weight("w", (2,), Start.ZEROS),), 8)
NAMES = (ColumnName("died"), ColumnName("dose"), ColumnName("person"))
ROWS = 400
SCORES = "\ndef scores(w, x):\n    return np.eye(2)[(x[:, 0] > 0).astype(int)]\n"

Guests = Callable[..., Blocks]


def plan(clip: float = 1e3, sampling: float = 1.0) -> TrainingPlan:
    return TrainingPlan(
        DatasetName("visits"),
        Family.APP,
        NAMES[0],
        NAMES[1:],
        {},
        "research",
        app=APP,
        privacy=TrainingPrivacy(clip=clip, sampling=sampling),
    )


@pytest.fixture
def guests(tmp_path: Path) -> Iterator[Guests]:
    spawner = Spawner(tmp_path / "guest.log", 512 * 2**20, 1, 600)
    children: list[Child] = []

    def start(train: str, seconds: float = 480.0, asked: TrainingPlan | None = None) -> Blocks:
        ours, theirs = socket.socketpair()
        child = spawner.child("guest", theirs)
        theirs.close()
        children.append(child)
        spawner.greet(child, 60.0)
        code = f"import numpy as np\nseen = []\ndef train(w, x, y, s):\n    {train}\n{SCORES}"
        child.channel.send({"hash": "x", "uses": "numpy", "files": {"app.py": code}})
        lacks = child.channel.receive(60.0).document["lacks"]
        if lacks == "isolation":
            pytest.skip("this kernel confines no foreign code")
        assert lacks == ""
        return Blocks(Channel(ours), asked or plan(), {"uses": "numpy", "entry": "app", "seconds": seconds})

    yield start
    for child in children:
        child.end()
    spawner.stop()


def rows() -> tuple[Any, Any, Any]:
    """A constant, a dose of ±1 and the number of the person, who has two rows."""
    units = np.arange(ROWS) // 2
    x = np.column_stack([np.ones(ROWS), np.where(units % 2, 1.0, -1.0), units])
    return x, (units % 2).astype(np.float64), units


def learned(blocks: Blocks) -> Any:
    x, y, units = rows()
    count, total = blocks.learned(x, y, units, np.zeros(2), 1)
    assert count == ROWS // 2
    return total


def test_each_row_is_learned_from_once_and_a_persons_rows_stay_together(guests: Guests) -> None:
    blocks = guests('return {"w": w["w"] + [len(x), len(np.unique(x[:, 1]))]}')
    assert blocks.tried(np.zeros(2))
    assert learned(blocks).tolist() == [ROWS, ROWS // 2]


def test_a_block_is_cut_to_the_norm_of_the_plan_and_the_sum_to_as_many(guests: Guests) -> None:
    total = learned(guests('return {"w": w["w"] + [1e9, 0]}', asked=plan(clip=0.5)))
    assert total.tolist() == pytest.approx([0.5 * APP.blocks, 0.0])


def test_a_person_takes_part_with_the_probability_of_the_plan(guests: Guests) -> None:
    total = learned(guests('return {"w": w["w"] + [len(x), 0]}', asked=plan(sampling=0.5)))
    assert total[0] % 2 == 0
    assert 2 * 40 < total[0] < 2 * 160  # 200 persons: eight deviations to each side


@pytest.mark.parametrize(
    "keep",
    [
        "seen.append(len(x)); n = len(seen)",
        "import builtins; builtins.n = getattr(builtins, 'n', 0) + 1; n = builtins.n",
        "s['again'] = s.get('again', 0) + 1; n = s['again']",
        "w['w'].base.flags if w['w'].base is not None else None; np.kept = getattr(np, 'kept', 0) + 1; n = np.kept",
        "import os; os.environ['n'] = str(int(os.environ.get('n', 0)) + 1); n = int(os.environ['n'])",
    ],
)
def test_nothing_of_one_block_is_there_in_the_next(guests: Guests, keep: str) -> None:
    assert learned(guests(f'{keep}\n    return {{"w": w["w"] + [n, 0]}}')).tolist() == [APP.blocks, 0.0]


@pytest.mark.parametrize(
    "deed",
    [
        'open("/tmp/left", "w")',
        'open("/dev/shm/left", "w")',
        "import os; os.fork()",
        "import socket; socket.socket()",
        "import socket; socket.socketpair()",
        "import os; os.kill(os.getppid(), 9)",
        "import os; open(f'/proc/{os.getppid()}/mem', 'rb').read(1)",
        "import os; open(f'/proc/{os.getppid()}/stat').read()",
        "import os; os.listdir(f'/proc/{os.getppid()}/fd')",
        "open('/etc/passwd').read()",
        "import os; os.execv('/bin/true', ['true'])",
        "import ctypes; assert ctypes.CDLL(None, use_errno=True).shmget(7, 4096, 0o1777) >= 0",
        "import os; os.sched_setscheduler(os.getppid(), os.SCHED_BATCH, os.sched_param(0))",
        "import os; [os.fstat(n) for n in range(3, 6)]",
        "import os; os.environ['HOME']",
    ],
)
def test_what_it_reaches_for_it_does_not_get(guests: Guests, deed: str) -> None:
    code = f"try:\n        {deed}\n    except BaseException:\n        return {{'w': w['w'] + [1, 0]}}\n"
    assert learned(guests(f"{code}    return {{'w': w['w'] + [0, 1]}}")).tolist() == [APP.blocks, 0.0]


def test_one_that_never_ends_or_dies_has_learned_nothing_and_the_next_block_is_heard(guests: Guests) -> None:
    stuck = guests('while 0 in x[:, 1]: pass\n    return {"w": w["w"] + [1, 0]}', seconds=80.0)
    assert learned(stuck)[0] == APP.blocks - 1
    dead = guests('import os\n    if 0 in x[:, 1]: os.abort()\n    return {"w": w["w"] + [1, 0]}')
    assert learned(dead)[0] == APP.blocks - 1


def test_of_the_held_out_only_shares_of_blocks_are_told(guests: Guests) -> None:
    x, y, units = rows()
    some, right = guests("return w").scored(x, y, units, np.zeros(2))
    assert some == APP.blocks
    assert right == pytest.approx(float(APP.blocks))
    some, right = guests("return w").scored(x, 1 - y, units, np.zeros(2))
    assert (some, right) == (APP.blocks, 0.0)


def test_it_fails_on_made_up_rows_where_it_answers_otherwise_than_declared(guests: Guests) -> None:
    for code in (
        "return {}",
        'return {"w": x}',
        'return {"w": w["w"] * float("inf")}',
        "raise SystemExit(0)",
    ):
        assert not guests(code).tried(np.ones(2))


def test_a_guest_that_is_gone_is_no_silent_zero(guests: Guests) -> None:
    blocks = guests("return w")
    blocks._guest.close()
    with pytest.raises(Broken):
        learned(blocks)
