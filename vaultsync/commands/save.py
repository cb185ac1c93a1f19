"""`vaultsync save`: put an address into a reading service."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultsync.commands.options import find_vault, json_option, print_json, vault_option
from vaultsync.commands.saying import say, say_error

if TYPE_CHECKING:
    from vaultsync.saving import Outcome


@click.command("save")
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@click.option("--source", metavar="NAME", help="Where to save, if several sources take addresses.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Give it this tag; may be given again.")
@click.option("--location", type=click.Choice(["new", "later", "archive"]), help="Where in Reader; new if not given.")
@click.option("--archived", is_flag=True, help="Put it into the archive, as --location archive does.")
@click.option("--unread", is_flag=True, help="Mark it unread; at linkding.")
@click.option("--shared", is_flag=True, help="Share it; at linkding.")
@click.option("--note", default="", metavar="TEXT", help="Give it this note.")
@click.option("--title", default="", metavar="TEXT", help="Its title, instead of the page's own.")
@click.option("--summary", default="", metavar="TEXT", help="What it is about, instead of the page's own words.")
@click.option("--html", type=click.Path(exists=True, dir_okay=False), help="The page, from a file; for Reader.")
@click.option(
    "--again", is_flag=True, help="Also what is there: Reader moves it, to linkding's is added what you give."
)
@json_option
@vault_option
def command(  # noqa: PLR0913  # one parameter an option
    *,
    urls: tuple[str, ...],
    source: str | None,
    tags: tuple[str, ...],
    location: str | None,
    archived: bool,
    unread: bool,
    shared: bool,
    note: str,
    title: str,
    summary: str,
    html: str | None,
    again: bool,
    as_json: bool,
    vault: str | None,
) -> int:
    """Save addresses into Reader, linkding, or another service that takes them. Notes come with the next export.

    Each is sent once. What vaultsync knows to be there already is not sent, unless you say --again.
    """
    from msgspec.structs import replace

    from vaultsync import progress, workspace
    from vaultsync.hookspecs import Save
    from vaultsync.saving import checked, save

    addresses = checked(urls)
    if len(addresses) > 1 and (html or title or summary):
        raise click.UsageError("--html, --title and --summary are for one URL.")
    if archived and location not in (None, "archive"):
        raise click.UsageError(f"--archived and --location {location} are two places.")
    page = _page(html) if html else ""
    place = "archive" if archived else location or ""
    said = Save("", title, note, tags, place, page, summary, unread, shared, again)
    saves = [replace(said, url=url) for url in addresses]
    shown = progress.silent if as_json else progress.on_terminal()
    with workspace.opened(find_vault(vault), env=os.environ, progress=shown) as opened:
        outcomes = save(opened, source, saves)
    if as_json:
        print_json({"saved": [_json(one) for one in outcomes]})
    else:
        _print(outcomes)
    unsent = len(saves) - len(outcomes)
    if unsent:
        say(f"{unsent} more {'was' if unsent == 1 else 'were'} not sent.", err=True)
    return 1 if any(one.error for one in outcomes) else 3 if any(one.was_left for one in outcomes) else 0


def _page(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} can't be read as UTF-8 text: {error}.") from error


def _print(outcomes: Iterable[Outcome]) -> None:
    for one in outcomes:
        if one.saved is not None:
            say(f"{'Saved' if one.saved.is_new else 'Known'}: {one.url}  {one.saved.service_url}".rstrip())
            if one.saved.remark:
                say(f"  {one.saved.remark}")
        elif one.known:
            say(f"Known: {one.url}  {one.known}", "  It was not sent; --again sends it all the same.")
        if one.error is not None:
            say_error(one.error)


def _json(one: Outcome) -> dict[str, object]:
    saved = one.saved
    return {
        "url": one.url,
        "sent": saved is not None and not saved.left,
        "new": saved is not None and saved.is_new,
        "id": saved.key if saved else "",
        "service_url": saved.service_url if saved else "",
        "known": one.known,
        "remark": saved.remark if saved else "",
        "error": one.error.message if one.error else "",
    }
