"""Notes their user edited: what merging costs beside writing, and what reading one back costs beside the scan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.process import Took
from tests.bench.rows import Row, at_most
from tests.bench.stage import Stage, Vault


def merging(stage: Stage) -> Iterator[Row]:
    """As many remote changes as there are edited notes, and the same into notes nobody touched."""
    books = stage.sizes.large
    count = max(1, books // 20)
    stage.fresh(books)()
    vault = stage.last
    idle = [_export(stage, vault) for _ in range(2)][-1]
    before = _stamps(vault)
    written = []
    for _ in range(stage.sizes.runs):
        stage.service.change(count)
        written.append(_export(stage, vault) - idle)
    touched = [path for path, stamp in _stamps(vault).items() if stamp != before[path]]
    for path in touched:
        _edit(path)
    merged = []
    for _ in range(stage.sizes.runs):
        stage.service.change(count)
        merged.append(_export(stage, vault) - idle)
    how = f"{median(merged):.2f} s : {median(written):.2f} s for {len(touched):,} notes, beyond a run without news"
    yield at_most(f"merging {count:,} changes into edited notes", median(merged) / median(written), 2, "×", how)


def reading(stage: Stage) -> Iterator[Row]:
    """One edited note among many."""
    books = stage.sizes.large
    vault = stage.exported(books)
    runs = stage.sizes.runs * 2
    without = [vault.command("status", "--json").wall for _ in range(runs)]
    _edit(next(vault.notes()))
    vault.command("status", "--json")  # what can be edited in the template is tried once
    with_one = [vault.command("status", "--json").wall for _ in range(runs)]
    beyond = (median(with_one) - median(without)) * 1000
    how = (
        f"`status`, {median(with_one) * 1000:.0f} ms with it : {median(without) * 1000:.0f} ms without; whole processes"
    )
    yield at_most(f"one edited note among {books:,} read back, beyond the scan", beyond, 20, " ms", how)


def _export(stage: Stage, vault: Vault) -> float:
    """Seconds a run took, less those in which the service answered."""
    stage.service.seconds_answering()
    took: Took = vault.command("export", "--json")
    return took.wall - stage.service.seconds_answering()


def _stamps(vault: Vault) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in vault.notes()}


def _edit(path: Path) -> None:
    """Type a note and some words of one's own."""
    text = path.read_text()
    path.write_text(text.replace("- Note: \n", "- Note: typed\n", 1) + "\nMy own words.\n")
