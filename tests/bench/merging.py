"""Notes their user edited: what merging costs beside writing, and what reading one back costs beside the scan."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.process import Took
from tests.bench.rows import Row, at_most
from tests.bench.stage import Stage, Vault


def merging(stage: Stage) -> Iterator[Row]:
    """As many remote changes as there are edited notes, and the same into notes of another vault nobody touched."""
    books = stage.sizes.large
    count = max(1, books // 20)
    vaults = []
    for _ in range(2):
        stage.fresh(books)()
        vaults.append(stage.last)
    plain, edited = vaults
    idle = [[_export(stage, vault) for _ in range(2)][-1] for vault in vaults]
    before = _stamps(edited)
    stage.service.change(count)
    for vault in vaults:
        _export(stage, vault)
    touched = [path for path, stamp in _stamps(edited).items() if stamp != before[path]]
    for path in touched:
        _edit(path)
    written, merged = [], []
    for _ in range(stage.sizes.runs):
        stage.service.change(count)
        written.append(_less(_export(stage, plain), idle[0]))
        merged.append(_less(_export(stage, edited), idle[1]))
    (took, cpu), (took_plain, cpu_plain) = (map(median, zip(*many, strict=True)) for many in (merged, written))
    how = (
        f"{took:.2f} s : {took_plain:.2f} s for {len(touched):,} notes, beyond a run without news, the same changes "
        f"in turn; processor time {cpu / cpu_plain:.2f} ×"
    )
    yield at_most(f"merging {count:,} changes into edited notes", took / took_plain, 2, "×", how)


_READ = """
import os, time
from pathlib import Path
from vaultsync import workspace
from vaultsync.desk import Desk
root = Path(os.environ["VAULTSYNC_VAULT"])
with workspace.opened(root, env=os.environ, stand=workspace.offline(root)) as opened:
    took = []
    for _ in range(5):
        desk = Desk(opened)
        began = time.perf_counter()
        assert len(list(desk.every())) == 1
        took.append(time.perf_counter() - began)
    print(sorted(took[1:])[1])
"""


def reading(stage: Stage) -> Iterator[Row]:
    """One edited note among many: in a process that has read one before, and in one that has not."""
    books = stage.sizes.large
    vault = stage.exported(books)
    runs = stage.sizes.runs * 2
    without = [vault.command("status", "--json").wall for _ in range(runs)]
    _edit(next(vault.notes()))
    vault.command("status", "--json")  # what can be edited in the template is tried once
    with_one = [vault.command("status", "--json").wall for _ in range(runs)]
    told = subprocess.run(
        [sys.executable, "-c", _READ], env=os.environ | vault.env, capture_output=True, text=True, check=True
    )
    how = (
        f"found, read, its fields told; `status` as a whole process takes {median(with_one) * 1000:.0f} ms with it, "
        f"{median(without) * 1000:.0f} ms without: it imports what reads notes"
    )
    yield at_most(
        f"one edited note among {books:,} read back, beyond the scan", float(told.stdout) * 1000, 20, " ms", how
    )


def _export(stage: Stage, vault: Vault) -> tuple[float, float]:
    """Seconds a run took, less those in which the service answered, and of them the processor's."""
    stage.service.seconds_answering()
    took: Took = vault.command("export", "--json")
    return took.wall - stage.service.seconds_answering(), took.cpu


def _less(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return one[0] - other[0], one[1] - other[1]


def _stamps(vault: Vault) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in vault.notes()}


def _edit(path: Path) -> None:
    """Type a note and some words of one's own."""
    text = path.read_text()
    path.write_text(text.replace("- Note: \n", "- Note: typed\n", 1) + "\nMy own words.\n")
