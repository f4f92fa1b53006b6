"""A systemd unit and a container file for a site, made on request: no root, no inbound port, the house's limits."""

import sys
from pathlib import Path

from dataspace.settings import SiteSettings


def unit(settings: SiteSettings, executable: str = "") -> str:
    """A unit for `systemctl --user`, or for the system with an account of its own."""
    limits, home = settings.limits, str(settings.home.resolve())
    command = executable or str(Path(sys.executable).with_name("dataspace"))
    bounds = []
    if limits.cores:
        bounds.append(f"CPUQuota={limits.cores * 100}%")
    if limits.memory_mb:
        bounds.append(f"MemoryMax={2 * limits.memory_mb}M")
    return "\n".join(
        [
            "[Unit]",
            f"Description=dataspace site {settings.pinned.site}",
            "After=network-online.target",
            "Wants=network-online.target",
            "",
            "[Service]",
            f"ExecStart={_quoted(command, '$')} site run --home {_quoted(home, '$')}",
            "Restart=on-failure",
            "RestartSec=10",
            "TimeoutStopSec=20",
            "UMask=0077",
            "NoNewPrivileges=yes",
            "PrivateTmp=yes",
            "ProtectSystem=strict",
            f"ReadWritePaths={_quoted(home)}",
            "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
            "LockPersonality=yes",
            *bounds,
            "",
            "[Install]",
            "WantedBy=default.target",
            "",
        ]
    )


def containerfile(settings: SiteSettings, bundle: str = "site.tar") -> str:
    """A container file that installs from a bundle, with no package index; the home stays outside, as a volume."""
    return "\n".join(
        [
            f"# dataspace site {settings.pinned.site}. Build beside the bundle:",
            "#   podman build -t dataspace-site -f Containerfile .",
            "# Run it without an inbound port, as the account that owns the home:",
            "#   podman run --rm --userns keep-id --read-only --tmpfs /tmp"
            + _podman_limits(settings)
            + " \\",
            f"#     --volume {settings.home.resolve()}:/srv/site/data dataspace-site",
            "FROM python:3.11-slim",
            "RUN useradd --create-home --home-dir /srv/site --uid 1000 site",
            "USER site",
            "WORKDIR /srv/site",
            f"COPY --chown=site {bundle} /tmp/bundle.tar",
            "RUN mkdir /tmp/bundle && tar -xf /tmp/bundle.tar -C /tmp/bundle --strip-components=1 \\",
            "    && PREFIX=/srv/site/app sh /tmp/bundle/install.sh && rm -r /tmp/bundle",
            'ENTRYPOINT ["/srv/site/app/current/bin/dataspace"]',
            'CMD ["site", "run", "--home", "/srv/site/data"]',
            "",
        ]
    )


def _podman_limits(settings: SiteSettings) -> str:
    limits = settings.limits
    cores = f" --cpus {limits.cores}" if limits.cores else ""
    return cores + (f" --memory {2 * limits.memory_mb}m" if limits.memory_mb else "")


def _quoted(text: str, expanded: str = "") -> str:
    """As systemd reads it: in quotes, with `%` (and in a command `$`) doubled and quotes escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return '"' + (escaped.replace(expanded, 2 * expanded) if expanded else escaped) + '"'
