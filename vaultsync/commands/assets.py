"""`vaultsync assets`: the files a service keeps with a document."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultsync.commands.options import find_vault, json_option, print_json, vault_option
from vaultsync.commands.saying import say, say_error

if TYPE_CHECKING:
    from vaultsync.assets import Kept, Shelf

_MB = 10**6


@click.command("assets")
@click.argument("wanted", metavar="NOTE")
@click.option("--download", is_flag=True, help="Bring them into the vault, beside the note. What is there is left.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="Download this one only; may be given again.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, metavar="MB", help="Of one file.")
@click.option("--upload", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="Send a file to be kept.")
@click.option("--delete", "deleting", metavar="ID", help="Delete one at the service. What is in the vault stays.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@json_option
@vault_option
def command(  # noqa: PLR0913  # one parameter an option
    *,
    wanted: str,
    download: bool,
    ids: tuple[str, ...],
    limit: int,
    upload: str | None,
    deleting: str | None,
    yes: bool,
    as_json: bool,
    vault: str | None,
) -> int:
    """List the files a service keeps with a document: the PDF or EPUB itself, snapshots of its page, uploads.

    NOTE: the path of its note, its vaultsync_id, or its address.
    """
    from vaultsync import progress, workspace
    from vaultsync.assets import Shelf

    if sum((download or bool(ids), upload is not None, deleting is not None)) > 1:
        raise click.UsageError("--download, --upload and --delete are for one at a time.")
    shown = progress.silent if as_json else progress.on_terminal()
    with workspace.opened(find_vault(vault), env=os.environ, progress=shown, writing="vaultsync assets") as opened:
        shelf = Shelf(opened, wanted)
        if deleting is not None:
            return _delete(shelf, deleting, yes=yes, as_json=as_json)
        if upload is not None:
            return _show(shelf, iter([_upload(shelf, Path(upload), limit * _MB)]), as_json=as_json)
        files = shelf.downloaded(ids, limit * _MB) if download or ids else iter(shelf.listed())
        return _show(shelf, files, as_json=as_json)


def _upload(shelf: Shelf, path: Path, limit: int) -> Kept:
    from vaultsync.errors import ConfigError
    from vaultsync.hookspecs import Upload

    try:
        with path.open("rb") as file:
            if path.stat().st_size > limit:
                said = f"{path.name} is larger than {limit // _MB} MB. Nothing was sent."
                raise ConfigError(said, hint="If it is meant, add --limit and a larger number of MB.")
            kind = guess_type(path.name)[0] or "application/octet-stream"
            return shelf.uploaded(Upload(path.name, kind, file))
    except OSError as error:
        said = f"{path} can't be read ({error.strerror}). Nothing was sent."
        raise ConfigError(said, hint="Make it readable.") from error


def _delete(shelf: Shelf, id_: str, *, yes: bool, as_json: bool) -> int:
    one = shelf.asset(id_)
    if not (yes or _confirmed(one.asset.name)):
        say("Nothing was deleted.", err=True)
        return 3
    shelf.discarded(one.asset)
    if as_json:
        print_json({"id": shelf.id, "deleted": id_, "path": one.path})
    else:
        say(f"Deleted: {one.asset.name}", *([f"  {one.path} stays in the vault."] if one.path else []))
    return 0


def _confirmed(name: str) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("It can't be undone, and there is no terminal to ask at: add --yes if it is meant.")
    return click.confirm(f"Delete {name} at the service, for ever?")


def _show(shelf: Shelf, files: Iterator[Kept], *, as_json: bool) -> int:
    shown = []
    for one in files:
        shown.append(one)
        if not as_json:
            say(*_lines(one))
            if one.error is not None:
                say_error(one.error)
    if as_json:
        print_json({"id": shelf.id, "assets": [_json(one) for one in shown]})
    elif not shown:
        say(f"{shelf.id} has no files.")
    outcomes = {one.outcome for one in shown}
    return 1 if outcomes & {"failed", "waiting"} else 3 if "too large" in outcomes else 0


_SAID = {
    "downloaded": "Downloaded: {path}",
    "there": "In the vault already: {path}",
    "pending": "Not to be had: {name}, for the service says: {status}.",
    "waiting": "Not asked for: {name}",
}


def _lines(one: Kept) -> Iterator[str]:
    asset = one.asset
    if one.outcome:
        said = _SAID.get(one.outcome)
        if said:
            yield said.format(path=one.path, name=asset.name, status=asset.status)
        return
    about = (asset.kind, asset.content_type, _size(asset.size), "" if asset.status == "complete" else asset.status)
    yield f"{asset.id}  {asset.name}  ({', '.join(filter(None, about))})"
    if one.path:
        yield f"  in the vault: {one.path}"


def _size(size: int | None) -> str:
    """A size for people.

    >>> _size(65), _size(2_400_000), _size(None)
    ('65 bytes', '2.4 MB', '')
    """
    if size is None:
        return ""
    return f"{size:,} bytes" if size < _MB // 10 else f"{size / _MB:,.1f} MB"


def _json(one: Kept) -> dict[str, object]:
    asset = one.asset
    return {
        "id": asset.id,
        "name": asset.name,
        "kind": asset.kind,
        "content_type": asset.content_type,
        "size": asset.size,
        "status": asset.status,
        "path": one.path,
        "outcome": one.outcome,
        "error": one.error.message if one.error else "",
    }
