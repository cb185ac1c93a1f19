"""Run the benchmark: `python -m tests.bench [NAME ...] [--quick]`. It always exits with 0: figures, not a verdict."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from tests.bench import cold, exports, idle, merging, plugins, sandbox, watch
from tests.bench.rows import Row
from tests.bench.service import Service
from tests.bench.stage import Sizes, Stage

BENCHES: Mapping[str, Callable[[Stage], Iterator[Row]]] = {
    "full": exports.full,
    "forced": exports.forced,
    "growth": exports.growth,
    "idle": idle.idle,
    "cli": idle.cli,
    "changed": idle.changed,
    "watch": watch.watch,
    "merging": merging.merging,
    "reading": merging.reading,
    "sandbox": sandbox.sandbox,
    "plugins": plugins.plugins,
    "cold": cold.cold,
    "cold-real": cold.cold_real,
}
FULL, QUICK = Sizes(1000, 5000, 10_000, 25, 5), Sizes(4, 8, 12, 3, 1)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)))
@click.option("--quick", is_flag=True, help="Tiny sizes: to see that it works; the figures mean nothing.")
@click.option("--runs", type=int, help="How often each is run, instead of 5 times.")
@click.option("--into", type=click.Path(path_type=Path), help="Where to write; a temp folder, if not given.")
@click.option("--keep", is_flag=True, help="Delete nothing, to measure again at once: ext4 is slow for minutes after.")
def main(names: tuple[str, ...], quick: bool, runs: int | None, into: Path | None, keep: bool) -> None:
    """Measure vaultsync and print a table."""
    sizes = QUICK if quick else FULL
    if runs:
        sizes = Sizes(sizes.small, sizes.usual, sizes.large, sizes.highlights, runs)
    # Not in memory: what is durable is to be measured on a disk.
    folder = Path(tempfile.mkdtemp(prefix="vaultsync-bench-", dir=into))
    # As an installed program has it: compiled once, and kept.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    try:
        with Service(folder / "pages", sizes.highlights, sizes.small, sizes.usual, sizes.large) as service:
            stage = Stage(folder, sizes, service)
            for name in names or BENCHES:
                for row in BENCHES[name](stage):
                    click.echo(shown(row))
    finally:
        if not keep:
            shutil.rmtree(folder)


def shown(row: Row) -> str:
    """A row as two lines of text."""
    verdict = {True: "ok", False: "SHORT", None: ""}[row.reached]
    return f"{row.what:<58} {row.measured:>10}   {row.goal:<10} {verdict}\n    {row.how}"


if __name__ == "__main__":
    sys.exit(main())
