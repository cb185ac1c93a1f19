"""Look for whatever could keep vaultsync from working on this machine and in this vault. Mends nothing."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from vaultsync import __version__, accounts, config, connection, origins, tokens, workspace
from vaultsync.accounts import Account
from vaultsync.config import Config
from vaultsync.disk import swap
from vaultsync.disk.vault import Vault
from vaultsync.drafting.survey import Survey, survey
from vaultsync.errors import StateError, VaultsyncError
from vaultsync.host.plugins import Host
from vaultsync.plan import OnDisk
from vaultsync.rendering import templates
from vaultsync.report import counted
from vaultsync.storage.lock import writer_lock
from vaultsync.storage.state import State
from vaultsync.storage.statedir import state_dir

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. todo: what to do about it, "" if nothing."""

    level: Level
    about: str
    says: str
    todo: str = ""


def examine(find_root: Callable[[], Path], env: Mapping[str, str], *, offline: bool) -> Iterator[Finding]:
    """Look at everything, in the order it is needed; what can't be looked at is a problem. offline: ask no service.

    find_root: finds the vault, or raises ConfigError.
    """
    yield from _machine()
    try:
        root = find_root()
    except VaultsyncError as error:
        yield _problem("vault", error)
        return
    yield from _tried("vault", partial(_vault, root))
    try:
        loaded = config.load(root)
        host = Host.load(env, loaded)
    except VaultsyncError as error:
        yield _problem("config", error)
    else:
        yield from _plugins(host)
        yield from _tried("config", partial(_config, loaded, host, env))
        yield from _tried("templates", partial(_templates, loaded, host))
        yield from _tried("templates", partial(_paths, loaded, host))
        for account in accounts.usable(loaded, host.sources()):
            yield from _tried(account.name, partial(_source, loaded, account, env, offline=offline))
    yield from _tried("state", partial(_state_and_notes, root, env))


def _tried(about: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except VaultsyncError as error:
        yield _problem(about, error)


def _problem(about: str, error: VaultsyncError) -> Finding:
    return Finding("problem", about, error.message, error.hint)


def _machine() -> Iterator[Finding]:
    says = f"vaultsync {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    yield Finding("ok", "machine", f"{says}, {platform.system()}")
    if sys.platform != "linux":
        todo = "Keep a backup of the vault, and tell us how it goes."
        yield Finding("warning", "machine", f"{platform.system()} is supported by design, but untested.", todo)


def _vault(root: Path) -> Iterator[Finding]:
    if not os.access(root, os.W_OK):
        yield Finding("problem", "vault", f"{root} can't be written to.", "Make it writable for you.")
        return
    yield Finding("ok", "vault", str(root))
    if _swaps(root):
        yield Finding("ok", "vault", "Its disk can swap two files, so no save can slip in between.")
    else:
        says = "Its disk can't swap two files; a note is replaced in two steps instead."
        yield Finding("warning", "vault", says, "Nothing to do, unless the vault can live on a local disk.")


def _swaps(root: Path) -> bool:
    """Try it in a hidden folder: whether a disk can is not written anywhere."""
    with tempfile.TemporaryDirectory(prefix=".vaultsync-doctor-", dir=root) as folder:
        one, other = f"{folder}/one", f"{folder}/other"
        swap.write_new(one, b"1")
        swap.write_new(other, b"2")
        return swap.exchange(one, other)


def _plugins(host: Host) -> Iterator[Finding]:
    yield Finding("ok", "plugins", ", ".join(host.names) or "none")
    for failure in host.failures:
        yield _problem("plugins", failure)


def _config(loaded: Config, host: Host, env: Mapping[str, str]) -> Iterator[Finding]:
    found = accounts.accounts(loaded, host.sources())
    for account in found.values():
        config.source_settings(loaded, account)
    with suppress(StateError), workspace.opened(loaded.root, env=env, stand=workspace.offline(loaded.root)) as opened:
        _ = opened.sources  # what stands against having them all at once
    if found:
        yield Finding("ok", "config", f"{config.FILE} is in order; sources: {', '.join(map(_shown, found.values()))}.")
    else:
        todo = "Write a section [sources.readwise] in it."
        yield Finding("warning", "config", f"{config.FILE} names no source, so there is nothing to export.", todo)


def _shown(account: Account) -> str:
    return f"{account.name} ({account.type})" if account.is_renamed else account.name


def _templates(loaded: Config, host: Host) -> Iterator[Finding]:
    chosen = templates.load(loaded.root, loaded.notes.templates)
    found = templates.check(chosen, host.template_filters())
    # Several may build on one that is broken.
    for error in {checked.error.message: checked.error for checked in found if checked.error}.values():
        yield _problem("templates", error)
    yield from (Finding("ok", "templates", f"{checked.shown} works.") for checked in found if not checked.error)


def _paths(loaded: Config, host: Host) -> Iterator[Finding]:
    """Whether the paths of new notes can be made."""
    paths = workspace.note_paths(loaded, host)
    wrong = [tried.error for tried in (*paths.tried(), paths.tried_for_reviews()) if tried.error is not None]
    yield from (_problem("templates", error) for error in wrong)
    if not wrong:
        yield Finding("ok", "templates", "The paths of new notes can be made.")


def _source(loaded: Config, account: Account, env: Mapping[str, str], *, offline: bool) -> Iterator[Finding]:
    settings = config.source_settings(loaded, account)
    if connection.address(settings) == origins.DEMO_URL:
        yield Finding("ok", account.name, 'A vault of "vaultsync demo": its service is there while that command runs.')
        return
    token = tokens.token_for(account.name, account.variable, connection.address(settings), env)
    if not account.variable:
        connection.check_token(account, settings, token)
        yield Finding("ok", account.name, "It needs no token, and what it reads is there.")
        return
    if offline:
        yield Finding("ok", account.name, "There is a token; whether it is accepted was not asked.")
        return
    connection.check_token(account, settings, token)
    yield Finding("ok", account.name, f"{settings.base_url} accepts the token.")


def _state_and_notes(root: Path, env: Mapping[str, str]) -> Iterator[Finding]:
    folder = state_dir(root, env)
    try:
        with writer_lock(folder, "vaultsync doctor"):
            pass
    except StateError as error:
        yield Finding("warning", "state", error.message, error.hint)
    with State.open(folder) as state:
        counts = state.counts()
        yield Finding(
            "ok", "state", f"{folder}: {counted(counts.documents, 'document')} known, {counts.notes:,} with a note."
        )
        seen = survey(Vault(root), state.rows(), state.entry_of)
    yield from _notes(root, seen)


def _notes(root: Path, seen: Survey) -> Iterator[Finding]:
    yield Finding("ok", "notes", f"{counted(len(seen.scan.notes), 'Markdown file')} in the vault.")
    for path in seen.scan.unknown:
        yield from _unknown(root, path)
    for error in seen.unread:
        yield Finding("warning", "notes", error.message, error.hint)
    for path in seen.scan.leftovers:
        todo = 'The next "vaultsync export" clears it away, and keeps what only it holds.'
        yield Finding("warning", "notes", f"{path} is left over from a run that was cut short.", todo)
    todo = "Delete the copy, or the property vaultsync_id in it."
    for identity, copies in seen.copies.items():
        says = f"{', '.join(copies)}: the same vaultsync_id as {seen.places[identity].path}, {identity}."
        yield Finding("warning", "notes", says, todo)
    for identity in seen.that_are(OnDisk.TWICE):
        paths = seen.place(identity).path
        yield Finding("warning", "notes", f"{paths} have the same vaultsync_id, {identity}.", todo)


def _unknown(root: Path, path: str) -> Iterator[Finding]:
    """Why something in the vault can't be looked at. Of links to files that are no notes there is nothing to say."""
    says, todo = "can't be looked at; it counts as unknown.", "Make it readable, or download it from its cloud."
    place = root / path
    if place.is_symlink():
        if not path.lower().endswith(".md") and place.is_file():
            return
        says = "is a symbolic link, and none is followed; notes that were there count as unknown, not as deleted."
        todo = "Put the folder or note itself there, if it is to be looked after."
    elif "?" in path and not os.path.lexists(place):
        says, todo = "has a name that is not UTF-8, so it was not looked at; it counts as unknown.", "Rename it."
    yield Finding("warning", "notes", f"{path or 'the vault'} {says}", todo)
