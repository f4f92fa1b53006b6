"""The steward's commands as they are typed: register, fix, look, retire."""

from pathlib import Path

import pytest

from dataspace.cli.curation import name_of
from dataspace.cli.main import main
from dataspace.connecting import create_hub

ROWS = "".join(f"{i},p{i % 40},{20 + i % 60},{'0301' if i % 20 else '0302'}\n" for i in range(160))


class Typed:
    """Types a command at one hub."""

    def __init__(self, place: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.place, self.file, self._capsys = place, file, capsys

    def __call__(self, *words: str) -> tuple[int, str]:
        """The exit code, and what stood on the screen."""
        code = main(["dataset", *words, "--home", str(self.place)])
        said = self._capsys.readouterr()
        return code, said.out + said.err


@pytest.fixture
def typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    place = tmp_path / "hub"
    create_hub(place, {"sam": "steward"})
    (tmp_path / "visits.csv").write_text(f",person,age,provnum\n{ROWS}")
    return Typed(place, tmp_path / "visits.csv", capsys)


def test_the_first_minutes_of_a_steward(typed: Typed, tmp_path: Path) -> None:
    code, said = typed("register", str(typed.file))
    assert code == 0
    assert "160 rows, 4 columns. Nobody else sees this yet." in said
    assert "no name, unique" in said and "fix: --drop 1" in said
    assert "1 of 2 groups < 10" in said and "fix: --generalise provnum=group" in said
    command = next(line for line in said.splitlines() if line.startswith("all at once: "))
    assert command.endswith(f"--home {typed.place}")  # it can be pasted
    words = command.removeprefix("all at once: dataspace dataset ").partition(" --home")[0].split()
    code, said = typed(*words)
    assert code == 0
    assert "visits version 2" in said and "Version 1 still holds" in said
    listed = typed("versions", "visits")[1]
    assert (listed.count("kept"), listed.count("current")) == (1, 1)
    assert "k = " in typed("profile", "visits")[1]
    assert "DUMMY" in typed("dummy", "visits", "-n", "3")[1]
    assert typed("dummy", "visits", "--output", str(tmp_path / "dummy.csv"))[0] == 0
    assert (tmp_path / "dummy.csv").read_text().count("\n") == 501


def test_rules_withdrawal_and_erasure(typed: Typed) -> None:
    typed("register", str(typed.file), "--expect", "age=0..120")
    assert "age=0..99" in typed("expect", "visits", "age=0..99")[1]
    code, said = typed("expect", "visits", "age=0..20")
    assert code == 1 and "rows do not" in said
    assert "nobody can ask it any more" in typed("withdraw", "visits", "1", "--reason", "Names.")[1]
    assert "bytes are gone" in typed("erase", "visits", "1", "--yes")[1]
    code, said = typed("fix", "visits", "--drop", "1")
    assert code == 1 and "erased" in said


def test_a_wrong_word_is_a_line_and_an_exit_code(typed: Typed) -> None:
    code, said = typed("register", str(typed.file), "--generalise", "age=coarse")
    assert code == 2 and "no way to make a column coarser" in said
    link = typed.file.with_name("link.csv")
    link.symlink_to(typed.file)
    code, said = typed("register", str(link))
    assert code == 2 and "symbolic link" in said


def test_a_dataset_is_called_after_its_file() -> None:
    assert name_of(Path("Visits 2024.csv")) == "visits_2024"


WARDS = """dictionary: wards
version: 1
title: Visits to a ward
unit: visit
columns:
  - {name: ward, type: text, codes: {n: north, s: south}}
  - {name: days, type: integer}
"""


def test_codes_that_no_rule_knows_are_told_declared_by_a_file_and_mapped(
    typed: Typed, tmp_path: Path
) -> None:
    (tmp_path / "wards.yaml").write_text(WARDS)
    (tmp_path / "wards.csv").write_text("ward,days,bed\nNORTH,1,1\n Nord,2,2\nn,3,3\n")
    (tmp_path / "codes.csv").write_text('column,here,code\nward," Nord",n\n')
    typed("dictionary", str(tmp_path / "wards.yaml"))
    code, said = typed("register", str(tmp_path / "wards.csv"), "--dictionary", "wards")
    assert code == 0
    assert "wards@1: 1 of 2 match" in said and "not in the dictionary: bed" in said
    assert f"dataspace dataset check wards --dictionary wards@1 --home {typed.place}" in said
    code, said = typed("check", "wards", "--dictionary", "wards")
    assert code == 1 and "codes that the dictionary does not know:  Nord" in said and "'NORTH' as n" in said
    told = typed("check", "wards", "--dictionary", "wards", "--codes", f"@{tmp_path / 'codes.csv'}")
    assert told[0] == 0 and "' Nord' as n" in told[1] and "--apply" in told[1]
    code, said = typed("check", "wards", "--dictionary", "wards", "--apply")
    assert code == 0 and "wards version 2" in said
    assert "does not know" not in typed("register", str(tmp_path / "wards.csv"))[1]


@pytest.mark.parametrize(
    ("text", "line"),
    [("ward,here\n", "first line"), ("column,here,code\nward,a\n", "Line 2"), ("column,here,code\n", "nothing"),
     ("column,here,code\nward,a,n\nward,a,s\n", "Line 3")],
)  # fmt: skip
def test_a_file_of_codes_that_does_not_fit_is_told_by_its_line(
    typed: Typed, tmp_path: Path, text: str, line: str
) -> None:
    (tmp_path / "codes.csv").write_text(text)
    code, said = typed("register", str(typed.file), "--codes", f"@{tmp_path / 'codes.csv'}")
    assert code == 2 and line in said
