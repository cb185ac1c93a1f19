"""Covers kept in the vault: each fetched once, before the note that shows it is rendered.

Whether a note shows a picture of the vault's or the one on the web follows from what is remembered, not from what is
there: so no note changes to and fro. What was fetched is remembered for good, by its address; its file is named for
that address, so it is found again without fetching it, and two notes of one picture share it. What can't be had is
tried again after a day, when a note that shows it is rendered; until then the note shows the one on the web.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Protocol
from urllib.parse import urlsplit

from vaultsync.disk.vault import Vault
from vaultsync.drafting.decisions import Decider, Draft
from vaultsync.errors import PluginError, SourceError, VaultError
from vaultsync.hookspecs import Source
from vaultsync.plan import OnDisk
from vaultsync.storage.state import State

ENDINGS = ("png", "jpg", "gif", "webp", "avif")
_AGAIN = timedelta(days=1)
_ENOUGH = 3  # failures of one host in a run


class Fetcher(Protocol):
    """Where pictures come from."""

    def picture(self, url: str) -> tuple[bytes, str]:
        """Fetch one; return it, and what its name ends with. Raises SourceError, which says why it can't be had."""


@dataclass(slots=True)
class Pictures:
    """Where covers are kept; one per run.

    folder: in the vault. web: where those of a source come from, by its name. say: told how many were fetched so far.
    dry: fetch nothing, and take for granted that all could be had. failed: addresses of what could not, each with the
    reason.
    """

    folder: str
    vault: Vault
    state: State
    web: Callable[[str], Fetcher]
    now: datetime
    say: Callable[[str, int], None] = lambda _label, _done: None
    dry: bool = False
    failed: dict[str, str] = field(default_factory=dict)
    _fetched: int = 0
    _hosts: Counter[str] = field(default_factory=Counter)

    def bring(self, source: Source, drafts: Iterable[Draft], decider: Decider) -> None:
        """Fetch the covers of documents that are about to be rendered, but for those that are known."""
        for url, asked in dict(_covers(source, drafts, decider)).items():
            if self._is_wanted(url, again=asked):
                name = self._there(url) or self._brought(source.name, url)
                self.state.put_picture(url, name, int(self.now.timestamp()))

    def _is_wanted(self, url: str, *, again: bool) -> bool:
        """Whether to fetch it now. again: also if it could not be had lately, or is gone from the vault."""
        known = self.state.picture(url)
        if known is None:
            return self._hosts[_host(url)] < _ENOUGH
        name, tried = known
        if name:
            return again and not self._there(url)
        return again or self.now.timestamp() - tried > _AGAIN.total_seconds()

    def _there(self, url: str) -> str:
        """The name of its file, if there is one."""
        names = (f"{_stem(url)}.{ending}" for ending in ENDINGS)
        return next((name for name in names if self.vault.has(f"{self.folder}/{name}")), "")

    def _brought(self, source: str, url: str) -> str:
        """The name of the file it was written to; "" if it can't be had, which costs no note."""
        if self.dry:
            return f"{_stem(url)}.{ENDINGS[0]}"
        try:
            data, ending = self.web(source).picture(url)
            name = f"{_stem(url)}.{ending}"
            self.vault.copy_in(f"{self.folder}/{name}", data)
        except (SourceError, VaultError) as error:
            self._hosts[_host(url)] += 1
            self.failed[url] = error.message
            return ""
        self._fetched += 1
        self.say("covers", self._fetched)
        return name


def _covers(source: Source, drafts: Iterable[Draft], decider: Decider) -> Iterator[tuple[str, bool]]:
    """The addresses of the covers of what will have a note; whether its user named it."""
    for draft in drafts:
        entry = draft.entry
        if not draft.is_news or (decider.survey.place(entry.id, *draft.keys).on_disk is OnDisk.NOWHERE and entry.base):
            continue
        try:
            kept = decider.document(source, entry, entry.record)
            if kept is None or not kept.cover or kept.deleted:
                continue
            if entry.base is not None or draft.asked or source.wanted(kept):
                yield kept.cover, draft.asked
        except (PluginError, SourceError):  # which is told when the note is dealt with
            continue


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _stem(url: str) -> str:
    """What the file of a picture is called, but for its ending: no other file in the vault is.

    >>> _stem("https://example.org/a.jpg")
    'cover-0dee0bc371a3ec81'
    """
    return f"cover-{blake2b(url.encode(errors='replace'), digest_size=8).hexdigest()}"
