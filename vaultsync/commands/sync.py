"""`vaultsync sync`: bring the vault up to date, then send what was changed in it."""

from __future__ import annotations

import os

import click

from vaultsync.commands.options import (
    commands_option,
    find_vault,
    json_option,
    removals_option,
    show_report,
    vault_option,
    yes_option,
)
from vaultsync.commands.saying import say


@click.command("sync")
@click.option("--full", is_flag=True, help="List everything again, not only what changed since the last run.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only this source; may be given again.")
@click.option("--dry-run", "dry", is_flag=True, help="Say what a run would do on both sides, and change nothing.")
@removals_option
@yes_option
@commands_option
@json_option
@vault_option
def command(  # noqa: PLR0913  # one parameter an option
    *,
    full: bool,
    sources: tuple[str, ...],
    dry: bool,
    allow_removals: bool,
    yes: bool,
    allow_commands: bool,
    as_json: bool,
    vault: str | None,
) -> int:
    """Both ways: fetch what is new into the notes, then send what you changed in them."""
    from vaultsync import progress, workspace
    from vaultsync.pull import Options
    from vaultsync.push import PushOptions
    from vaultsync.runs import run

    pull = Options(full, allow_removals, (), sources)
    push = PushOptions((), sources, yes, allow_commands)
    shown = progress.silent if as_json else progress.on_terminal()
    with workspace.opened(find_vault(vault), env=os.environ, progress=shown, writing="vaultsync sync") as opened:
        report = run(opened, "sync", pull=pull, push=push, dry=dry, announce=lambda line: say(line, err=True))
    return show_report(report, as_json=as_json)
