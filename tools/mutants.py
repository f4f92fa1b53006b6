"""The changes that mutation testing makes to a module: one place at a time, in the order of its syntax tree."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
        self.function: str | None = None
        self._within: list[str] = []
        self._outermost: str | None = None

    def chosen(self, node: ast.AST, what: str) -> bool:
        """Whether this is the place."""
        self.met += 1
        if self.met == self.wanted:
            self.done = (getattr(node, "lineno", 0), what)
            self.function = self._outermost
        return self.met == self.wanted

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Only bodies count: an annotation changes nothing."""
        self._within.append(node.name)
        before, self._outermost = self._outermost, self._outermost or ".".join(self._within)
        node.body = [self.visit(part) for part in node.body]
        self._outermost = before
        self._within.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Only bodies count: frozen or with slots, a class of ours does the same."""
        self._within.append(node.name)
        node.body = [self.visit(part) for part in node.body]
        self._within.pop()
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


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the how manieth of its module, where, what, the outermost function around it (None at the level of
    the module), and the whole module with it."""

    number: int
    line: int
    what: str
    function: str | None
    tree: ast.Module


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module's source."""
    number = 0
    while True:
        mutator = Mutator(number)
        tree = ast.fix_missing_locations(mutator.visit(ast.parse(source)))
        if mutator.done is None:
            return
        yield Mutant(number, *mutator.done, mutator.function, tree)
        number += 1
