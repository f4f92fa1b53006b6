#!/bin/sh
# Find a Python that can make the environment and hand over to set_up.py; at once where nothing is missing.
# PYTHON=python3.12 chooses another interpreter.
cd "$(dirname "$0")/.." || exit 1

.venv/bin/python -I tools/set_up.py --ready 2>/dev/null && exit 0

version='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))'
# 3.11 first: it is the version that the lock is resolved for and that the checks run on.
candidates="${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}"

# First choice: the right version with all that is needed. Second: the right version; set_up.py says what it lacks.
for probe in "import venv, ensurepip, ssl, sqlite3, zlib; $version" "$version"; do
    for python in $candidates; do
        if "$python" -I -c "$probe" >/dev/null 2>&1; then
            exec "$python" -I tools/set_up.py
        fi
    done
done
echo "Set-up stopped: no Python 3.11 to 3.14 found (tried: $candidates)." \
    "Install one (Debian, Ubuntu: apt install python3.11 python3.11-venv), or name it: make PYTHON=/path/to/python3." >&2
exit 1
