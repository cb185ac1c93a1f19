"""Notes that hold words of their user's, opened and read: what was changed, what is in conflict, what can't be told.

For whoever looks at single notes (status, diff, resolve) or at all that were edited. Writes only an answer to
conflicts, and remembers it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import msgspec

from vaultsync.disk.vault import Found, Refused, Write, Written, digest
from vaultsync.drafting.survey import survey
from vaultsync.errors import ConfigError, NoteGone, PluginError, SourceError, VaultError, VaultsyncError
from vaultsync.hookspecs import Source
from vaultsync.lookup import document_id
from vaultsync.note import torn
from vaultsync.plan import OnDisk
from vaultsync.storage.entry import Entry
from vaultsync.workspace import Workspace

if TYPE_CHECKING:
    from vaultsync.drafting.decisions import Decider
    from vaultsync.merging.conflicts import Callout
    from vaultsync.open_note import OpenNote
    from vaultsync.rounds import Round


class Desk:
    """Opens notes of one vault, by what is remembered of them. Asks no service."""

    def __init__(self, workspace: Workspace, run: Round | None = None) -> None:
        """Open the desk. run: one that has looked at the vault already."""
        self._workspace = workspace
        self._vault = workspace.vault if run is None else run.vault
        state = workspace.state
        self.survey = run.survey if run else survey(self._vault, state.rows(), state.entry_of, state.being_written())
        self._whole = run.whole if run else (lambda: self.survey)

    @cached_property
    def _decider(self) -> Decider:
        from vaultsync.drafting.decisions import Decider
        from vaultsync.drafting.strays import Strays

        vault = self._vault
        return Decider(
            vault, self.survey, Strays(vault, self._whole), self._workspace.renders, self._workspace.state.tags
        )

    def every(self, besides: Collection[str] = frozenset()) -> Iterator[OpenNote | VaultsyncError]:
        """Every note that holds words of its user's, or why it can't be read. besides: paths of notes left out.

        Notes of sources that vaultsync.toml has no more are passed over.
        """
        for name in sorted(self.survey.that_are(OnDisk.EDITED)):
            if self.survey.place(name).path not in besides and self._is_asked(name):
                try:
                    yield self._open(name)
                except (VaultError, PluginError, SourceError) as error:
                    yield error

    def _is_asked(self, name: str) -> bool:
        entry = self._workspace.state.entry(name)
        return entry is not None and entry.source in self._workspace.sources

    def opened(self, identity: str) -> OpenNote:
        """The note of an entry. Raises ConfigError, PluginError, SourceError, VaultError."""
        return self._open(identity)

    def note(self, wanted: str, sources: Mapping[str, Source] | None = None) -> OpenNote:
        """The note that is meant by a path, an id or an address. Raises ConfigError, VaultError.

        sources: to look in; all of vaultsync.toml if not given.
        """
        workspace = self._workspace
        among = workspace.sources if sources is None else sources
        return self._open(document_id(wanted, sources=among, state=workspace.state, vault=workspace.vault))

    def standing(self, wanted: str, blocks: Collection[str]) -> tuple[str, ...]:
        """Those of the blocks of a note that are not missing. Raises ConfigError if one is no block of it."""
        from vaultsync.drafting.decisions import blocks_of

        identity = document_id(
            wanted, sources=self._workspace.sources, state=self._workspace.state, vault=self._workspace.vault
        )
        entry, place = self._workspace.state.entry(identity), self.survey.place(identity)
        if entry is None or entry.base is None:
            return ()
        names = blocks_of(entry.base)
        missing = self._open(identity).missing if place.found is not None else names
        unknown = [block for block in blocks if block not in names]
        if unknown:
            raise _no_such_block(entry.path or identity, unknown[0], names, missing)
        return tuple(block for block in blocks if block not in missing)

    def _open(self, identity: str) -> OpenNote:
        place, entry = self.survey.place(identity), self._workspace.state.entry(identity)
        if entry is None or entry.base is None or place.found is None:
            raise ConfigError(
                f"{identity} has no note that vaultsync knows. Nothing was touched.",
                hint='"vaultsync export" takes over notes it finds; "vaultsync restore" brings back a deleted one.',
            )
        # What reads and merges takes a while to import, and most runs open no note.
        from vaultsync.drafting.decisions import half_written
        from vaultsync.merging.reconcile import readings
        from vaultsync.open_note import OpenNote

        data = self._vault.read(place.path)
        if data is None:
            raise NoteGone(place.path, identity)
        reason = torn(data, entry.base.text)
        if reason:
            raise half_written(place.path, entry.id, reason)
        source = self._workspace.sources[entry.source]
        agreed = self._decider.agreed(source, entry, entry.base)
        held = self._decider.held(agreed, data.decode(), place.path, {})
        seen = msgspec.structs.replace(place, digest=digest(data))
        newest = self._decider.document(source, entry, entry.record) or source.document(entry.record)
        return OpenNote(entry, entry.base, seen, agreed, held, readings(agreed, held), newest)

    def answer(self, note: OpenNote, side: Literal["ours", "theirs"]) -> tuple[Callout, ...]:
        """Answer the conflicts of a note for one side; return those that could not be. Raises VaultError."""
        from vaultsync.merging.reconcile import parts
        from vaultsync.merging.resolve import resolved
        from vaultsync.rendering.tracked import Rendered

        own = resolved(note.held.note, side, Rendered(note.agreed.text, note.agreed.layout), note.readings[""])
        texts, left = {note.path: own.text}, own.left
        for path, blocks in parts(note.agreed, note.held, note.readings[""]).items():
            there = resolved(note.held.elsewhere[path], side, blocks, note.readings[path], moved=True)
            texts[path], left = there.text, (*left, *there.left)
        self._write(note, texts)
        return left

    def _write(self, note: OpenNote, texts: Mapping[str, str]) -> None:
        vault, state = self._workspace.vault, self._workspace.state
        was = {note.path: note.held.note, **note.held.elsewhere}
        writes = [
            Write(path, text.encode(), digest(was[path].encode())) for path, text in texts.items() if text != was[path]
        ]
        page = vault.write(writes)
        for outcome in page.outcomes:
            if isinstance(outcome, Refused):
                raise VaultError(outcome.message, path=outcome.path, hint="Save it in your editor, then run again.")
        with state.transaction():
            for outcome in page.outcomes:
                if isinstance(outcome, Written) and outcome.path == note.path:
                    state.put(_as_left(note, outcome, texts[note.path]))
                elif isinstance(outcome, Written):
                    found_now = Found(outcome.path, outcome.size, outcome.mtime_ns, outcome.inode)
                    state.rewritten(outcome.path, outcome.digest, found_now)
        page.settle()


def _no_such_block(path: str, block: str, names: Collection[str], missing: Collection[str]) -> ConfigError:
    if missing:
        hint = f"Missing from it: {_named(missing)}."
    else:
        hint = f"None of its blocks is missing; it has {_named(names)}." if names else "It has no blocks."
    return ConfigError(f"{path} has no block ^{block}, and no highlight for it. Nothing was written.", hint=hint)


def _named(blocks: Collection[str]) -> str:
    shown = ", ".join(f"^{block}" for block in list(blocks)[:_NAMED])
    return shown + (f" and {len(blocks) - _NAMED:,} more" if len(blocks) > _NAMED else "")


_NAMED = 10


def _as_left(note: OpenNote, written: Written, text: str) -> Entry:
    """The entry of a note that was just written. What both sides agreed on stays as it is."""
    from vaultsync.merging.conflicts import count

    base = msgspec.structs.replace(
        note.base,
        digest=written.digest,
        size=written.size,
        mtime_ns=written.mtime_ns,
        inode=written.inode,
        mine=text != note.base.text,
        conflicts=count(text),
    )
    return msgspec.structs.replace(note.entry, path=written.path, base=base)
