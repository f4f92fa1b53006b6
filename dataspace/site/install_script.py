"""The script that installs a bundle: plain sh, before any of this software is there."""

INSTALL = r"""#!/bin/sh
# Installs this bundle without a package index and without root:   sh install.sh
# PREFIX=folder chooses where; PYTHON=python3.12 the interpreter. Keys, records and data are elsewhere and not touched.
# Versions lie side by side in $PREFIX/versions; $PREFIX/current is the one in use, $PREFIX/previous the one before.
set -eu
cd "$(dirname "$0")"
PREFIX="${PREFIX:-$HOME/.local/share/dataspace/app}"
PYTHON="${PYTHON:-python3}"

sha256sum --check --quiet --strict SHA256SUMS
digest=$(sha256sum SHA256SUMS | cut -c1-16)
echo "Bundle $digest: every file is as listed. Compare this number with whoever made the bundle."

"$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' || {
    echo "Python 3.11 to 3.14 is needed; name one: PYTHON=/path/to/python3.11" >&2
    exit 1
}
target="$PREFIX/versions/$digest"
if [ ! -e "$target/complete" ]; then
    rm -rf "$target"
    mkdir -p "$PREFIX/versions"
    "$PYTHON" -m venv "$target"
    "$target/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-cache-dir \
        --no-index --find-links wheels --no-deps --require-hashes --requirement requirements.txt
    touch "$target/complete"
fi

before=$(readlink "$PREFIX/current" 2>/dev/null || true)
ln -sfn "versions/$digest" "$PREFIX/.next"
mv -T "$PREFIX/.next" "$PREFIX/current"
if [ -n "$before" ] && [ "$before" != "versions/$digest" ]; then
    ln -sfn "$before" "$PREFIX/.before"
    mv -T "$PREFIX/.before" "$PREFIX/previous"
fi
echo "Installed: $PREFIX/current/bin/dataspace"
"""
