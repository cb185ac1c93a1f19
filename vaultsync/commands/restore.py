"""vaultsync restore: bring back a note its user deleted, or blocks they deleted from one."""

from __future__ import annotations

import os

import click

from vaultsync.commands.options import find_vault, print_report, vault_option
from vaultsync.commands.saying import say


@click.command()
@click.argument("note", metavar="NOTE")
@click.argument("blocks", metavar="[BLOCK]...", nargs=-1)
@click.option("--dry-run", "dry", is_flag=True, help="Say what would be written, and write nothing.")
@vault_option
def command(note: str, blocks: tuple[str, ...], vault: str | None, *, dry: bool) -> int:
    """Write a note you deleted again, or the blocks you deleted from one. Asks no service.

    NOTE: where it was, its vaultsync_id, or its address. BLOCK: what it is called in the note ("rw456"); without one,
    every block that is missing comes back. What you wrote in the note stays.
    """
    from vaultsync import workspace
    from vaultsync.desk import Desk
    from vaultsync.pull import Options
    from vaultsync.runs import run

    root = find_vault(vault)
    wanted = tuple(block.removeprefix("^") for block in blocks)
    options = Options(only=(note,), restoring=wanted)
    with workspace.opened(root, env=os.environ, stand=workspace.offline(root), writing="vaultsync restore") as opened:
        standing = Desk(opened).standing(note, wanted) if wanted else ()
        report = run(opened, "restore", pull=options, dry=dry)
    print_report(report)
    for block in standing:
        say(f"^{block} was not deleted, so there is nothing to restore of it.")
    return report.exit_code
