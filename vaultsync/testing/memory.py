"""A source whose service is a shelf in memory: the smallest one that keeps every law, to read and to copy.

It keeps no tombstones, as most services don't: what was taken away is noticed by a complete listing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import Any

import msgspec

from vaultsync.errors import UnexpectedReply
from vaultsync.hookspecs import Edit, Fetch, Listing, Page, Piece
from vaultsync.merging.merge import merge_tags
from vaultsync.model import Document, Highlight

_DOCUMENTS = msgspec.msgpack.Decoder(Document)


class _Head(msgspec.Struct):
    """As much of a document as says whose it is."""

    id: str


_HEADS = msgspec.msgpack.Decoder(_Head)


@dataclass
class Shelf:
    """What a service would hold. documents: by id, those that changed last at the end; changes: how many there were."""

    documents: dict[str, Document] = field(default_factory=dict)
    changes: int = 0
    changed: dict[str, int] = field(default_factory=dict)

    def put(self, document: Document) -> None:
        """Add a document, or change one."""
        self.documents.pop(document.id, None)
        self.documents[document.id] = document
        self.changes += 1
        self.changed[document.id] = self.changes

    def take(self, identity: str) -> None:
        """Take a document away."""
        del self.documents[identity]


class MemorySource:
    """A shelf as a source. page_size: documents in a page. push: fields that can be changed."""

    name = "memory"
    prefixes: tuple[str, ...] = ("memory",)

    def __init__(self, shelf: Shelf, *, page_size: int = 2, push: tuple[str, ...] = ("note", "tags", "title")) -> None:
        self._shelf = shelf
        self._page_size = page_size
        self._push = push

    # Asking. The cursor is the number of changes that are known, and where in a complete listing the last page ended.

    def pages(self, fetch: Fetch) -> Iterator[Page]:
        """List what has changed since the cursor, everything, or what is named."""
        known, _, place = (fetch.cursor or "0").partition(" ")
        if fetch.only:
            named = [self._shelf.documents[key] for key in fetch.only if key in self._shelf.documents]
            yield Page(tuple(map(_piece, named)), fetch.cursor or "0", label=self.name, done=len(named))
        elif fetch.full or fetch.cursor is None or place:
            yield from self._everything(fetch, int(place or "0"))
        else:
            news = [one for name, one in self._shelf.documents.items() if self._shelf.changed[name] > int(known)]
            for batch in _batches(news, self._page_size):
                yield Page(tuple(map(_piece, batch)), f"{self._shelf.changed[batch[-1].id]}", label=self.name)

    def _everything(self, fetch: Fetch, place: int) -> Iterator[Page]:
        """A complete listing. place: how many changes its pages have reached; a document changed since comes later."""
        left = [name for name in self._shelf.documents if self._shelf.changed[name] > place]
        for batch in _batches(left, self._page_size) or [[]]:
            place = self._shelf.changed[batch[-1]] if batch else place
            is_last = not batch or batch[-1] == left[-1]
            pieces = [_piece(self._shelf.documents[name]) for name in batch]
            news = tuple(piece for piece in pieces if piece.digest not in fetch.known)
            yield Page(
                news,
                f"{place}" if is_last else f"0 {place}",
                listed=tuple(batch),
                listing=Listing("memory:", len(self._shelf.documents), names_all=True) if is_last else None,
                unchanged=len(pieces) - len(news),
                label=self.name,
            )

    def still_there(self, key: str) -> bool:
        """Look for one document."""
        return key in self._shelf.documents

    def check_token(self) -> None:
        """No token is needed."""

    # Records: a document, encoded.

    def absorb(self, record: bytes | None, piece: Piece) -> bytes:  # noqa: ARG002  # a piece says all there is to say
        """Take the document as it came."""
        return bytes(piece.body)

    def joined(self, record: bytes, other: bytes) -> bytes:  # noqa: ARG002  # a document has one key
        """Keep the first."""
        return record

    def without(self, record: bytes, key: str) -> bytes:  # noqa: ARG002  # a document has one key
        """Mark it as gone."""
        return _record(msgspec.structs.replace(self.document(record), deleted=True))

    def document(self, record: bytes) -> Document:
        """Decode it."""
        return _DOCUMENTS.decode(record)

    def identity(self, record: bytes) -> str:
        """Decode its id."""
        return _HEADS.decode(record).id

    def wanted(self, document: Document) -> bool:
        """Everything on the shelf is."""
        return not document.deleted

    def listable(self, document: Document) -> bool:  # noqa: ARG002  # nothing is hidden
        """Everything on the shelf is."""
        return True

    # Changing.

    def refusal(self, document: Document, edit: Edit) -> str:
        """Refuse what was not asked for, and what is gone."""
        if edit.field not in self._push:
            return f'`{edit.field}` is not sent: add "{edit.field}" to push of this source.'
        if document.deleted or (edit.owner and all(one.id != edit.owner for one in document.live)):
            return "It is gone, so nothing can be sent; keep what you wrote in text of your own."
        if edit.owner and edit.field not in Highlight.__struct_fields__:
            return f"A highlight has no {edit.field}."
        return ""

    def command(self, edit: Edit) -> str:  # noqa: ARG002  # it takes no text for a command
        """Nothing is."""
        return ""

    def refreshed(self, record: bytes, owner: str) -> bytes:  # noqa: ARG002  # all of it is looked at
        """Look at the document; highlights that are gone are marked so."""
        before = self.document(record)
        now = self._shelf.documents.get(before.id)
        if now is None:
            return self.without(record, before.id)
        there = {one.id for one in now.highlights}
        gone = tuple(msgspec.structs.replace(one, deleted=True) for one in before.highlights if one.id not in there)
        return _record(msgspec.structs.replace(now, highlights=(*now.highlights, *gone)))

    def applied(self, record: bytes, edit: Edit) -> bytes:
        """Change one field."""

        def change(thing: Any) -> Any:
            after = edit.after
            if isinstance(edit.before, tuple) and isinstance(after, tuple):
                after = merge_tags(edit.before, after, thing.tags)
            return msgspec.structs.replace(thing, **{edit.field: after})

        self._change(edit.document, edit.owner, change)
        return self.refreshed(record, edit.owner)

    def removed(self, record: bytes, owner: str) -> bytes:
        """Take away the document, or one of its highlights."""
        identity = self.identity(record)
        if owner:
            self._change(identity, owner, lambda _: None)
        else:
            self._shelf.take(identity)
        return self.refreshed(record, owner)

    def recreate(self, record: bytes, owner: str) -> None:
        """Put it back."""
        before = self.document(record)
        now = self._shelf.documents.get(before.id, msgspec.structs.replace(before, highlights=()))
        back = [one for one in before.live if one.id == owner or not owner]
        self._shelf.put(msgspec.structs.replace(now, highlights=(*now.highlights, *back)))

    def _change(self, identity: str, owner: str, change: Callable[[Any], Any]) -> None:
        """Put what `change` makes of a document, or of one of its highlights (None: it goes). Raises SourceError."""
        now = self._shelf.documents.get(identity)
        if now is None:
            raise UnexpectedReply(f"{self.name}: there is no {identity}. Nothing was changed.", source=self.name)
        if not owner:
            self._shelf.put(change(now))
            return
        kept = [change(one) if one.id == owner else one for one in now.highlights]
        self._shelf.put(msgspec.structs.replace(now, highlights=tuple(one for one in kept if one is not None)))


def _record(document: Document) -> bytes:
    return msgspec.msgpack.encode(document)


def _piece(document: Document) -> Piece:
    record = _record(document)
    return Piece(document.id, blake2b(record, digest_size=8).digest(), record)


def _batches(things: list[Any], size: int) -> list[list[Any]]:
    left = iter(things)
    return list(iter(lambda: list(islice(left, size)), []))
