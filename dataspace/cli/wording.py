"""Where words for a notebook become words for a shell: what to type is said in the way of whoever reads it.

Errors and views come from the hub or from the client, which speak to Python. Here, and only here, their calls become
commands; and a command that is suggested carries the `--home` and `--as` of the one that was typed, so that it can be
pasted.
"""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Given = Mapping[str, str]
"""`--home` and `--as` as they were typed, where they were."""

_APPLY = re.compile(r'hub\.apply\("(?P<dataset>[^"]+)"(?P<said>[^)]*)\)')
_SAID = re.compile(r'(?P<name>purpose|kinds|legal_basis|ethics)=(?P<value>"[^"]*"|\[[^\]]*\]|…)')
_OPTION = {"purpose": "--purpose", "kinds": "--kind", "legal_basis": "--legal-basis", "ethics": "--ethics"}
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\breceipt r-(\d+): \.receipt\.verify\(\)"),
        r"receipt r-\1: `dataspace log receipt \1 --output r-\1.json`",
    ),
    (
        re.compile(r"\breceipt of intent (\d+): \.receipt\.verify\(\)"),
        r"receipt: `dataspace log receipt \1 --outcome --output r-\1.json`",
    ),
    (
        re.compile(r'connect\(url, ca="[^"]*"\)'),
        "DATASPACE_CA=hub-ca.pem, a copy of authority/ca.crt in its home",
    ),
    (re.compile(r"connect\(url, token=…\)"), "DATASPACE_TOKEN=…"),
    (re.compile(r'Say connect\("[^"]*"\), or set DATASPACE_URL'), "Set DATASPACE_URL, or say --home"),
    (re.compile(r"`hub\.train\(…\)` or `hub\.glm\(…\)`"), "`dataspace train`"),
    (re.compile(r"\bpermit='([^']+)'"), r"--permit \1"),
    (re.compile(r"\bpermit=…"), "--permit …"),
    (re.compile(r'\b(purpose|kind)="([^"]+)"'), r'--\1 "\2"'),
)
_COMMAND = re.compile(r"(?:(?<=`)|(?<=: )|(?<=  )|^)dataspace [^`\n]*[^`\n .]")
_FOR_ANOTHER = ("policy approve", "policy decline", "hub add-person")
"""Another person types these."""


def shell_words(text: str) -> str:
    """The text with calls of Python as options and commands of the shell."""
    text = _APPLY.sub(_command, text)
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return text


def complete(
    text: str, given: Given, options_of: Callable[[Sequence[str]], frozenset[str]], at_site: bool = False
) -> str:
    """The text with what was given added to each command in it that takes it and does not say it already.

    A hub's home is none of a site's: what was typed to one (`at_site` for a site) is not added to the other's commands.
    """

    def completed(found: re.Match[str]) -> str:
        command = found[0]
        words = command.split()[1:]
        if (words[:1] == ["site"]) is not at_site:
            return command
        takes = options_of(words)
        for option, value in given.items():
            another = option == "--as" and " ".join(words[:2]) in _FOR_ANOTHER
            if option in takes and option not in words and not another:
                command += f" {option} {shlex.quote(value)}"
        return command

    return _COMMAND.sub(completed, text) if given else text


def given_in(arguments: Sequence[str]) -> dict[str, str]:
    """`--home` and `--as` of a command line."""
    found = {}
    for at, word in enumerate(arguments):
        name, sign, value = word.partition("=")
        if name in ("--home", "--as") and (sign or at + 1 < len(arguments)):
            found[name] = value if sign else arguments[at + 1]
    return found


def options_in(root: Any) -> Callable[[Sequence[str]], frozenset[str]]:
    """From the words of a command to the options that it takes, by the tree of commands under `root`."""

    def options(words: Sequence[str]) -> frozenset[str]:
        command = root
        for word in words:
            found = getattr(command, "commands", {}).get(word)
            if found is None:
                break
            command = found
        return frozenset(name for one in command.params for name in one.opts)

    return options


def _command(found: re.Match[str]) -> str:
    words = ["dataspace permit apply", found["dataset"]]
    for one in _SAID.finditer(found["said"]):
        values = re.findall(r'"([^"]*)"', one["value"]) or ["…"]
        words += [
            f"{_OPTION[one['name']]} {value if value == '…' else shlex.quote(value)}" for value in values
        ]
    return f"`{' '.join(words)}`"
