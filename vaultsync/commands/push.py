"""`vaultsync push`: send what was changed in notes to their sources."""

from __future__ import annotations

import os

import click

from vaultsync.commands.options import (
    commands_option,
    find_vault,
    json_option,
    show_report,
    vault_option,
    yes_option,
)


@click.command("push")
@click.option("--only", multiple=True, metavar="ID|PATH|URL", help="Only this note; may be given again.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only this source; may be given again.")
@click.option("--dry-run", "dry", is_flag=True, help="Say what a run would send, and change nothing.")
@yes_option
@commands_option
@json_option
@vault_option
def command(  # noqa: PLR0913  # one parameter an option
    *,
    only: tuple[str, ...],
    sources: tuple[str, ...],
    dry: bool,
    yes: bool,
    allow_commands: bool,
    as_json: bool,
    vault: str | None,
) -> int:
    """Send the notes and tags you typed to the service they belong to, each after a fresh look at what is there.

    What can't be read back for certain, or was changed there too, is not sent: "vaultsync status" says what and why.
    """
    from vaultsync import progress, workspace
    from vaultsync.push import PushOptions
    from vaultsync.runs import run

    options = PushOptions(only, sources, yes, allow_commands)
    shown = progress.silent if as_json else progress.on_terminal()
    with workspace.opened(find_vault(vault), env=os.environ, progress=shown, writing="vaultsync push") as opened:
        report = run(opened, "push", push=options, dry=dry)
    return show_report(report, as_json=as_json)
