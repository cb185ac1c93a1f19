"""vaultsync diff: what notes hold beside what vaultsync wrote into them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from vaultsync.commands.options import find_vault, vault_option

if TYPE_CHECKING:
    from vaultsync.errors import VaultsyncError
    from vaultsync.open_note import OpenNote


@click.command()
@click.argument("notes", metavar="[NOTE]...", nargs=-1)
@vault_option
def command(notes: tuple[str, ...], vault: str | None) -> None:
    """Show what you changed in notes since both sides last agreed: the lines, then the fields. Asks no service.

    NOTE: a note's path, its vaultsync_id, or its address; without one, every note that holds words of yours.
    """
    from vaultsync import workspace
    from vaultsync.desk import Desk

    root = find_vault(vault)
    with workspace.opened(root, env=os.environ, stand=workspace.offline(root)) as opened:
        desk = Desk(opened)
        for note in [desk.note(name) for name in notes] if notes else desk.every():
            for line in _lines(note):
                click.echo(line)  # what stands in a note is shown as it stands there


def _lines(note: OpenNote | VaultsyncError) -> Iterator[str]:
    from difflib import unified_diff

    from vaultsync.errors import VaultsyncError
    from vaultsync.oneline import one_line
    from vaultsync.report import short

    if isinstance(note, VaultsyncError):
        yield one_line(str(note))
        return
    was, now = note.agreed.text.splitlines(), note.held.note.splitlines()
    path = one_line(note.path)
    yield from unified_diff(was, now, f"agreed/{path}", f"vault/{path}", lineterm="")
    names = {block.id: f"^{block.block_id} " for block in note.agreed.layout.blocks}
    for edit in note.edits:
        yield f"# {names.get(edit.owner, '')}{edit.field}: {short(edit.before)} -> {short(edit.after)}"
    for refusal in note.refusals:
        why = refusal.reason if refusal.typed is not None else f"can't be told, for {refusal.reason}"
        yield f"# {names.get(refusal.owner, '')}{refusal.field}: {why}"
