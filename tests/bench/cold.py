"""A first sync within the documented limits: against the least time they allow."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.bench.process import Took
from tests.bench.rows import Row, at_most
from tests.bench.stage import Stage
from vaultsync.pull import Options
from vaultsync.runs import run
from vaultsync.simulator import Library, Simulator
from vaultsync.simulator.big import big_library
from vaultsync.workspace import Stand, opened

_LIMIT = 20  # requests a minute, of Reader's list
_SOURCE = 'documents = "all"\n'


class _Clock:
    """Time that passes at once when someone waits, and as usual when someone works."""

    def __init__(self) -> None:
        self.waited = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.waited

    def sleep(self, seconds: float) -> None:
        self.waited += seconds


def cold(stage: Stage) -> Iterator[Row]:
    """With a clock that skips the waits: they are counted, not waited."""
    clock = _Clock()
    with Simulator(_library(stage), limits=True, clock=clock) as simulator:
        vault = stage.new_vault(simulator.base_url, source=_SOURCE)
        stand = Stand(
            tokens={"readwise": simulator.token},
            http={"clock": clock, "sleep": clock.sleep},
            state=vault.root / "state",
        )
        began = clock()
        with opened(vault.root / "vault", env={"VAULTSYNC_PLUGINS": ""}, stand=stand, writing="bench") as workspace:
            report = run(workspace, "export", pull=Options())
        seconds = clock() - began
        assert not report.errors, report.errors
        yield _row(simulator, seconds, "the clock skips what is waited; simulator and export share a process")


def cold_real(stage: Stage) -> Iterator[Row]:
    """With the real clock, as a process of its own."""
    with Simulator(_library(stage), limits=True) as simulator:
        took: Took = stage.new_vault(simulator.base_url, source=_SOURCE).command("export", "--json")
        yield _row(simulator, took.wall, "the real clock, and a process of its own")


def _library(stage: Stage) -> Library:
    books, documents = (600, 2500) if stage.sizes.large > 1000 else (8, 30)
    library = big_library(books, stage.sizes.highlights)
    for number in range(documents):
        location = ("new", "later", "shortlist", "archive", "archive")[number % 5]
        library.add_reader_document(
            f"An article about {number}",
            location=location,
            author="Ines Halloran",
            summary="What it is about, in a sentence of the usual length.",
        )
    return library


def _row(simulator: Simulator, seconds: float, how: str) -> Row:
    listed = len(simulator.log.matching("/api/v3/list"))
    floor = 60.0 * ((listed - 1) // _LIMIT)
    notes = f"{len(simulator.library.documents):,} documents, {len(simulator.library.books):,} books"
    least = f"{seconds:.1f} s, of which {listed} requests to Reader at {_LIMIT} a minute need {floor:.0f} s"
    return at_most(f"first sync of {notes}: beyond the limits", seconds - floor, 1, " s", f"{least}; {how}")
