"""Mutation testing of `dataspace/policy`: change the code in one place at a time, and see whether a test notices.

    .venv/bin/python tools/mutate.py                     # all modules, every mutant
    .venv/bin/python tools/mutate.py kleene compose      # these modules
    .venv/bin/python tools/mutate.py odrl/values         # of a module below
    .venv/bin/python tools/mutate.py --every 5           # each fifth mutant, from each module

A mutant runs in a child of its own: pytest is loaded once, the child takes the changed module from memory, and no file
is written. Prints a line for each that survives, and the counts at the end. Exit code 1 where one survives that is not
listed with its reason in docs/explanation/mutation.md.
"""

import argparse
import ast
import importlib
import importlib.abc
import importlib.machinery
import os
import pkgutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
POLICY = ROOT / "dataspace" / "policy"
LISTED = ROOT / "docs" / "explanation" / "mutation.md"
MODULES = (
    *("kleene", "moments", "coverage", "operands", "comparing", "facts", "evaluate", "compose", "index"),
    *("judge", "decide", "digest", "explain", "nearest", "naming", "replay", "rehearse", "duo"),
    *("odrl/values", "odrl/ordered", "odrl/terms", "odrl/formula", "odrl/solving", "odrl/compare"),
    *("odrl/holding", "odrl/evaluate"),
)
TESTS = "tests/policy"
TESTED_WITH = {"kleene": "evaluate", "moments": "evaluate", "odrl/holding": "evaluate"} | {
    f"odrl/{name}": "compare" for name in ("values", "ordered", "terms", "formula", "solving")
}
"""The tests of modules that have none of their own name; for all others, those of deciding."""
LOADED = ("hypothesis", "pytest", "rdflib", "dataspace.model", "dataspace.vocabulary")
"""Loaded once, before the children are made: what the tests need beside the modules that are changed."""
SECONDS = 60
"""A mutant that has not ended by then goes round in circles, which a test run notices too."""

SWAPS: Mapping[type[ast.AST], type[Any]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "all_of": "any_of", "any_of": "all_of"}


class Mutator(ast.NodeTransformer):
    """Makes the change of one number, counted in the order in which the places are met."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.met = -1
        self.done: tuple[int, str] | None = None

    def chosen(self, node: ast.AST, what: str) -> bool:
        """Whether this is the place."""
        self.met += 1
        if self.met == self.wanted:
            self.done = (getattr(node, "lineno", 0), what)
        return self.met == self.wanted

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Only bodies count: an annotation changes nothing."""
        node.body = [self.visit(part) for part in node.body]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Only bodies count: frozen or with slots, a class of ours does the same."""
        node.body = [self.visit(part) for part in node.body]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """The value, not the annotation."""
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """A type alias of a union is no place: nothing runs it."""
        return node if isinstance(node.value, ast.BinOp) and _is_alias(node) else self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Another comparison."""
        self.generic_visit(node)
        for place, operator in enumerate(node.ops):
            if type(operator) in SWAPS and self.chosen(
                node, f"{_name(operator)} to {SWAPS[type(operator)].__name__}"
            ):
                node.ops[place] = SWAPS[type(operator)]()
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """`and` for `or`."""
        self.generic_visit(node)
        if self.chosen(node, f"{_name(node.op)} to {SWAPS[type(node.op)].__name__}"):
            node.op = SWAPS[type(node.op)]()
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Another operator."""
        self.generic_visit(node)
        if type(node.op) in SWAPS and self.chosen(
            node, f"{_name(node.op)} to {SWAPS[type(node.op)].__name__}"
        ):
            node.op = SWAPS[type(node.op)]()
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """Without `not`."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and self.chosen(node, "without not"):
            return node.operand
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """The other way round."""
        self.generic_visit(node)
        if self.chosen(node, "if and else exchanged"):
            node.body, node.orelse = node.orelse, node.body
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        """Never taken."""
        self.generic_visit(node)
        if self.chosen(node, "if never taken"):
            node.test = ast.Constant(False)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Another value; text is for people, and no place."""
        match node.value:
            case bool():
                other: Any = not node.value
            case None:
                other = False
            case int() | float():
                other = node.value + 1
            case _:
                return node
        return ast.Constant(other) if self.chosen(node, f"{node.value} to {other}") else node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """The opposite function."""
        if node.id in NAMES and self.chosen(node, f"{node.id} to {NAMES[node.id]}"):
            return ast.Name(NAMES[node.id], node.ctx)
        return node


def _is_alias(node: ast.Assign) -> bool:
    return all(
        isinstance(part, ast.Name | ast.BinOp | ast.BitOr | ast.Load | ast.Subscript)
        for part in ast.walk(node.value)
    )


def _name(operator: ast.AST) -> str:
    return type(operator).__name__


class FromMemory(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module from changed source."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self._name = name
        self._code = compile(tree, f"<changed {name}>", "exec")

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The one module, and no other."""
        return importlib.machinery.ModuleSpec(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed code as the module."""
        exec(self._code, module.__dict__)  # noqa: S102 - our own code, changed in one place


def mutants(module: str) -> Iterator[tuple[int, str, ast.Module]]:
    """Line, change and tree of each mutant of a module."""
    source = (POLICY / f"{module}.py").read_text()
    for number in range(10_000):
        mutator = Mutator(number)
        tree = ast.fix_missing_locations(mutator.visit(ast.parse(source)))
        if mutator.done is None:
            return
        yield *mutator.done, tree


def survives(module: str, tree: ast.Module) -> bool:
    """Whether all tests pass with the mutant."""
    child = os.fork()
    if child == 0:
        _run(module, tree)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _run(module: str, tree: ast.Module) -> None:
    """The tests, in the child, the module's own first; never returns."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    code = 1
    try:
        import hypothesis
        import pytest

        hypothesis.settings.register_profile(
            "mutants", max_examples=40, derandomize=True, database=None, deadline=None
        )
        sys.meta_path.insert(0, FromMemory("dataspace.policy." + module.replace("/", "."), tree))
        options = ["-x", "-q", "-m", "not ci", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"]
        code = int(pytest.main([*options, _own_tests(module)])) or int(pytest.main([*options, TESTS]))
    finally:
        os._exit(code)


def _own_tests(module: str) -> str:
    """The file that is most likely to notice a change of the module; the others follow where it does not."""
    folder, _, name = module.rpartition("/")
    file = Path(TESTS, folder, f"test_{name}.py")
    return str(file if file.exists() else Path(TESTS, folder, f"test_{TESTED_WITH.get(module, 'decide')}.py"))


def main(arguments: Sequence[str]) -> int:
    """Run the mutants, and say which survive."""
    parser = argparse.ArgumentParser(description="Mutation testing of dataspace/policy")
    parser.add_argument("modules", nargs="*", default=MODULES)
    parser.add_argument("--every", type=int, default=1, help="each n-th mutant only")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first mutant of each module")
    chosen = parser.parse_args(arguments)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for name in LOADED:
        package = importlib.import_module(name)
        if name.startswith("dataspace."):
            for one in pkgutil.iter_modules(package.__path__, f"{name}."):
                importlib.import_module(one.name)
    if changeable := sorted(name for name in sys.modules if name.startswith("dataspace.policy.")):
        raise RuntimeError(f"loaded before it was changed: {changeable[0]}")
    listed = LISTED.read_text() if LISTED.exists() else ""
    tried = left = unlisted = 0
    for module in chosen.modules:
        print(f"{module}: after {tried} mutants", flush=True)
        for number, (line, what, tree) in enumerate(mutants(module)):
            if number % chosen.every != chosen.first % chosen.every:
                continue
            tried += 1
            if survives(module, tree):
                left += 1
                code = (POLICY / f"{module}.py").read_text().splitlines()[line - 1].strip()
                known = f"`{code}`: {what}" in listed
                unlisted += not known
                print(f"{module}.py:{line}: {what}: `{code}`{'' if known else ' (not listed)'}", flush=True)
    print(f"{tried} mutants, {tried - left} found by a test, {left} survive, {unlisted} of them not listed")
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
