"""The files a service keeps with a document: list them, bring them into the vault, send and delete some.

A file in the vault bears the service's id of it in its name, and is found by that wherever its user has moved it: so
none is fetched twice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from vaultsync.desk import Desk
from vaultsync.disk.attachments import Attachments
from vaultsync.errors import AuthError, ConfigError, RateLimited, SafetyStop, SourceError, Unreachable, VaultsyncError
from vaultsync.hookspecs import Asset, Upload
from vaultsync.lookup import document_id
from vaultsync.paths import attachment
from vaultsync.workspace import Workspace

Outcome = Literal["", "downloaded", "there", "pending", "too large", "failed", "waiting"]
_UNFIT = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a document. path: in the vault, "" if it is not there. outcome: of a download, error: why it failed."""

    asset: Asset
    path: str = ""
    outcome: Outcome = ""
    error: VaultsyncError | None = None


class Shelf:
    """The files of one document. Raises VaultsyncError throughout."""

    def __init__(self, workspace: Workspace, wanted: str) -> None:
        """Find the document. wanted: the path of its note, its id, or its address."""
        self._workspace = workspace
        state = workspace.state
        self.id = document_id(wanted, sources=workspace.sources, state=state, vault=workspace.vault)
        entry = state.entry(self.id)
        assert entry is not None, "its id was just found"
        self._source, self._record = workspace.sources[entry.source], entry.record
        self._files = Attachments(workspace.root)

    def listed(self) -> tuple[Kept, ...]:
        """Ask which files there are."""
        assets = self._source.assets(self._record)
        there = self._files.named(map(self._mark, assets))
        return tuple(Kept(asset, there.get(self._mark(asset), "")) for asset in assets)

    def downloaded(self, only: Collection[str], limit: int) -> Iterator[Kept]:
        """Bring files into the vault, one by one. only: ids, all if empty. limit: bytes of one file.

        A failure that would be every file's leaves the rest waiting.
        """
        folder = self._folder()
        chosen = self._chosen(self.listed(), only)
        lost: SourceError | None = None
        for one in chosen:
            if lost is not None:
                yield replace(one, outcome="waiting")
                continue
            try:
                yield self._brought(one, folder, limit)
            except SafetyStop as stop:
                yield replace(one, outcome="too large", error=stop)
            except VaultsyncError as error:
                yield replace(one, outcome="failed", error=error)
                lost = error if isinstance(error, AuthError | RateLimited | Unreachable) else None

    def uploaded(self, upload: Upload) -> Kept:
        """Send a file to be kept with the document."""
        return Kept(self._source.uploaded(self._record, upload))

    def asset(self, id_: str) -> Kept:
        """One of its files."""
        return self._chosen(self.listed(), (id_,))[0]

    def discarded(self, asset: Asset) -> None:
        """Delete a file at the service. What is in the vault stays."""
        self._source.discarded(self._record, asset)

    def _brought(self, one: Kept, folder: str, limit: int) -> Kept:
        """Bring one file into the vault, if it is not there and can be had."""
        asset = one.asset
        if one.path:
            return replace(one, outcome="there")
        if asset.status != "complete":
            return replace(one, outcome="pending")
        name = attachment(asset.name, asset.content_type, self._mark(asset)[1:-1])
        if (asset.size or 0) > limit:
            raise _too_large(asset, limit)
        path = f"{folder}{name}"
        with self._source.downloaded(self._record, asset) as chunks:
            self._files.write(path, _limited(chunks, asset, limit))
        return replace(one, path=path, outcome="downloaded")

    def _folder(self) -> str:
        """The folder of its note, "/" at its end."""
        place = Desk(self._workspace).survey.place(self.id)
        if place.found is None:
            raise ConfigError(
                f"{self.id} has no note, so there is no place for its files. Nothing was fetched.",
                hint='"vaultsync export" makes notes; "vaultsync restore" brings back a deleted one.',
            )
        return place.path[: place.path.rfind("/") + 1]

    def _chosen(self, files: tuple[Kept, ...], only: Collection[str]) -> tuple[Kept, ...]:
        known = {one.asset.id: one for one in files}
        missing = [id_ for id_ in only if id_ not in known]
        if missing:
            has = ", ".join(known) or "none"
            raise ConfigError(f"{self.id} has no file {', '.join(missing)}. Nothing was done.", hint=f"It has: {has}.")
        return tuple(one for one in files if not only or one.asset.id in only)

    def _mark(self, asset: Asset) -> str:
        """What the name of a file has in it, brackets included."""
        # Not by its document's id: one of Reader gets another when it is first highlighted.
        return f"({self._source.name}-{_UNFIT.sub('-', asset.id)})"


def _limited(chunks: Iterable[bytes], asset: Asset, limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise _too_large(asset, limit)
        yield chunk


def _too_large(asset: Asset, limit: int) -> SafetyStop:
    return SafetyStop(
        f"{asset.name} is larger than {limit // 10**6} MB. Nothing of it was kept.",
        hint=f"If it is wanted all the same, add --limit and a number of MB above {limit // 10**6}.",
    )
