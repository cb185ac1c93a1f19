"""What the plugin host costs: with a plugin installed that answers every hook, beside a run without any."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench.process import VAULTSYNC, alternating, cpu, milliseconds, run
from tests.bench.rows import Row, at_most
from tests.bench.stage import Stage, Vault

_PLUGIN = """\
from vaultsync.hookspecs import hookimpl
@hookimpl
def vaultsync_sources(): return ()
@hookimpl
def vaultsync_document_filters(): return (lambda document: document,)
@hookimpl
def vaultsync_template_filters(): return {"bench": str}
@hookimpl
def vaultsync_commands(): return ()
@hookimpl
def vaultsync_after_pull(report): pass
@hookimpl
def vaultsync_before_push(edit): pass
@hookimpl
def vaultsync_after_push(receipt): pass
"""


def plugins(stage: Stage) -> Iterator[Row]:
    """What a run takes more of the processor with a plugin: --help, and a sync with nothing to do."""
    site = _installed(stage)
    books, times = stage.sizes.small, stage.sizes.runs * 4
    without, beside = _vault(stage, books, {}), _vault(stage, books, site)
    for command, goal in (("--help", 3), ("sync", 15)):
        args = [*VAULTSYNC, command]
        bare, hosting, empty = alternating(
            times,
            lambda args=args: run(args, without.env),  # type: ignore[misc]
            lambda args=args: run(args, {**beside.env, **site}),  # type: ignore[misc]
            lambda: run([sys.executable, "-c", "pass"]),
        )
        # By the processor: it waits for nothing, and on a busy machine the clock on the wall says little of so little.
        more = (cpu(hosting) - cpu(bare)) * 1000
        how = (
            f"{milliseconds(hosting)} less {milliseconds(bare)} without one; Python itself takes {milliseconds(empty)}"
        )
        what = f"a plugin, to {command}{f' over {books:,} notes' if command == 'sync' else ''}"
        yield at_most(what, more, goal, " ms", how)


def _installed(stage: Stage) -> Mapping[str, str]:
    """Install a plugin; return what a process has to be told to find it."""
    site = stage.new_folder()
    about = site / "vaultsync_bench-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "bench_plugin.py").write_text(_PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: vaultsync-bench\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[vaultsync]\nbench = bench_plugin\n")
    return {"PYTHONPATH": f"{site}:{Path.cwd()}", "VAULTSYNC_PLUGINS": "bench"}


def _vault(stage: Stage, books: int, env: Mapping[str, str]) -> Vault:
    """A vault that is up to date, and knows of the plugin if there is one."""
    stage.fresh(books)()
    vault = stage.last
    for _ in range(2):
        run([*VAULTSYNC, "sync"], {**vault.env, **env})
    return vault
