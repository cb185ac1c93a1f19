"""List Reader's documents: everything by location, or what changed. https://readwise.io/reader_api.

Reader has no tombstones and twenty requests a minute, so a full listing asks for the wanted locations one by one:
without a location all highlights and notes would come too, five times as much as the documents. Those are listed
on their own if at all, after Readwise has told of its own, so that only what it lacks is known by Reader's ids.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from vaultsync.budget import Budget
from vaultsync.hookspecs import Fetch, Listing, Page, Piece, Problem
from vaultsync.http import Http
from vaultsync.sources.haul import Haul, digest
from vaultsync.sources.readwise import settle, wire
from vaultsync.sources.readwise.cursor import OVERLAP, Cursor, Run, Stage, asked_for, milliseconds
from vaultsync.sources.readwise.paging import PageCursor, paged
from vaultsync.sources.readwise.reading import READER_DOCUMENT, READER_HEAD
from vaultsync.sources.readwise.record import KeptChild, KeptComment
from vaultsync.sources.readwise.settings import ReadwiseSettings

DOCUMENT, CHILD = "reader:", "reader-child:"

_ORDER = ("new", "later", "shortlist", "archive", "feed")
_CHILDREN = ("highlight", "note")
_UPDATES = " updates"


class ReaderList:
    """Reader's side of the source: its documents, or the highlights and notes that are their children."""

    def __init__(self, settings: ReadwiseSettings, http: Http, budget: Budget, *, children: bool) -> None:
        self._http = http
        # Of the highlights listed in this run, which of a large account are some ten megabytes.
        self._documents: dict[str, str] = {}
        self._budget = budget
        self._full_text = settings.full_text and not children
        self._children = children
        self._label = "highlights in Reader" if children else "documents"
        self._locations = tuple(place for place in _ORDER if place in settings.locations)
        self._everything: tuple[str, ...] = _CHILDREN if children else self._locations
        # Without a location or category Reader lists the updates of documents and children alike.
        self._updates = tuple(name + _UPDATES for name in (_CHILDREN if children else ("all",)))

    def pages(self, fetch: Fetch, cursor: Cursor) -> Iterator[Page]:
        """List everything or what changed, moving the cursor along. The last page of a full listing says so."""
        try:
            yield from self._pages(fetch, cursor)
        finally:
            self._documents.clear()

    def _pages(self, fetch: Fetch, cursor: Cursor) -> Iterator[Page]:
        stage = cursor.children if self._children else cursor.reader
        run = stage.begin(self._asked(), full=fetch.full)
        place = self._resumed(run) if run.place else self._first(run)
        while place is not None:
            run.place = place
            for answer in paged(self._asking(run), run.page):
                haul = self._haul(answer, fetch.known, run, stage)
                self._note_progress(run, haul)
                following = place if answer.after is not None else self._following(run)
                run.place, run.page = following or "", answer.after
                listing = self._listing(run) if following is None else None
                count = run.count
                if following is None:
                    stage.finish()
                yield _page(haul, cursor.text(), listing=listing, label=self._label, done=count)
            place = following

    def only(self, keys: tuple[str, ...], fetch: Fetch) -> Iterator[Page]:
        """Ask for single documents; the cursor stays as it was given."""
        for key in keys:
            answer = self._one(key)
            yield _page(
                self._haul(answer, fetch.known, Run(), Stage()),
                fetch.cursor or "",
                listing=None,
                label=self._label,
                done=0,
            )

    def has(self, key: str) -> bool:
        """Ask whether Reader has a document or child."""
        for raw in self._one(key).results:
            head, _problems = READER_HEAD.read(raw)
            if head is not None and head.id == key.partition(":")[2]:
                return True
        return False

    def _asked(self) -> str:
        """Name the options a full listing depends on; with others it is made anew."""
        return " ".join([*self._everything, *(["full text"] if self._full_text else [])])

    def _first(self, run: Run) -> str | None:
        """Return what is listed first; None if there is nothing to ask for."""
        if run.full and self._everything:
            return self._everything[0]
        return self._updates[0] if run.mark else None

    def _resumed(self, run: Run) -> str:
        """Return where to go on. Notes are understood by the highlights listed before them, so not among those."""
        if run.place.startswith("note"):
            run.place, run.page = run.place.replace("note", "highlight"), None
        return run.place

    def _following(self, run: Run) -> str | None:
        """Return what is listed next; None at the end, or if no page had a time to ask for updates after."""
        places = (*self._everything, *self._updates)
        rest = places[places.index(run.place) + 1 :]
        if not rest or (rest[0].endswith(_UPDATES) and run.mark is None):
            return None
        return rest[0]

    def _asking(self, run: Run) -> Callable[[PageCursor], wire.Envelope]:
        name = run.place.removesuffix(_UPDATES)
        params = [("limit", "100")]
        if name in _CHILDREN:
            params.append(("category", name))
        if name in self._locations:
            params.append(("location", name))
        if run.place.endswith(_UPDATES) and run.mark is not None:
            params.append(("updatedAfter", asked_for(run.mark - OVERLAP)))

        def ask(page: PageCursor) -> wire.Envelope:
            return self._ask([*params, *([("pageCursor", str(page))] if page is not None else [])])

        return ask

    def _one(self, key: str) -> wire.Envelope:
        return self._ask([("id", key.partition(":")[2])])

    def _ask(self, params: list[tuple[str, str]]) -> wire.Envelope:
        if self._full_text:
            params.append(("withHtmlContent", "true"))
        return self._http.read("v3/list/", params, budget=self._budget, decode=wire.envelope)

    def _note_progress(self, run: Run, haul: Haul) -> None:
        updates = run.place.endswith(_UPDATES)
        if not updates:
            run.count += len(haul.listed)
        run.mark = run.mark or run.newest
        if updates and run.reached is None:
            run.reached = run.newest

    def _listing(self, run: Run) -> Listing | None:
        names_all = run.full and not self._children
        return Listing(prefix=DOCUMENT, count=run.count, names_all=True) if names_all else None

    def _haul(self, answer: wire.Envelope, known: Collection[bytes], run: Run, stage: Stage) -> Haul:
        haul = Haul()
        edge, seen = stage.edge, dict[str, tuple[int, bool]]()
        for raw in answer.results:
            head, problems = READER_HEAD.read(raw)
            if head is None:
                haul.problems += problems
                continue
            self._take_note(head, run, haul)
            if not self._concerns_us(head, run):
                continue
            mark = (milliseconds(head.updated_at) if head.updated_at else 0, False)
            seen[head.id] = mark
            known_by = digest(raw)
            if known_by in known or (run.place.endswith(_UPDATES) and edge.get(head.id) == mark):
                haul.unchanged += 1
            else:
                self._read(raw, known_by, haul)
        stage.remember(seen)
        return haul

    def _take_note(self, head: wire.ReaderHead, run: Run, haul: Haul) -> None:
        run.saw(head.updated_at)
        if head.category == "highlight" and head.parent_id:
            self._documents[head.id] = head.parent_id
        if run.full and head.category not in _CHILDREN:
            haul.listed.append(DOCUMENT + head.id)

    def _concerns_us(self, head: wire.ReaderHead, run: Run) -> bool:
        if not run.place:
            return True
        if self._children or head.category in _CHILDREN:
            return self._children and head.category in _CHILDREN
        # A feed brings hundreds of posts a day; unless asked for, they are not even remembered.
        return head.location != "feed" or "feed" in self._locations

    def _read(self, raw: bytes, known_by: bytes, haul: Haul) -> None:
        document, problems = READER_DOCUMENT.read(raw)
        haul.problems += problems
        if document is None:
            return
        about = (document.title or document.content or document.id).strip()[:80]
        if document.category in _CHILDREN:
            self._read_child(document, known_by, about, haul)
            return
        content, lost = self._text_of(document)
        if lost:
            haul.problems.append(Problem(about, lost))
        haul.pieces.append(Piece(DOCUMENT + document.id, known_by, settle.reader_document(document, content)))

    def _text_of(self, document: wire.ReaderDocument) -> tuple[str, str]:
        """A document's full text, if that is asked for; and what was lost of it."""
        if not self._full_text:
            return "", ""
        from vaultsync.sources.readwise.full_text import markdown  # it brings an HTML parser

        return markdown(document.html_content or "")

    def _read_child(self, child: wire.ReaderDocument, known_by: bytes, about: str, haul: Haul) -> None:
        body: KeptChild | KeptComment
        if child.category == "note":
            parent = self._document_of(child.parent_id or "")
            body = settle.comment(child, parent)
        else:
            parent = child.parent_id or ""
            body = settle.child(child)
        if parent:
            haul.pieces.append(Piece(CHILD + child.id, known_by, body, (DOCUMENT + parent,)))
        else:
            haul.problems.append(Problem(about, "left out: what it belongs to is not in Reader."))

    def _document_of(self, highlight: str) -> str:
        """Return the document a highlight is in, asking Reader if this run has not listed the highlight."""
        if highlight and highlight not in self._documents:
            for raw in self._one(CHILD + highlight).results:
                head, _problems = READER_HEAD.read(raw)
                self._documents[highlight] = head.parent_id or "" if head is not None else ""
        return self._documents.get(highlight, "")


def _page(haul: Haul, cursor: str, *, listing: Listing | None, label: str, done: int) -> Page:
    return Page(
        pieces=tuple(haul.pieces),
        cursor=cursor,
        listed=tuple(haul.listed),
        listing=listing,
        unchanged=haul.unchanged,
        problems=tuple(haul.problems),
        label=label,
        done=done,
    )
