"""What a reviewer of an app wants to see first, from its syntax tree: an aid, and not the wall.

The wall is the confined process that runs the app. Python hides anything from whoever reads only its tree.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

USUAL = frozenset(
    {"torch", "numpy", "math", "typing", "dataclasses", "collections", "functools", "itertools"}
)
"""Modules that a model needs, and that need no explanation."""
TELLING = {
    "ctypes": "calls into memory and the system",
    "pickle": "runs what a file says",
    "marshal": "runs what a file says",
    "socket": "opens a network",
    "subprocess": "starts programs",
    "multiprocessing": "starts processes",
    "threading": "starts threads",
    "os": "reaches files, processes and the environment",
    "sys": "reaches the interpreter",
    "gc": "finds objects of others",
    "inspect": "finds objects of others",
    "importlib": "loads code by a name that is made while it runs",
    "builtins": "changes the language",
    "dataspace": "reaches what runs it",
}
CALLS = {
    "eval": "runs code that is made while it runs",
    "exec": "runs code that is made while it runs",
    "compile": "makes code while it runs",
    "__import__": "loads code by a name that is made while it runs",
    "open": "opens a file",
    "globals": "reaches names that it does not spell",
    "setattr": "changes what others use",
    "getattr": "reaches names that it does not spell",
}
METHODS = {
    "load": "reads a file (torch.load runs what it says)",
    "save": "writes a file",
    "tofile": "writes a file",
    "fromfile": "reads a file",
    "loadtxt": "reads a file",
    "memmap": "maps a file",
    "load_library": "loads a library",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line to look at."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.what}"


def scanned(files: Mapping[str, str]) -> list[Finding]:
    """In the order of files and lines. Code that cannot be parsed is a finding, too."""
    own = {path.removesuffix(".py").split("/")[0] for path in files if path.endswith(".py")}
    found: list[Finding] = []
    for path, text in sorted(files.items()):
        if not path.endswith(".py"):
            continue
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            found.append(Finding(path, getattr(error, "lineno", 0) or 0, "is no Python that can be read"))
            continue
        said = {Finding(path, line, what) for line, what in _told(tree, own)}
        found += sorted(said, key=lambda finding: (finding.line, finding.what))
    return found


def _told(tree: ast.AST, own: set[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield from _imported(node.lineno, alias.name, own)
            case ast.ImportFrom(module=module, level=0):
                yield from _imported(node.lineno, module or "", own)
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                yield node.lineno, f"calls {name}, which {CALLS[name]}"
            case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS:
                yield node.lineno, f"calls .{name}, which {METHODS[name]}"
            case ast.Attribute(attr=name) if name.startswith("__") and name != "__init__":
                yield node.lineno, f"uses {name}, which reaches inside Python's objects"
            case ast.Constant(value=str() | bytes() as value) if len(value) > 2_000:
                yield node.lineno, "has a very long constant, which may be code or data"


def _imported(line: int, module: str, own: set[str]) -> Iterator[tuple[int, str]]:
    top = module.split(".")[0]
    if top in TELLING:
        yield line, f"imports {module}, which {TELLING[top]}"
    elif top not in USUAL and top not in own:
        yield line, f"imports {module}, which is not usual for a model"
