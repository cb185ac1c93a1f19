"""Work the pieces of a page into drafts: one draft a document, whichever of its keys a piece came under."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from vaultsync.accounts import Account
from vaultsync.drafting.decisions import Draft
from vaultsync.drafting.survey import Survey
from vaultsync.errors import SourceError
from vaultsync.hookspecs import Piece, Source
from vaultsync.report import Tally
from vaultsync.storage.entry import Entry
from vaultsync.storage.state import State


class Intake(msgspec.Struct):
    """One page being worked in.

    folded: entries that turned out to be another's document, and whose. asked: the user named these documents.
    """

    account: Account
    source: Source
    state: State
    survey: Survey
    tally: Tally
    asked: bool = False
    folded: dict[str, str] = msgspec.field(default_factory=dict)
    _drafts: dict[str, Draft] = msgspec.field(default_factory=dict)
    _owners: dict[str, str] = msgspec.field(default_factory=dict)

    def drafts(self, pieces: Iterable[Piece]) -> list[Draft]:
        """The drafts of a page, in the order their documents first came up."""
        for piece in pieces:
            try:
                self._work_in(piece)
            except Exception as error:  # noqa: BLE001  # the per-document boundary: one failure stops no other
                self.tally.errors.append(_unusable(self.account.name, piece.key, error))
        return list(self._drafts.values())

    def commit(self) -> None:
        """Give the keys of folded entries to whom they belong, and note of which kind the source is.

        Within the transaction that remembers the drafts.
        """
        self.state.know_type(self.account.name, self.account.type)
        for identity, into in self.folded.items():
            self.state.fold(identity, into)

    def _work_in(self, piece: Piece) -> None:
        draft = self._draft_of(piece)
        before, entry = draft.before, draft.entry
        record = self.source.absorb(entry.record or None, piece)
        record = self._with_its_other_half(piece, before, record)
        identity = self.source.identity(record)
        keys = dict(draft.keys)
        if piece.digest is not None or entry.record != record:
            keys[piece.key] = piece.digest
        keys |= {key: None for key in piece.joins if key not in keys and self.state.entry_of(key) is None}
        if entry.id and entry.id != identity:
            self.survey.renamed(entry.id, identity)
            self.tally.renamed(entry.id, identity)
            renamed = [key for key, owner in self._owners.items() if owner == entry.id]
            self._owners |= dict.fromkeys(renamed, identity)
        self._drafts.pop(entry.id, None)
        told = msgspec.structs.replace(entry.told(record), id=identity)
        self._drafts[identity] = Draft(told, before, keys, self.asked)
        self._owners |= dict.fromkeys((*keys, *piece.joins, piece.key, *([before.id] if before else [])), identity)

    def _draft_of(self, piece: Piece) -> Draft:
        """The draft a piece belongs to: of this page, of a known entry, or a new one (whose id is not known yet)."""
        keys = (piece.key, *piece.joins)
        for key in keys:
            if key in self._owners:
                return self._drafts[self._owners[key]]
        before = self.state.find(keys)
        if before is not None and before.id in self._owners:
            return self._drafts[self._owners[before.id]]
        return Draft(before or Entry(id="", source=self.account.name, record=b""), before)

    def _with_its_other_half(self, piece: Piece, before: Entry | None, record: bytes) -> bytes:
        """Join another entry that turns out to be the same document, unless it has a note of its own."""
        other = self.state.find(piece.joins) if before is not None and piece.joins else None
        if other is None or before is None or other.id in (before.id, *self.folded):
            return record
        if other.base is not None:
            self.tally.asides.append(
                f"{other.path}: the same document as {before.path or before.id}; each has a note. Both were left."
            )
            return record
        self.folded[other.id] = self.source.identity(record)
        return self.source.joined(record, other.record)


def _unusable(name: str, key: str, error: Exception) -> SourceError:
    if isinstance(error, SourceError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return SourceError(
        f"{key}: what {name} says of it can't be used ({type(error).__name__}: {error}). Its note was left as it is.",
        source=name,
        hint="The others were dealt with. Please report this line.",
    )
