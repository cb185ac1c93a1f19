"""vaultsync clippings FILE: what vaultsync makes of a file, before there is a vault for it."""

from __future__ import annotations

from pathlib import Path

import click

from vaultsync_clippings import books
from vaultsync_clippings.parsing import parsed


@click.command("clippings")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(file: Path) -> int:
    """List the books in a My Clippings.txt, and the entries that can't be read. Writes nothing.

    Exits 1 if there are such entries.
    """
    found = parsed(file.read_text("utf-8-sig", "replace"))
    for book in books.books(found.clippings).values():
        shown = books.document(book)
        count, noted = len(shown.highlights), sum(bool(highlight.note) for highlight in shown.highlights)
        click.echo(f"{shown.title}: {count} highlight{'s' * (count != 1)}, {noted} with a note")
    for title in found.unread:
        click.echo(f"An entry of {title} can't be read.", err=True)
    return 1 if found.unread else 0
