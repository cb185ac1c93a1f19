"""Ordinary runs over a large vault: nothing has changed, or a few books; and how soon the command line answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from shutil import which
from statistics import median

from tests.bench.process import VAULTSYNC, Took, alternating, milliseconds, run, wall
from tests.bench.rows import Row, at_most
from tests.bench.stage import Stage

_BARE = [sys.executable, "-c", "pass"]


def idle(stage: Stage) -> Iterator[Row]:
    """Nothing to do: every note is looked at, and the services are asked what is new."""
    books = stage.sizes.large
    vault = stage.exported(books)
    answering: list[float] = []

    def export() -> Took:
        stage.service.seconds_answering()
        took = vault.command("export", "--json")
        answering.append(stage.service.seconds_answering())
        return took

    # -printf makes find look at each file; other systems' find has none.
    find = [which("find") or "", str(vault.root / "vault"), "-printf", "%p %s %T@ %i\n"]
    ours, found, bare = alternating(stage.sizes.runs * 2, export, lambda: run(find), lambda: run(_BARE))
    took = milliseconds(ours)
    how = f"{took} : {milliseconds(found)} of `find -printf` over the vault; whole processes"
    yield at_most(f"nothing to do over {books:,} notes", wall(ours) / wall(found), 5, "×", how)
    beyond = (wall(ours) - median(answering)) * 1000
    how = f"{took} less {median(answering) * 1000:.0f} ms in which the service answered{_times(beyond, bare)}"
    yield at_most("… beyond the round trip", beyond, 150, " ms", how)


def changed(stage: Stage) -> Iterator[Row]:
    """One book in a hundred has changed."""
    books = stage.sizes.large
    vault = stage.exported(books)
    count = max(1, books // 100)
    beyond = []
    bare = [run(_BARE) for _ in range(stage.sizes.runs)]
    for _ in range(stage.sizes.runs):
        stage.service.change(count)
        took = vault.command("export", "--json")
        beyond.append((took.wall - stage.service.seconds_answering()) * 1000)
    how = f"{count:,} of {books:,} books, {count:,} notes written, less the time in which the service answered"
    yield at_most("1 % changed", median(beyond), 250, " ms", how + _times(median(beyond), bare))


def cli(stage: Stage) -> Iterator[Row]:
    """What stands between a user and an answer."""
    books = stage.sizes.large
    env = stage.exported(books).env
    version, shown_help, status, bare = alternating(
        stage.sizes.runs * 2,
        lambda: run([*VAULTSYNC, "--version"]),
        lambda: run([*VAULTSYNC, "--help"]),
        lambda: run([*VAULTSYNC, "status"], env),
        lambda: run(_BARE),
    )
    for name, took, goal in (
        ("--version", version, 50),
        ("--help", shown_help, 75),
        (f"status over {books:,} notes", status, 150),
    ):
        how = f"{milliseconds(took)}, whole process{_times(wall(took) * 1000, bare)}"
        yield at_most(f"vaultsync {name}", wall(took) * 1000, goal, " ms", how)


def _times(took: float, bare: list[Took]) -> str:
    alone = wall(bare) * 1000
    return f"; {took / alone:.1f} × the {alone:.0f} ms of `python -c pass`"
