"""`dataspace dataset check, edit, publish, describe, import`, as a steward types them."""

import json
from pathlib import Path

import pytest

from dataspace.bootstrap import add_person, init_hub
from dataspace.cli.main import main
from dataspace.model.principals import Role
from dataspace.settings import HubSettings

FIELDS = (
    "description=Each row is one hour", "domain=plant", "controller=Works of Nowhere", "contract=C-7",
    "trade-secret=none", "contact=Desk <desk@works.example>", "keyword=turbine", "keyword=emissions",
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    settings = HubSettings(tmp_path / "hub")
    init_hub(settings)
    add_person(settings, "sam", "Sam", [Role.STEWARD], "works")
    (tmp_path / "turbine.csv").write_text("hour,yield\n" + "".join(f"{n},{n % 7}.5\n" for n in range(60)))
    return tmp_path


@pytest.mark.slow
def test_from_a_file_to_a_published_record(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(place / "hub")]

    def typed(*words: str) -> tuple[int, str]:
        code = main(["dataset", *words, *home])
        said = capsys.readouterr()
        return code, said.out + said.err

    assert (
        typed("register", str(place / "turbine.csv"), "--name", "turbine", "--field", "theme=energy")[0] == 0
    )
    code, said = typed("check", "turbine")
    assert code == 1
    assert "controller: who decides why and how" in said
    assert "GDPR Art. 4(7)" in said
    assert "dataspace dataset edit turbine --field 'controller=Hospital of Nowhere'" in said
    code, said = typed("check", "turbine", "--codes", "load=full:1")
    assert (code, "--dictionary" in said) == (2, True)
    code, said = typed("publish", "turbine")
    assert (code, "stays a draft" in said) == (1, True)
    code, said = typed("edit", "turbine", *(word for field in FIELDS for word in ("--field", field)))
    assert (code, "Complete" in said) == (0, True)
    assert typed("publish", "turbine")[0] == 0
    code, said = typed("describe", "turbine", "--format", "croissant")
    assert (code, json.loads(said)["keywords"]) == (0, ["turbine", "emissions"])
    code, said = typed("describe", "turbine")
    (place / "record.ttl").write_text(said)
    code, said = typed("import", str(place / "record.ttl"), "--name", "copy")
    assert (code, "Complete" in said) == (0, True), said
    code, said = typed("check", "copy", "--json")
    assert (code, json.loads(said)["missing"]) == (0, [])
    code, said = typed("edit", "turbine", "--field", "controller")
    assert (code, "is no NAME=VALUE" in said) == (2, True)
    code, said = typed("describe", "turbine", "--format", "xml")
    assert code == 2
