"""The way in. "--version" is answered before anything is imported: click alone takes longer than Python itself."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from vaultsync import __version__


def main(args: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. args: without the program's name; sys.argv if None."""
    given = list(sys.argv[1:] if args is None else args)
    if given == ["--version"]:
        sys.stdout.write(f"vaultsync {__version__}\n")
        return 0
    from vaultsync import commandline

    return commandline.run(given)
