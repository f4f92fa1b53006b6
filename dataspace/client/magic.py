"""`%%dataspace` in a notebook: a cell of SQL, with completion of datasets and columns.

%load_ext dataspace
%%dataspace --permit P-7 --into answer
SELECT type, count(*) FROM medpar GROUP BY type
"""

import shlex
from collections.abc import Sequence
from typing import Any

from dataspace.client.answers import Answer
from dataspace.client.hub import Hub
from dataspace.errors import DataspaceError, InvalidRequest

MAGIC = "dataspace"
_OPTIONS = ("permit", "purpose", "kind", "epsilon", "into", "hub")
_USAGE = "%%dataspace --permit P-7 --purpose … --kind rows --epsilon 0.1 --into name --hub name"


class CellMagic:
    """Bound to one shell. The hub is the variable named by `--hub`, `hub`, or the only hub there is."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._words: dict[int, dict[str, tuple[str, ...]]] = {}

    def run(self, line: str, cell: str) -> Answer:
        """Ask what the cell says; the answer is what the cell gives."""
        said = _options(line)
        hub = self._hub(said.get("hub", ""))
        answer = hub.sql(
            cell,
            permit=said.get("permit"),
            purpose=said.get("purpose", ""),
            kind=said.get("kind"),
            epsilon=_epsilon(said.get("epsilon")),
            parameters=None,
        )
        if "into" in said:
            self._shell.user_ns[said["into"]] = answer
        return answer

    def complete(self, context: Any) -> dict[str, Any]:
        """For IPython: datasets, and the columns of those that the cell names."""
        from IPython.core.completer import SimpleCompletion

        token, cell = str(context.token), str(context.full_text)
        if not cell.lstrip().startswith(f"%%{MAGIC}"):
            return {"completions": []}
        found = self._matches(token, cell)
        return {"completions": [SimpleCompletion(text=word, type="dataspace") for word in found]}

    def _matches(self, token: str, cell: str) -> Sequence[str]:
        first = cell.lstrip().split("\n", 1)[0]
        try:
            known = self._known(self._hub(_options(first.removeprefix(f"%%{MAGIC}")).get("hub", "")))
        except DataspaceError:
            return ()
        dataset, dot, rest = token.rpartition(".")
        if dot:
            return [f"{dataset}.{column}" for column in known.get(dataset, ()) if column.startswith(rest)]
        said = {word.strip("(),;.").partition(".")[0] for word in cell.lower().split()}
        columns = {column for name, several in known.items() if name in said for column in several}
        return sorted(word for word in {*known, *columns} if word.startswith(token.lower()))

    def _known(self, hub: Hub) -> dict[str, tuple[str, ...]]:
        if id(hub) not in self._words:
            views = hub.datasets()
            self._words[id(hub)] = {view.name: tuple(str(c.name) for c in view.columns) for view in views}
        return self._words[id(hub)]

    def _hub(self, name: str) -> Hub:
        space = self._shell.user_ns
        if name or isinstance(space.get("hub"), Hub):
            found = space.get(name or "hub")
            if isinstance(found, Hub):
                return found
            raise InvalidRequest(f"'{name}' is no hub here.", "Name a variable that connect or open gave.")
        hubs = {key: value for key, value in space.items() if isinstance(value, Hub) and key[:1] != "_"}
        if len({id(value) for value in hubs.values()}) == 1:
            return next(iter(hubs.values()))
        raise InvalidRequest("Which hub?", "hub = dataspace.connect(…) first, or name one with --hub.")


def load(shell: Any) -> None:
    """Make the magic known to this shell. Called by `%load_ext dataspace`."""
    from IPython.core.completer import context_matcher

    magic = CellMagic(shell)
    shell.register_magic_function(magic.run, magic_kind="cell", magic_name=MAGIC)

    @context_matcher(identifier="dataspace")  # type: ignore[untyped-decorator, unused-ignore]
    def dataspace_words(context: Any) -> Any:
        return magic.complete(context)

    shell.Completer.custom_matchers.append(dataspace_words)


def _options(line: str) -> dict[str, str]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise InvalidRequest("The options of the cell cannot be read.", _USAGE) from error
    said: dict[str, str] = {}
    while words:
        word = words.pop(0)
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or name not in _OPTIONS or not (equals or words):
            raise InvalidRequest(f"'{word}' is no option of the cell.", _USAGE)
        said[name] = value if equals else words.pop(0)
    return said


def _epsilon(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError as error:
        raise InvalidRequest("ε is a number.", _USAGE) from error
