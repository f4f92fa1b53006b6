"""The main job: one hub, four hospitals and a plant on this machine, in ten steps."""

from pathlib import Path


def run(json: bool, keep: bool, output: Path) -> int:
    """Walk the demo and write `report.html` to `output`; the exit code.

    `json` prints the facts as one object on standard output, `keep` leaves the hub and the sites running.
    """
    # Imported here: what the demo needs takes a second to load, and the other commands do not need it.
    from dataspace.cli.demo.story import tell

    return tell(as_json=json, keep=keep, output=output)
