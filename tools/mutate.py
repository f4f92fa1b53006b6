"""Mutation testing of the core: change the code in one place at a time, and see whether a test notices.

    .venv/bin/python tools/mutate.py                               # all of dataspace/policy, every mutant
    .venv/bin/python tools/mutate.py kleene compose odrl/values    # these modules
    .venv/bin/python tools/mutate.py --package privacy limits      # of another package
    .venv/bin/python tools/mutate.py --every 5                     # each fifth mutant, from each module
    .venv/bin/python tools/mutate.py --keep found.jsonl            # what was found stays found: go on after a stop

Long, because it loads, mutates, runs and counts: one command that no package of the project imports.

Each mutant runs in a child of its own, and no file is written beside the kept results. First the tests are collected
once and every child puts the changed code into the function that is loaded; what no test notices then, and changes
outside functions, are tried again in a child that takes the changed module from memory before it loads anything else.
Prints a line for each that survives, and the counts of each module. Exit code 1 where one survives that is not listed
with its reason in docs/explanation/mutation.md.
"""

import argparse
import ast
import gc
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import pkgutil
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.mutants import Mutant, mutants  # noqa: E402 - the root is not on the path of a script

LISTED = ROOT / "docs" / "explanation" / "mutation.md"

TESTED_WITH = {"kleene": "evaluate", "moments": "evaluate", "odrl/holding": "evaluate"} | {
    f"odrl/{name}": "compare" for name in ("values", "ordered", "terms", "formula", "solving")
}
"""The tests of modules that have none of their own name; for all others, those of deciding."""
LOADED = ("hypothesis", "numpy", "psutil", "pytest", "rdflib", "dataspace.model", "dataspace.vocabulary")
"""Loaded once, before the children are made: what the tests need beside the modules that are changed."""
SECONDS = 120
"""A mutant that has not ended by then goes round in circles, which a test run notices too."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module of a package, by its path below the package without its ending."""

    package: str
    name: str

    @property
    def file(self) -> Path:
        """Where it is."""
        return ROOT / "dataspace" / self.package / f"{self.name}.py"

    @property
    def dotted(self) -> str:
        """As Python imports it."""
        return f"dataspace.{self.package}.{self.name.replace('/', '.')}"

    @property
    def own_tests(self) -> str:
        """The file that is most likely to notice a change of it."""
        folder, _, name = self.name.rpartition("/")
        file = Path("tests", self.package, folder, f"test_{name}.py")
        return str(
            file if file.exists() else file.with_name(f"test_{TESTED_WITH.get(self.name, 'decide')}.py")
        )


class Kept:
    """What was found so far, in a file: that a test found a mutant holds while the module stays as it is, that it
    survives only while the tests do."""

    def __init__(self, file: Path, tests: str) -> None:
        self._file = file
        files = [Path(tests)] if Path(tests).is_file() else sorted(Path(tests).rglob("*.py"))
        self._tests = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

    def read(self, module: Module) -> dict[int, bool]:
        """Whether it survives, by the number of the mutant."""
        source = _digest(module.file)
        found: dict[int, bool] = {}
        for line in self._file.read_text().splitlines() if self._file.exists() else ():
            name, of, number, tests, survives = json.loads(line)
            if (name, of) == (module.dotted, source) and (not survives or tests == self._tests):
                found[number] = survives
        return found

    def add(self, module: Module, number: int, survives: bool) -> None:
        """Keep one."""
        with self._file.open("a") as out:
            print(json.dumps([module.dotted, _digest(module.file), number, self._tests, survives]), file=out)


@cache
def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


class FromMemory(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module from changed source."""

    def __init__(self, name: str, code: CodeType) -> None:
        self._name = name
        self._code = code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The one module, and no other."""
        return importlib.machinery.ModuleSpec(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed code as the module."""
        exec(self._code, module.__dict__)  # noqa: S102 - our own code, changed in one place


class Called:
    """Which functions of a package run, by file and name; what is defined within one counts as that one."""

    def __init__(self, package: str) -> None:
        self._folder = str(ROOT / "dataspace" / package)
        self.seen: set[tuple[str, str]] = set()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """What the interpreter tells of each call."""
        if event == "call" and (file := frame.f_code.co_filename).startswith(self._folder):
            self.seen.add((file, frame.f_code.co_qualname.partition(".<locals>")[0]))


class Collected:
    """A plugin of pytest that, instead of running the tests that were collected, runs for each mutant of a function
    those that call it, in a child: the module's own first, and before these the one that found the last. Keeps what
    was found, and what was not where the function has not run before the tests did."""

    def __init__(self, wanted: Sequence[tuple[Module, Sequence[Mutant]]], kept: Kept, called: Called) -> None:
        self._wanted = wanted
        self._kept = kept
        self._called = called

    def pytest_runtestloop(self, session: Any) -> bool:
        """All tests pass on the code as it is, or nothing could be said; then each mutant."""
        sys.setprofile(None)
        before = set(self._called.seen)
        with tempfile.NamedTemporaryFile() as told:
            if _in_child(lambda: self._told(session, Path(told.name)), 10 * SECONDS):
                raise RuntimeError("the tests do not pass on the code as it is")
            calls: list[list[list[str]]] = json.loads(Path(told.name).read_text())
        callers: dict[tuple[str, str], list[int]] = {}
        for place, functions in enumerate(calls):
            for file, function in functions:
                callers.setdefault((file, function), []).append(place)
        for module, of in self._wanted:
            recent: list[int] = []
            for mutant in of:
                if (change := _change(module, mutant)) is None:
                    continue
                name = str(module.file), str(mutant.function)
                places = sorted(
                    callers.get(name, ()) if mutant.function else range(len(calls)),
                    key=lambda at: (
                        recent.index(at) if at in recent else len(recent),
                        not str(session.items[at].path).endswith(module.own_tests),
                    ),
                )
                found = self._found(session, change, [session.items[at] for at in places])
                if found or name not in before:
                    self._kept.add(module, mutant.number, survives=not found)
                if found and found < 255:
                    recent.insert(0, places[found - 1])
        return True

    def _told(self, session: Any, to: Path) -> int:
        """Run all, and write down which functions each calls."""
        calls = []
        for item in session.items:
            self._called.seen = set()
            sys.setprofile(self._called)
            failed = _all_pass(session, [item])
            sys.setprofile(None)
            if failed:
                return 1
            calls.append(sorted(self._called.seen))
        to.write_text(json.dumps(calls))
        return 0

    def _found(self, session: Any, change: Callable[[], None], items: Sequence[Any]) -> int:
        def run() -> int:
            change()
            return _all_pass(session, items)

        return _in_child(run)


def _all_pass(session: Any, items: Sequence[Any]) -> int:
    """0 where they do; else the place of the first that does not, counted from 1, as far as an exit code counts."""
    for place, item in enumerate(items):
        following = items[place + 1] if place + 1 < len(items) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return min(place + 1, 255)
    return 0


def _change(module: Module, mutant: Mutant) -> Callable[[], None] | None:
    """Puts a mutant into what is loaded; None where that cannot simply be done."""
    if mutant.function is None:
        return _assignment(module, mutant)
    found: Any = sys.modules[module.dotted]
    for part in mutant.function.split("."):
        found = vars(found)[part]
        for way in ("fget", "func", "__func__", "__wrapped__"):
            found = getattr(found, way, None) or found
    code = _code_of(mutant)
    if not isinstance(found, FunctionType) or found.__code__.co_freevars != code.co_freevars:
        return None
    return lambda: setattr(found, "__code__", code)


def _assignment(module: Module, mutant: Mutant) -> Callable[[], None] | None:
    """Assigns anew what the module and those that import from it hold, where the change is in an assignment."""
    for part in mutant.tree.body:
        if part.lineno <= mutant.line <= (part.end_lineno or 0) and isinstance(
            part, ast.Assign | ast.AnnAssign
        ):
            break
    else:
        return None
    own = vars(sys.modules[module.dotted])

    def assign() -> None:
        before, changed = dict(own), dict(own)
        exec(compile(ast.Module([part], []), "<changed>", "exec"), changed)  # noqa: S102 - our own code
        for name in (name for name, value in changed.items() if before.get(name) is not value):
            for each in [
                each for key, each in sys.modules.items() if key.startswith(("dataspace.", "tests."))
            ]:
                if name in vars(each) and vars(each)[name] is before[name]:
                    setattr(each, name, changed[name])

    return assign


def _code_of(mutant: Mutant) -> CodeType:
    """The code of the changed function."""
    rest = [compile(mutant.tree, "<changed>", "exec")]
    while rest:
        code = rest.pop()
        if code.co_qualname == mutant.function:
            return code
        rest += [part for part in code.co_consts if isinstance(part, CodeType)]
    raise LookupError(f"no function {mutant.function}")


def _pytest(arguments: Sequence[str], plugins: Sequence[object] = ()) -> int:
    """Run pytest with a profile that draws the same examples each time and does not look for the smallest."""
    import hypothesis
    import pytest

    generate = hypothesis.Phase.explicit, hypothesis.Phase.generate
    hypothesis.settings.register_profile(
        "mutants", max_examples=15, derandomize=True, database=None, deadline=None, phases=generate
    )
    home = tempfile.mkdtemp(prefix="mutant-")
    options = [
        "-x",
        "-q",
        "-s",
        "-m",
        "not ci",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        "--hypothesis-profile=mutants",
    ]
    try:
        return int(pytest.main([*options, f"--basetemp={home}/tests", *arguments], plugins))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _in_child(run: Callable[[], int], seconds: int = SECONDS) -> int:
    """What it comes to in a child that says nothing: 1 also where it raises or does not end."""
    child = os.fork()
    if child == 0:
        gc.disable()
        os.setsid()
        code = 1
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            code = run()
        finally:
            os._exit(code)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 1


def _from_memory(module: Module, mutant: Mutant, tests: str) -> int:
    """0 where all tests pass with the module loaded as the mutant has it."""
    sys.meta_path.insert(0, FromMemory(module.dotted, compile(mutant.tree, "<changed>", "exec")))
    return _pytest([module.own_tests]) or _pytest([tests])


def _modules(package: str) -> Iterator[str]:
    """All of a package that hold more than a docstring."""
    folder = ROOT / "dataspace" / package
    for file in sorted(folder.rglob("*.py")):
        if file.name != "__init__.py":
            yield str(file.relative_to(folder).with_suffix(""))


def _load() -> None:
    for name in LOADED:
        package = importlib.import_module(name)
        if name.startswith("dataspace."):
            for one in pkgutil.iter_modules(package.__path__, f"{name}."):
                importlib.import_module(one.name)


def main(arguments: Sequence[str]) -> int:
    """Run the mutants, and say which survive."""
    parser = argparse.ArgumentParser(
        description="Mutation testing of dataspace/policy, or another package of the core"
    )
    parser.add_argument("modules", nargs="*", help="all of the package, where none is named")
    parser.add_argument("--package", default="policy")
    parser.add_argument(
        "--tests", help="a folder or file of tests: those of the package, where none is named"
    )
    parser.add_argument("--every", type=int, default=1, help="each n-th mutant only")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first mutant of each module")
    parser.add_argument("--keep", type=Path, help="a file of results: those in it are not tried again")
    chosen = parser.parse_args(arguments)
    chosen.tests = chosen.tests or f"tests/{chosen.package}"
    os.chdir(ROOT)
    _load()
    if changeable := sorted(name for name in sys.modules if name.startswith(f"dataspace.{chosen.package}.")):
        raise RuntimeError(f"loaded before it was changed: {changeable[0]}")
    with tempfile.TemporaryDirectory() as folder:
        kept = Kept(chosen.keep or Path(folder, "found.jsonl"), chosen.tests)
        wanted: list[tuple[Module, Sequence[Mutant]]] = []
        for name in chosen.modules or _modules(chosen.package):
            module = Module(chosen.package, name)
            every = mutants(module.file.read_text())
            wanted.append(
                (module, [one for one in every if one.number % chosen.every == chosen.first % chosen.every])
            )
        return _run(chosen.package, chosen.tests, wanted, kept)


def _run(package: str, tests: str, wanted: Sequence[tuple[Module, Sequence[Mutant]]], kept: Kept) -> int:
    fresh = [(module, [one for one in of if one.number not in kept.read(module)]) for module, of in wanted]
    collector = os.fork()
    if collector == 0:
        sys.setprofile(called := Called(package))
        os._exit(_pytest([tests, "-qqq"], [Collected(fresh, kept, called)]))
    if os.waitstatus_to_exitcode(os.waitpid(collector, 0)[1]):
        return 2
    listed = LISTED.read_text() if LISTED.exists() else ""
    tried = left = unlisted = 0
    for module, of in wanted:
        lines = module.file.read_text().splitlines()
        surviving = 0
        for mutant in of:
            survives = kept.read(module).get(mutant.number)
            if survives is None:
                survives = _in_child(partial(_from_memory, module, mutant, tests)) == 0
                kept.add(module, mutant.number, survives)
            if survives:
                surviving += 1
                code = lines[mutant.line - 1].strip()
                known = f"`{code}`: {mutant.what}" in listed
                unlisted += not known
                told = f"{module.name}.py:{mutant.line}: {mutant.what}: `{code}`{'' if known else ' (not listed)'}"
                print(told, flush=True)
        print(f"{module.name}: {len(of)} mutants, {len(of) - surviving} found by a test", flush=True)
        tried, left = tried + len(of), left + surviving
    print(f"{tried} mutants, {tried - left} found by a test, {left} survive, {unlisted} of them not listed")
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
