"""`vaultsync undo`: take back what the last run did."""

from __future__ import annotations

import os

import click

from vaultsync.commands.options import find_vault, vault_option
from vaultsync.commands.saying import say
from vaultsync.report import counted, listed, short


@click.command("undo")
@click.option("--dry-run", "dry", is_flag=True, help="Say what would be taken back, and change nothing.")
@vault_option
def command(vault: str | None, *, dry: bool) -> int:
    """Take back what the last run did, in the vault and at the services.

    Notes get back the text they had, new ones go to .trash, and values that were sent are sent back, unless they were
    changed since. The next run does again what led to it: change that first (a template, a setting, what you typed).
    """
    from contextlib import nullcontext

    from vaultsync import progress, workspace
    from vaultsync.undo import undo

    shown = progress.on_terminal()
    with (
        workspace.opened(find_vault(vault), env=os.environ, progress=shown, writing="vaultsync undo") as opened,
        opened.state.pretend() if dry else nullcontext(),
    ):
        undone = undo(opened, dry=dry)
    if not undone:
        say("There is nothing to take back.")
        return 0
    would = "Would be taken back" if dry else "Taken back"
    say(f"{would}: {counted(len(undone.files))}, {counted(len(undone.edits), 'edit')} at the services.")
    edits = [f"{edit.document}: {edit.field}: {short(edit.before)} -> {short(edit.after)}" for edit in undone.edits]
    say(*listed(undone.files), *listed(edits))
    say(*undone.left, err=True)
    for error in undone.errors:
        say(f"Error: {error}", err=True)
    return undone.exit_code
