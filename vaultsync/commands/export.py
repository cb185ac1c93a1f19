"""`vaultsync export`: bring the vault up to date with its sources."""

from __future__ import annotations

import os

import click

from vaultsync.commands.options import (
    base_option,
    find_vault,
    json_option,
    removals_option,
    show_report,
    vault_option,
    write_base,
)
from vaultsync.commands.saying import say


@click.command("export")
@click.option("--full", is_flag=True, help="List everything again, not only what changed since the last run.")
@click.option("--only", multiple=True, metavar="ID|PATH|URL", help="Only this document; may be given again.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only this source; may be given again.")
@click.option("--dry-run", "dry", is_flag=True, help="Say what a run would do, and write nothing.")
@removals_option
@base_option
@json_option
@vault_option
def command(  # noqa: PLR0913  # one parameter an option
    full: bool,
    only: tuple[str, ...],
    sources: tuple[str, ...],
    dry: bool,
    allow_removals: bool,
    base: bool,
    as_json: bool,
    vault: str | None,
) -> int:
    """Fetch what is new and write it into the vault's notes.

    What you wrote in a note stays: what is new is merged into it.
    """
    from vaultsync import progress, workspace
    from vaultsync.pull import Options
    from vaultsync.runs import run

    root = find_vault(vault)
    options = Options(full, allow_removals, only, sources)
    shown = progress.silent if as_json else progress.on_terminal()
    with workspace.opened(root, env=os.environ, progress=shown, writing="vaultsync export") as opened:
        report = run(opened, "export", pull=options, dry=dry, announce=lambda line: say(line, err=True))
    if base:
        # After the lock and the marker were seen to; on stdout stands only the one object --json asks for.
        say(write_base(root, dry=dry), err=as_json)
    return show_report(report, as_json=as_json)
