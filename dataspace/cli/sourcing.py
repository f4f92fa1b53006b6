"""From the options of `dataset register` and `site data add` to where rows are read.

A secret comes by a file or a variable, never typed.
"""

from pathlib import Path
from typing import Any

from dataspace.settings import environment


def placed(
    source: str, in_place: bool, item: str, secret_file: Path | None, secret_env: str
) -> dict[str, Any]:
    """What `Hub.register` takes for an address, and a `Place`; nothing for a file.

    Raises InvalidRequest before anything is sent.
    """
    from urllib.parse import urlsplit

    from dataspace.client.sourcing import secret_of
    from dataspace.errors import InvalidRequest

    if "://" not in source:
        if in_place or secret_file or secret_env:
            raise InvalidRequest(
                "Only an address can stay in place.",
                "Write postgresql://host/database, s3://bucket/prefix or file:///folder.",
            )
        return {}
    if urlsplit(source).password is not None:
        raise InvalidRequest(
            "A command line holds no password: everybody on this machine can read it there.",
            "Name a file with --secret-file, or a variable with --secret-env; and change the password.",
        )
    if secret_file and secret_env:
        raise InvalidRequest("There are two secrets.", "Say --secret-file or --secret-env.")
    if secret_env and secret_env not in environment():
        raise InvalidRequest(f"The variable {secret_env} is not set.", "Set it, or use --secret-file.")
    secret = (
        secret_of(secret_file) if secret_file else environment().get(secret_env, "") if secret_env else ""
    )
    return {"in_place": in_place, "item": item, "secret": secret}
