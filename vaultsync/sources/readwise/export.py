"""Export Readwise's highlights: everything, what changed, or named books. https://readwise.io/api_deets.

`updatedAfter` lists of a book only the highlights that changed, and says nothing of tags, favourites, titles or
document notes. Those move the book's own time in the books list, so books named there are exported whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from vaultsync.budget import Budget
from vaultsync.hookspecs import Fetch, Listing, Page, Piece
from vaultsync.http import Http
from vaultsync.sources.haul import Haul, digest
from vaultsync.sources.readwise import settle, wire
from vaultsync.sources.readwise.cursor import OVERLAP, Cursor, Run, Stage, asked_for, milliseconds
from vaultsync.sources.readwise.paging import PageCursor, paged
from vaultsync.sources.readwise.reader_list import DOCUMENT
from vaultsync.sources.readwise.reading import BOOK, BOOK_HEAD

BOOK_KEY = "readwise:"

_ALL, _UPDATES = "all", "updates"
_AT_ONCE = 100  # ids in one request; the service refuses addresses that get too long
_PAGE_SIZE = 1000  # the most the books list gives

Seen = dict[str, tuple[int, bool]]


class Export:
    """Readwise's side of the source."""

    def __init__(self, http: Http, budget: Budget) -> None:
        self._http = http
        self._budget = budget
        self._lists_budget = Budget("Readwise's books list", 20)

    def pages(self, fetch: Fetch, cursor: Cursor) -> Iterator[Page]:
        """Export everything or what changed, moving the cursor along. The last page of a full export says so."""
        stage = cursor.export
        run = stage.begin(_ALL, full=fetch.full)
        place: str | None = run.place or (_ALL if run.full else _UPDATES)
        while place is not None:
            run.place = place
            for answer in paged(self._asking(run), run.page):
                whole = place == _ALL
                haul = self._whole(answer, fetch.known, run, stage) if whole else self._partial(answer, run, stage)
                self._note_progress(run, cursor, len(answer.results))
                following = place if answer.after is not None else self._following(run)
                run.place, run.page = following or "", answer.after
                done, listing = run.count, None
                if following is None:
                    listing = Listing(prefix=BOOK_KEY, count=run.count, names_all=False) if run.full else None
                    stage.finish()
                yield _page(haul, cursor.text(), listing=listing, label="highlights", done=done)
            place = following

    def changed_books(self, fetch: Fetch, cursor: Cursor) -> Iterator[Page]:
        """Export whole what the books list says has changed. The cursor moves with the last of them."""
        since = cursor.books or cursor.export.since
        if since is None:
            return
        ids, newest = self._changed(since)
        done = 0
        for answer, is_last in self._named(ids):
            haul = self._whole(answer, fetch.known, Run(), None)
            done += len(answer.results)
            if is_last:
                cursor.books = newest
            yield _page(haul, cursor.text(), listing=None, label="books", done=done)

    def only(self, keys: tuple[str, ...], fetch: Fetch) -> Iterator[Page]:
        """Export named books; the cursor stays as it was given."""
        ids = [id_ for key in keys if (id_ := key.removeprefix(BOOK_KEY)).isdecimal()]
        for answer, _is_last in self._named(ids):
            haul = self._whole(answer, fetch.known, Run(), None)
            yield _page(haul, fetch.cursor or "", listing=None, label="books", done=0)

    def has(self, key: str) -> bool:
        """Ask whether Readwise has a book."""
        id_ = key.removeprefix(BOOK_KEY)
        for answer, _is_last in self._named([id_]):
            for raw in answer.results:
                book, _problems = BOOK.read(raw)
                if book is not None and str(book.user_book_id) == id_:
                    return not book.is_deleted
        return False

    def _following(self, run: Run) -> str | None:
        return _UPDATES if run.place == _ALL and run.mark is not None else None

    def _asking(self, run: Run) -> Callable[[PageCursor], wire.Envelope]:
        params = []
        if run.place == _UPDATES and run.mark is not None:
            params.append(("updatedAfter", asked_for(run.mark - OVERLAP)))
        return self._exporting(params)

    def _exporting(self, params: list[tuple[str, str]]) -> Callable[[PageCursor], wire.Envelope]:
        def ask(page: PageCursor) -> wire.Envelope:
            # Without includeDeleted even the news that something is deleted is left out.
            cursor = [("pageCursor", str(page))] if page is not None else []
            wanted = [*params, ("includeDeleted", "true"), *cursor]
            return self._http.read("v2/export/", wanted, budget=self._budget, decode=wire.envelope)

        return ask

    def _named(self, ids: list[str]) -> Iterator[tuple[wire.Envelope, bool]]:
        """Yield the export of these books, page by page, and whether the page is the last."""
        chunks = [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
        for number, chunk in enumerate(chunks, start=1):
            for answer in paged(self._exporting([("ids", ",".join(chunk))])):
                yield answer, number == len(chunks) and answer.after is None

    def _changed(self, since: datetime) -> tuple[list[str], datetime]:
        """Return the ids of the books that changed, and the newest time among them."""
        ids: dict[str, None] = {}
        newest, page, more = since, 1, True
        while more:
            params = [("updated__gt", asked_for(since)), ("page_size", str(_PAGE_SIZE)), ("page", str(page))]
            answer = self._http.read("v2/books/", params, budget=self._lists_budget, decode=wire.envelope)
            before = len(ids)
            for raw in answer.results:
                head, _problems = BOOK_HEAD.read(raw)
                if head is not None:
                    ids[str(head.id)] = None
                    newest = max(newest, head.updated or newest)
            page += 1
            more = answer.more and len(ids) > before
        return list(ids), newest

    def _note_progress(self, run: Run, cursor: Cursor, results: int) -> None:
        if run.place == _ALL:
            run.count += results
        run.mark = run.mark or run.newest
        if cursor.books is None:
            cursor.books = run.mark
        if run.place == _UPDATES and run.reached is None:
            run.reached = run.newest

    def _whole(self, answer: wire.Envelope, known: Collection[bytes], run: Run, stage: Stage | None) -> Haul:
        """Read an answer that tells all of each book. What is known by its bytes is not read."""
        haul = Haul()
        seen: Seen = {}
        for raw in answer.results:
            known_by = digest(raw)
            if known_by in known:
                haul.unchanged += 1
                continue
            book, problems = BOOK.read(raw)
            haul.problems += problems
            if book is not None:
                seen.update(_marks(_changed_lately(book, run), book))
                haul.pieces.append(_piece(book, known_by))
        if stage is not None:
            stage.remember(seen)
        return haul

    def _partial(self, answer: wire.Envelope, run: Run, stage: Stage) -> Haul:
        """Read an answer that tells of each book what changed. What the last listing saw is no news."""
        haul = Haul()
        known, seen = stage.edge, Seen()
        for raw in answer.results:
            book, problems = BOOK.read(raw)
            if book is None:
                haul.problems += problems
                continue
            _changed_lately(book, run)
            marks = _marks(book.highlights or [], book)
            seen.update(marks)
            if not marks or any(known.get(id_) != mark for id_, mark in marks.items()):
                haul.problems += problems
                haul.pieces.append(_piece(book, None))
        stage.remember(seen)
        return haul


def _piece(book: wire.Book, known_by: bytes | None) -> Piece:
    body = settle.book_piece(book)
    joins = (DOCUMENT + body.book.external_id,) if body.book.external_id else ()
    return Piece(f"{BOOK_KEY}{book.user_book_id}", known_by, body, joins)


def _changed_lately(book: wire.Book, run: Run) -> list[wire.Highlight]:
    """Take note of when the highlights changed, and return those that the next listing will ask for again."""
    highlights = book.highlights or []
    run.saw(max((one.updated_at for one in highlights if one.updated_at is not None), default=None))
    if run.newest is None:
        return []
    start = run.newest - OVERLAP
    return [one for one in highlights if one.updated_at is not None and one.updated_at > start]


def _marks(highlights: list[wire.Highlight], book: wire.Book) -> Seen:
    """Return what tells one state of a highlight from another, by its id."""
    return {
        str(one.id): (milliseconds(one.updated_at) if one.updated_at else 0, bool(book.is_deleted or one.is_deleted))
        for one in highlights
    }


def _page(haul: Haul, cursor: str, *, listing: Listing | None, label: str, done: int) -> Page:
    return Page(
        pieces=tuple(haul.pieces),
        cursor=cursor,
        listing=listing,
        unchanged=haul.unchanged,
        problems=tuple(haul.problems),
        label=label,
        done=done,
    )
