"""`vaultsync review`: today's Daily Review as a note."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from vaultsync.commands.options import find_vault, json_option, print_json, vault_option
from vaultsync.commands.saying import say

if TYPE_CHECKING:
    from vaultsync.reviews import Outcome


@click.command("review")
@click.option("--source", metavar="NAME", help="Whose review; readwise, or the only source that has one.")
@click.option("--dry-run", "dry", is_flag=True, help="Say what would be written, and write nothing.")
@json_option
@vault_option
def command(*, source: str | None, dry: bool, as_json: bool, vault: str | None) -> int:
    """Write today's Daily Review as a note, with its highlights embedded from your notes.

    Notes and tags you type in it go to the highlights they stand under, with the next push. Run again, it brings what
    is new into the note; what you typed stays.
    """
    from vaultsync import progress, workspace
    from vaultsync.reviews import review

    shown = progress.silent if as_json else progress.on_terminal()
    with workspace.opened(find_vault(vault), env=os.environ, progress=shown, writing="vaultsync review") as opened:
        outcome = review(opened, source, dry=dry)
    told = outcome.review
    if as_json:
        about = {"id": told.id, "url": told.url, "completed": told.completed, "highlights": len(told.highlights)}
        print_json({"did": outcome.did, "path": outcome.path, "embedded": outcome.embedded, **about, "dry_run": dry})
        return 0
    say(_line(outcome, dry=dry))
    if outcome.did != "empty" and not told.completed:
        say(f"Finish it: {told.url}")
    return 0


def _line(outcome: Outcome, *, dry: bool) -> str:
    if outcome.did == "empty":
        return "Today's review has no highlights. Nothing was written."
    if outcome.did == "left":
        return f"{outcome.path}: left as it is ({outcome.why})."
    if outcome.did == "unchanged":
        return f"{outcome.path}: unchanged."
    if outcome.did == "merged":
        return f"{outcome.path}: {'would be ' * dry}merged with what you wrote."
    number = len(outcome.review.highlights)
    of = f"{number} highlight{'s' * (number != 1)}, {outcome.embedded} of them embedded from your notes"
    return f"{outcome.path}: {'would be ' * dry}written, with {of}."
