"""Send edits to linkding, and work what it answers into the record.

What a record says afterwards is what linkding said, not what was sent: it trims texts and respells tags. But for a tag
that was taken out and that its auto-tagging put on again at once: that is news, for the next fetch to tell.
"""

from __future__ import annotations

from collections.abc import Container

import msgspec

from vaultsync.hookspecs import Edit
from vaultsync.sources.linkding import record, sendable, wire
from vaultsync.sources.linkding.record import opened
from vaultsync.sources.linkding.service import Service


class Push:
    """What a push asks of the source, on records as they are stored. Everything raises SourceError."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def refreshed(self, kept: bytes) -> bytes:
        """Ask how the bookmark is now."""
        return _told(kept, self._service.bookmark(_id(kept)))

    def applied(self, kept: bytes, edit: Edit) -> bytes:
        """Send one edit, unless the record says that it is done."""
        now = opened(kept)
        to_archive = sendable.archiving(edit)
        if to_archive is not None:
            if now.is_archived == to_archive:
                return kept
            return _told(kept, self._service.moved(_id(kept), to_archive=to_archive))
        changes = sendable.change(now, edit)
        if not changes:
            return kept
        told = _told(kept, self._service.patched(_id(kept), changes))
        return _without_tags(told, sendable.removed(edit)) if edit.field == "tags" else told

    def removed(self, kept: bytes) -> bytes:
        """Delete the bookmark."""
        self._service.deleted(_id(kept))
        return record.without(kept)

    def recreate(self, kept: bytes) -> None:
        """Make a deleted bookmark again, unless its address was bookmarked anew since."""
        now = opened(kept)
        if self._service.known(now.url) is None:
            self._service.created(sendable.created(now))


def _without_tags(kept: bytes, removed: Container[str]) -> bytes:
    """A record without some tags, by their names case folded."""
    now = opened(kept)
    tags = tuple(tag for tag in now.tags if tag.casefold() not in removed)
    return record.encoded(msgspec.structs.replace(now, tags=tags))


def _id(kept: bytes) -> str:
    return str(opened(kept).id)


def _told(kept: bytes, told: wire.Bookmark | None) -> bytes:
    return record.without(kept) if told is None else record.encoded(record.settled(told))
