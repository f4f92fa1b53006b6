"""So that `python -m dataspace.cli` is the same as `dataspace`."""

import sys

from dataspace.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
