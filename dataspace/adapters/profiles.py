"""Profiles that were made, one small file each, beside the versions that they are of."""

import json
import os
import secrets
from pathlib import Path

from dataspace.errors import SetupError
from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import Profile, VersionRef


class ProfileFiles:
    """`Profiles` under `<home>/profiles`. They hold values of rows, so nobody but the operator may read them."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "profiles"

    def put(self, ref: VersionRef, profile: Profile) -> None:
        """See the port. Raises SetupError where there is no room."""
        path = self._path(ref)
        draft = path.with_name(f".{secrets.token_hex(8)}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                json.dump(to_json(profile), file)
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise SetupError(
                f"The profile could not be kept ({error.strerror}).", "Free space, then repeat."
            ) from error

    def get(self, ref: VersionRef) -> Profile | None:
        """None where there is none, or one that an older release wrote in another form."""
        try:
            return from_json(Profile, json.loads(self._path(ref).read_text()))
        except (FileNotFoundError, ValueError):
            return None

    def forget(self, ref: VersionRef) -> None:
        """See the port."""
        self._path(ref).unlink(missing_ok=True)

    def _path(self, ref: VersionRef) -> Path:
        return self._folder / f"{ref.dataset}-{ref.sha256}.json"
