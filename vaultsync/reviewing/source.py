"""A source whose daily reviews are documents of it: what is typed in one goes to the highlight it was typed under.

A review is read, weighed and merged as any note is. Only where the service is asked or changed, that is done for the
document a highlight is from: it gets the look and the edit as if it had been typed in its own note, and what the
service says then is remembered for both. So the service stands between the two notes, and each hears of the other
as it does of any other program: what one says is news in the other, and if both say something it is a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from vaultsync.accounts import Account
from vaultsync.errors import SourceError
from vaultsync.hookspecs import Asset, Edit, Fetch, NewHighlight, Page, Piece, Source
from vaultsync.host.fenced import Fenced
from vaultsync.model import REVIEWS, Document, Highlight
from vaultsync.reviewing import record as reviews
from vaultsync.reviewing.record import Passage
from vaultsync.storage.entry import Entry
from vaultsync.storage.state import State

_UNKNOWN = 'It is not known which document this highlight is from; run "vaultsync export", then "vaultsync review".'
_NO_PLACE = "A review has no such field at its service; change it in the note of the document."
_NO_DOCUMENT = "A review is no document to highlight in; mark the passage in the note of the document."


class WithReviews(Fenced):
    """A source as a run sees it, with its reviews. Their keys: "<name>-review:<day>"."""

    def __init__(
        self, account: Account, make: Callable[[], Source], taken: Mapping[str, Account], *, state: State
    ) -> None:
        """Make it. taken: whose prefixes can't be had. state: where the documents are that highlights are from.

        Raises VaultsyncError.
        """
        super().__init__(account, make, taken)
        self._state = state

    def pages(self, fetch: Fetch) -> Iterator[Page]:
        """Ask the service, page by page; a review that is asked for says what is known of its highlights."""
        mine = [key for key in fetch.only if self._is_review(key)]
        if mine:
            entries = filter(None, (self._state.find((key,)) for key in mine))
            pieces = [Piece(one.id, None, self.brought_up(one.record)) for one in entries]
            yield Page(tuple(pieces), fetch.cursor or "")
        rest = tuple(key for key in fetch.only if key not in mine)
        if rest or not mine:
            yield from super().pages(replace(fetch, only=rest))

    def absorb(self, record: bytes | None, piece: Piece) -> bytes:
        """Work a piece into a record."""
        if self._is_review(piece.key):
            return bytes(piece.body)
        return super().absorb(record, piece)

    def document(self, record: bytes) -> Document:
        """Read a record."""
        return reviews.document(reviews.opened(record)) if reviews.is_review(record) else super().document(record)

    def identity(self, record: bytes) -> str:
        """The id of a record's document."""
        return reviews.opened(record).id if reviews.is_review(record) else super().identity(record)

    def wanted(self, document: Document) -> bool:
        """Whether the configuration asks for a note of it; of a review, only its user does."""
        return document.category != REVIEWS and super().wanted(document)

    def listable(self, document: Document) -> bool:
        """Whether a complete listing would name it."""
        return document.category != REVIEWS and super().listable(document)

    def still_there(self, key: str) -> bool:
        """Ask the service whether it still has `key`; a review is of its day, and stays."""
        return self._is_review(key) or super().still_there(key)

    def refusal(self, document: Document, edit: Edit) -> str:
        """Why an edit can't be sent."""
        if document.category != REVIEWS:
            return super().refusal(document, edit)
        found = next((one for one in document.highlights if one.id == edit.owner), None)
        if found is None:
            return _NO_PLACE
        entry = self.known(str(found.extra["document"]))
        if entry is None:
            return _UNKNOWN
        return super().refusal(super().document(entry.record), replace(edit, document=entry.id))

    def unfit(self, document: Document, new: NewHighlight) -> str:
        """Why a highlight can't be made."""
        return _NO_DOCUMENT if document.category == REVIEWS else super().unfit(document, new)

    def assets(self, record: bytes) -> tuple[Asset, ...]:
        """Ask which files a document has; a review has none."""
        return () if reviews.is_review(record) else super().assets(record)

    def refreshed(self, record: bytes, owner: str) -> bytes:
        """Ask how something is now."""
        if not reviews.is_review(record):
            return super().refreshed(record, owner)
        if not owner:
            return record
        entry = self._of(record, owner)
        return self._told(record, entry, owner, super().refreshed(entry.record, owner), sent=False)

    def applied(self, record: bytes, edit: Edit) -> bytes:
        """Send one edit."""
        if not reviews.is_review(record):
            return super().applied(record, edit)
        entry = self._of(record, edit.owner)
        answer = super().applied(entry.record, replace(edit, document=entry.id))
        return self._told(record, entry, edit.owner, answer, sent=True)

    def removed(self, record: bytes, owner: str) -> bytes:
        """Delete something at the service: nothing of a review, whatever is deleted in its note."""
        if reviews.is_review(record):
            raise self._left(record, "A review can't be deleted.")
        return super().removed(record, owner)

    def brought_up(self, record: bytes) -> bytes:
        """A review's record with what is known of its highlights by now; nobody is asked."""
        review = reviews.opened(record)
        for one in review.passages:
            entry = self.known(one.document)
            if entry is not None:
                review = reviews.told(review, one.id, _live(super().document(entry.record), one.id))
        return reviews.kept(review)

    def known(self, document: str) -> Entry | None:
        """What is remembered of a document that a highlight is from, by any id it ever had; None if nothing is."""
        entry = self._state.find((document,)) if document else None
        return None if entry is None or entry.source != self.name else entry

    def _untaken(self, taken: Mapping[str, Account]) -> tuple[str, ...]:
        prefixes = super()._untaken(taken)
        if not self.offers("review"):
            return prefixes
        reviews_prefix = review_prefix(self.name)
        self._refuse_taken(reviews_prefix, taken)
        return (*prefixes, reviews_prefix)

    def _is_review(self, key: str) -> bool:
        return key.partition(":")[0] == review_prefix(self.name)

    def _of(self, record: bytes, owner: str) -> Entry:
        """What is remembered of the document a highlight is from. Raises SourceError."""
        passage: Passage | None = reviews.opened(record).passage(owner)
        entry = self.known(passage.document) if passage is not None else None
        if entry is None:
            raise self._left(record, f"What highlight {owner} is from is not known any more.")
        return entry

    def _told(self, record: bytes, entry: Entry, owner: str, answer: bytes, *, sent: bool) -> bytes:
        """The review with what was answered, which is remembered of the document first: that is where it belongs."""
        with self._state.transaction():
            self._state.put(msgspec.structs.replace(entry.told(answer), pending=True))
            if sent:
                # What came in under its keys says otherwise now, should it come in again.
                self._state.put_pieces(entry.id, dict.fromkeys(self._state.keys_of(entry.id)))
        found = _live(super().document(answer), owner)
        return reviews.kept(reviews.told(reviews.opened(record), owner, found))

    def _left(self, record: bytes, why: str) -> SourceError:
        return SourceError(
            f"{self.name}: {why} The review of {reviews.opened(record).day} was left as it is.",
            source=self.name,
            hint='Run "vaultsync export --full", then try again.',
        )


def review_prefix(source: str) -> str:
    """What the keys of a source's reviews begin with.

    >>> review_prefix("readwise")
    'readwise-review'
    """
    return f"{source}-review"


def _live(document: Document, highlight: str) -> Highlight | None:
    """A highlight of a document; None if it is gone, or the document."""
    if document.deleted:
        return None
    return next((one for one in document.live if one.id == highlight), None)
