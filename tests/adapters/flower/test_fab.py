"""The app that sites approve: the same bytes everywhere, and accepted by Flower's own checks."""

from pathlib import Path

import pytest

from dataspace.adapters.flower import fab

FILES = fab.app_files()


def test_the_same_files_give_the_same_bytes_in_any_order() -> None:
    backwards = dict(reversed(list(FILES.items())))
    assert fab.pack(FILES) == fab.pack(backwards)


@pytest.mark.parametrize("path", sorted(FILES))
def test_any_change_of_any_file_changes_the_hash(path: str) -> None:
    changed = {**FILES, path: FILES[path] + b"\n"}
    assert fab.app_hash(fab.pack(changed)) != fab.app_hash(fab.pack(FILES))


def test_flower_accepts_and_installs_the_app(tmp_path: Path) -> None:
    from flwr.cli.install import install_from_fab

    installed = install_from_fab(fab.pack(FILES), tmp_path, skip_prompt=True)
    assert (installed / "dataspace_run" / "server_app.py").read_bytes() == FILES[
        "dataspace_run/server_app.py"
    ]


def test_flower_finds_the_format_of_the_app_valid() -> None:
    from flwr.cli.config_utils import get_fab_config
    from flwr.common.config import validate_config
    from flwr.supercore.fab_format_version import validate_fab_files_for_format

    config = get_fab_config(fab.pack(FILES))
    assert validate_config(config, check_module=False)[:2] == (True, [])
    validate_fab_files_for_format(config, sorted(FILES))


def test_the_client_app_handles_nothing() -> None:
    from dataspace.adapters.flower.app.client_app import app

    assert not app._registered_funcs
