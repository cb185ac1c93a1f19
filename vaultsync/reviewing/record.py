"""What is kept of one day's review: written to bytes, read, and shown as a document. No I/O.

A review has no place at its service where anything could be stored. Its highlights are those of other documents, and
the record says of each which document that is, and what it said there when it was last looked at.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import msgspec

from vaultsync.model import REVIEWS, Document, Highlight

# Records are their sources' own bytes, so that those of reviews have to be told from them.
_MARK = b"vaultsync review\0"
_PREFIX = "review-"
_UNSAFE = re.compile("[^A-Za-z0-9-]")


class Passage(msgspec.Struct, frozen=True, array_like=True):
    """A highlight in a review. id: of the highlight; document: of the one it is from, "" if that is not known.

    text, note, tags: as the service last told them. link: what to embed it by, "" if it stands in no note.
    """

    id: str
    text: str
    note: str = ""
    tags: tuple[str, ...] = ()
    document: str = ""
    title: str = ""
    author: str = ""
    link: str = ""
    deleted: bool = False


class KeptReview(msgspec.Struct, frozen=True, array_like=True):
    """One day's review. id: of its note; source, account: whose it is; blocks: what block ids of that begin with.

    review, url: of it at the service.
    """

    id: str
    source: str
    account: str
    blocks: str
    day: date
    review: str
    url: str
    completed: bool
    passages: tuple[Passage, ...] = ()

    def passage(self, highlight: str) -> Passage | None:
        """The passage of a highlight, None if it is not in here."""
        return next((one for one in self.passages if one.id == highlight), None)


_RECORDS = msgspec.msgpack.Decoder(KeptReview)


def is_review(record: bytes) -> bool:
    """Whether a record is of a review."""
    return record.startswith(_MARK)


def kept(review: KeptReview) -> bytes:
    """The record of a review."""
    return _MARK + msgspec.msgpack.encode(review)


def opened(record: bytes) -> KeptReview:
    """The review a record is of."""
    return _RECORDS.decode(record[len(_MARK) :])


def joined(review: KeptReview, earlier: KeptReview) -> KeptReview:
    """The review with what it told earlier that day and tells no more, behind."""
    there = {one.id for one in review.passages}
    passages = (*review.passages, *(one for one in earlier.passages if one.id not in there))
    return msgspec.structs.replace(review, passages=passages)


def told(review: KeptReview, highlight: str, found: Highlight | None) -> KeptReview:
    """The review with what its source says of a highlight now. found: None if it is gone."""

    def changed(one: Passage) -> Passage:
        if found is None:
            return msgspec.structs.replace(one, deleted=True)
        return msgspec.structs.replace(one, text=found.text, note=found.note, tags=found.tags, deleted=False)

    passages = tuple(changed(one) if one.id == highlight else one for one in review.passages)
    return msgspec.structs.replace(review, passages=passages)


def document(review: KeptReview) -> Document:
    """A review as a template sees it."""
    return Document(
        id=review.id,
        title=f"Daily Review, {review.day}",
        category=REVIEWS,
        source=review.source,
        account=review.account,
        url=review.url,
        service_url=review.url,
        highlights=tuple(_highlight(one, review.blocks) for one in review.passages),
        extra={"review": review.review, "day": review.day, "completed": review.completed},
    )


def _highlight(passage: Passage, blocks: str) -> Highlight:
    flags = {tag.casefold() for tag in passage.tags}
    extra: dict[str, Any] = {name: getattr(passage, name) for name in ("document", "title", "author", "link")}
    return Highlight(
        id=passage.id,
        # Not as in its document's note: it would be taken for that block, moved here.
        block_id=blocks + _PREFIX + _UNSAFE.sub("-", passage.id),
        text=passage.text,
        note=passage.note,
        tags=passage.tags,
        favorite="favorite" in flags,
        discarded="discard" in flags,
        deleted=passage.deleted,
        extra=extra,
    )
