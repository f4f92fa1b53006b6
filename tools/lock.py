"""Resolve `requirements.lock` from pyproject.toml: every package with its hashes, except torch (docs/adr/0002).

`make lock` runs it with the `uv` that Flower brings along. Versions already in the lock stay unless pyproject.toml
rules them out; delete a package's lines, or the file, to let it move. Nothing is taken that is younger than a week,
since that is the time in which a poisoned release is usually found.
"""

import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
COOLING_OFF = timedelta(days=7)

ONLY_TORCH_BRINGS = re.compile(r"torch|triton|cuda-.*|nvidia-.*")
"""What the accelerator builds of torch add; none of it is needed to resolve the rest."""

IMPLIED = re.compile(
    r"python_full_version < '3\.15'|implementation_name == 'cpython'|platform_python_implementation != 'PyPy'"
    r"|sys_platform == 'linux'"
)
"""Parts of a marker that hold wherever the set-up runs at all: it asks for CPython 3.11 to 3.14 on Linux."""


def entries(text: str) -> list[str]:
    """The lock's entries: a line that names a package, with the hash lines that follow it."""
    return re.findall(r"^\S.*(?:\n +.*)*", text, flags=re.MULTILINE)


def shortened(entry: str) -> str:
    """The entry without the parts of its marker that always hold."""
    head, line_break, hashes = entry.partition("\n")
    requirement, _, marker = head.removesuffix(" \\").partition(" ; ")
    if "(" in marker or " or " in marker:  # not a plain chain of conditions: leave it whole
        return entry
    left = [part for part in marker.split(" and ") if part and not IMPLIED.fullmatch(part)]
    head = f"{requirement} ; {' and '.join(left)}" if left else requirement
    return f"{head} \\{line_break}{hashes}"


def main() -> int:
    """Write the lock anew, or leave it as it is and hand on uv's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / LOCK.name
        if LOCK.exists():
            draft.write_text(LOCK.read_text())
        # With a shared cooling-off date the same day gives the same lock.
        newest = (datetime.now(UTC) - COOLING_OFF).date().isoformat()
        shape = ["--universal", "--python-version", "3.11", "--generate-hashes", "--prerelease", "disallow"]
        style = ["--no-header", "--no-annotate", "--quiet", "--output-file", str(draft)]
        command = ["pip", "compile", "pyproject.toml", "--all-extras", "--group", "dev", *shape, *style]
        result = subprocess.run(
            [Path(sys.executable).with_name("uv"), *command, "--exclude-newer", newest],
            cwd=ROOT,
            env={**os.environ, "UV_FIND_LINKS": os.environ.get("PIP_FIND_LINKS", "")},
            check=False,
        )
        if result.returncode:
            return result.returncode
        kept = [
            e for e in entries(draft.read_text()) if not ONLY_TORCH_BRINGS.fullmatch(e.partition("==")[0])
        ]
    LOCK.write_text("\n".join(map(shortened, kept)) + "\n")
    print(
        f"requirements.lock: {len(kept)} entries; torch stays outside, see docs/adr/0002. Now run make check."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
