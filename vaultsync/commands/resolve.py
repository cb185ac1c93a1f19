"""vaultsync resolve: say what both sides want where they disagree, and answer for one of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import click

from vaultsync.commands.options import find_vault, vault_option
from vaultsync.commands.saying import say

if TYPE_CHECKING:
    from vaultsync.open_note import OpenNote


@click.command()
@click.argument("note", metavar="NOTE")
@click.option("--ours", "side", flag_value="ours", help="Keep what the note says, and take the callouts out of it.")
@click.option("--theirs", "side", flag_value="theirs", help="Take what the source says instead.")
@vault_option
def command(note: str, side: Literal["ours", "theirs"] | None, vault: str | None) -> int:
    """Show the conflicts of a note, or answer all of them for one side. Asks no service.

    NOTE: its path, its vaultsync_id, or its address. Answering one by hand: make the text as you want it, then delete
    the callout. Exits 3 while there are conflicts.
    """
    from vaultsync import workspace
    from vaultsync.desk import Desk

    root = find_vault(vault)
    with workspace.opened(root, env=os.environ, stand=workspace.offline(root), writing="vaultsync resolve") as opened:
        desk = Desk(opened)
        found = desk.note(note)
        if not found.conflicts:
            say(f"{found.path} has no conflicts.")
            return 0
        if side is None:
            say(*_shown(found))
            return 3
        left = desk.answer(found, side)
    answered = len(found.conflicts) - len(left)
    say(f"{found.path}: {answered} answered with {'your words' if side == 'ours' else 'what the source says'}.")
    for one in left:
        say(f"Left in the note, for its place was not found: {one.field}. Answer it by hand.", err=True)
    return 3 if left else 0


def _shown(note: OpenNote) -> Iterator[str]:
    """The conflicts of a note, with what each side says."""
    said = {(edit.owner, edit.field): edit.after for edit in note.edits}
    owners = {block.block_id: block.id for block in note.agreed.layout.blocks}
    yield f"{note.path}:"
    for one in note.conflicts:
        yield f"  {one.field}{f' of ^{one.block_id}' if one.block_id else ''}"
        ours = said.get((owners.get(one.block_id, ""), one.field))
        if ours is not None:
            yield from _quoted("yours", ours if isinstance(ours, str) else ", ".join(ours))
        yield from _quoted("theirs", one.theirs)
    yield "Delete a callout once the text is as you want it, or run this again with --ours or --theirs."


def _quoted(who: str, text: str) -> Iterator[str]:
    first, *more = (text or "(empty)").split("\n")
    yield f"    {who + ':':8}{first}"
    yield from (f"    {'':8}{line}" for line in more)
