"""Readwise Reader v3 as an API: save, list, update, bulk update, delete, tags.

Known by experience rather than from the documents: no tombstones; the cursor is the last document's id;
newest first by creation; `count` stops at 10000; an update answers only id and url, even for what it ignored.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from vaultsync.simulator.exchange import Refusal, Reply, Request, Route, not_found
from vaultsync.simulator.fields import Choice, Field, Flag, Moment, Names, Text, checked, faults_in, readings
from vaultsync.simulator.library import READ_URL, Library
from vaultsync.simulator.reader_shapes import document_shape, tag_key
from vaultsync.simulator.records import ReaderDocument
from vaultsync.simulator.storage import Storage
from vaultsync.simulator.times import instant

LOCATIONS = ("new", "later", "shortlist", "archive", "feed")
CATEGORIES = ("article", "email", "rss", "highlight", "note", "pdf", "epub", "tweet", "video", "podcast")
_MOST = 10_000
_PAGE = 100
_MOST_TAGS = 5
_MOST_UPDATES = 50
_LARGEST_HTML = 8_000_000  # characters; where the real limit lies is not known

_COMMON: dict[str, Field] = {
    "title": Text(nullable=True),
    "author": Text(nullable=True),
    "summary": Text(nullable=True),
    "published_date": Moment(),
    "image_url": Text(nullable=True),
    "location": Choice(("new", "later", "archive", "feed")),
    "category": Choice(CATEGORIES),
    "tags": Names(),
    "notes": Text(),
}
SAVABLE: dict[str, Field] = {
    **_COMMON,
    "url": Text(blank=False),
    "html": Text(nullable=True),
    "should_clean_html": Flag(),
    "saved_using": Text(nullable=True),
}
UPDATABLE: dict[str, Field] = {**_COMMON, "seen": Flag()}


class ReaderApi:
    """The v3 endpoints over a library."""

    def __init__(self, library: Library, storage: Storage | None = None) -> None:
        self.library = library
        self._storage = storage or Storage(library)

    def routes(self) -> tuple[Route, ...]:
        """Every endpoint of the document, and bulk_update of newer ones."""
        return (
            Route("/v3/save", {"POST": self.save}, "reader.save"),
            Route("/v3/list", {"GET": self.documents}, "reader"),
            Route("/v3/update/([^/]+)", {"PATCH": self.update}, "reader.update"),
            Route("/v3/bulk_update", {"PATCH": self.bulk_update}, "reader.update"),
            Route("/v3/delete/([^/]+)", {"DELETE": self.delete}, "reader"),
            Route("/v3/tags", {"GET": self.tags}, "reader"),
        )

    def save(self, request: Request) -> Reply:
        """POST save/: 201 for a new document; 200 for a known address, which goes back to the inbox."""
        fields = checked(request.data(), SAVABLE, ("url",))
        html = fields.pop("html", None)
        if html and len(html) > _LARGEST_HTML:
            raise Refusal(413, {"detail": "Request entity too large."})
        if html and fields.get("should_clean_html") is False and not (fields.get("title") and fields.get("author")):
            raise Refusal(400, {"non_field_errors": ["title and author are required if html is not to be cleaned."]})
        url = fields.pop("url")
        known = next((doc for doc in self.library.documents.values() if doc.source_url == url), None)
        if known is not None:
            self.library.move_reader_document(known.id, "new")
        document = known or self._add(url, html, fields)
        body = {"id": document.id, "url": f"https://read.readwise.io/new/read/{document.id}"}
        return Reply(200 if known else 201, body)

    def _add(self, url: str, html: str | None, fields: dict[str, Any]) -> ReaderDocument:
        site = urlsplit(url)
        guessed = site.path.rstrip("/").rpartition("/")[2] or site.netloc or url
        document = self.library.add_reader_document(
            fields.get("title") or guessed,
            author=fields.get("author") or site.hostname,
            source=fields.get("saved_using") or "Reader add from import URL",
            category=fields.get("category", "article") if not html else "article",
            location=self._location(fields.get("location", "new")),
            source_url=url,
        )
        document.site_name = site.hostname
        document.html_content = html or f"<p>{guessed}</p>"
        _apply(document, {name: fields[name] for name in ("summary", "image_url", "notes") if name in fields})
        self.library.edit_reader_document(document.id, tags=fields.get("tags", []))
        document.published_date = _day(fields.get("published_date"))
        return document

    def documents(self, request: Request) -> Reply:
        """GET list/: documents, highlights and comments alike, newest first, filtered."""
        found = self._matching(request)
        rest = found if request.value("pageCursor") is None else self._beyond(request, found)
        size = _limit(request)
        page = rest[:size]
        body = {
            "count": min(len(found), _MOST),
            "nextPageCursor": page[-1].id if len(rest) > len(page) else None,
            "results": [document_shape(one, request, self._storage.link(one, request)) for one in page],
        }
        return Reply(200, body)

    def _matching(self, request: Request) -> list[ReaderDocument]:
        found = sorted(self.library.documents.values(), key=_place, reverse=True)
        wanted, after = request.value("id"), _after(request)
        tags = request.values("tag")
        if len(tags) > _MOST_TAGS:
            raise Refusal(400, {"tag": ["At most 5 tags may be given."]})
        for name, allowed in (("location", LOCATIONS), ("category", CATEGORIES)):
            choice = request.value(name)
            if choice is not None and choice not in allowed:
                raise Refusal(400, {name: [f'"{choice}" is not a valid choice.']})
            found = [doc for doc in found if choice in (None, getattr(doc, name))]
        return [
            doc
            for doc in found
            if wanted in (None, doc.id) and (after is None or doc.updated_at > after) and _has_tags(doc, tags)
        ]

    def _beyond(self, request: Request, found: list[ReaderDocument]) -> list[ReaderDocument]:
        """Return what comes after the document a cursor names, even if that was deleted in the meantime."""
        cursor = request.value("pageCursor") or ""
        known = self.library.documents.get(cursor)
        made = known.created_at if known else self.library.gone.get(cursor)
        if made is None:
            raise Refusal(400, {"pageCursor": ["Invalid cursor."]})
        return [doc for doc in found if _place(doc) < (made, cursor)]

    def update(self, request: Request, document_id: str) -> Reply:
        """PATCH update/<id>/: only what is sent changes; tags replace the whole set."""
        document = self._updatable(document_id)
        self._change(document, checked(request.data(), UPDATABLE))
        return Reply(200, _receipt(document))

    def bulk_update(self, request: Request) -> Reply:
        """PATCH bulk_update/: up to 50 updates, all or none. What it answers is a guess."""
        updates = request.data().get("updates")
        if not isinstance(updates, list) or not updates:
            raise Refusal(400, {"updates": ["This field is required."]})
        if len(updates) > _MOST_UPDATES:
            raise Refusal(400, {"updates": [f"Ensure this field has no more than {_MOST_UPDATES} elements."]})
        trouble = [faults_in(update, {**UPDATABLE, "id": Text(blank=False)}, ("id",)) for update in updates]
        if any(trouble):
            raise Refusal(400, {"updates": trouble})
        documents = [self._updatable(update["id"]) for update in updates]
        for document, update in zip(documents, updates, strict=True):
            self._change(document, readings(update, UPDATABLE))
        return Reply(200, {"results": [_receipt(document) for document in documents]})

    def delete(self, _request: Request, document_id: str) -> Reply:
        """DELETE delete/<id>/: gone without a trace, its highlights and comments too."""
        if document_id not in self.library.documents:
            raise not_found()
        self.library.delete_reader_document(document_id)
        return Reply(204)

    def tags(self, request: Request) -> Reply:
        """GET tags/: every tag of a document, by key."""
        names = {tag_key(name): name for doc in self.library.documents.values() for name in doc.tags}
        keys = [key for key in sorted(names) if key > (request.value("pageCursor") or "")]
        body = {
            "count": len(names),
            "nextPageCursor": keys[_PAGE - 1] if len(keys) > _PAGE else None,
            "results": [{"key": key, "name": names[key]} for key in keys[:_PAGE]],
        }
        return Reply(200, body)

    def _updatable(self, document_id: str) -> ReaderDocument:
        document = self.library.documents.get(document_id)
        if document is None:
            raise not_found()
        if document.category in ("highlight", "note"):
            raise Refusal(400, [f"Updating '{document.category}' documents is not supported."])
        return document

    def _change(self, document: ReaderDocument, sent: dict[str, Any]) -> None:
        fields = self.library.trimmed(sent)
        if "tags" in fields:
            fields["tags"] = list(dict.fromkeys(map(self.library.spelled, fields["tags"])))
        if "seen" in fields:
            self._see(document, seen=fields.pop("seen"))
        if "location" in fields:
            self.library.move_reader_document(document.id, self._location(fields.pop("location")))
        if "published_date" in fields:
            fields["published_date"] = _day(fields["published_date"])
        self.library.edit_reader_document(document.id, **fields)

    def _see(self, document: ReaderDocument, *, seen: bool) -> None:
        if seen:
            self.library.open_reader_document(document.id)
        else:
            document.first_opened_at = document.last_opened_at = None

    def _location(self, wanted: str) -> str:
        """Return the location asked for, or the default if the user has switched that one off."""
        return "new" if wanted in self.library.quirks.locations_off else wanted


def _apply(document: ReaderDocument, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(document, name, value)


def _receipt(document: ReaderDocument) -> dict[str, str]:
    return {"id": document.id, "url": READ_URL + document.id}


def _place(document: ReaderDocument) -> tuple[datetime, str]:
    return document.created_at, document.id


def _has_tags(document: ReaderDocument, wanted: list[str]) -> bool:
    """Whether a document has every wanted tag; the empty tag wants it to have none."""
    keys = {tag_key(name) for name in document.tags}
    return all(key in keys if key else not keys for key in wanted)


def _after(request: Request) -> datetime | None:
    text = request.value("updatedAfter")
    try:
        return None if text is None else instant(text)
    except ValueError:
        raise Refusal(400, {"updatedAfter": ["Enter a valid date/time."]}) from None


def _limit(request: Request) -> int:
    limit = request.number("limit")
    if limit is not None and not 1 <= limit <= _PAGE:
        raise Refusal(400, {"limit": [f"Ensure this value is between 1 and {_PAGE}."]})
    return limit or _PAGE


def _day(when: datetime | None) -> str | None:
    return None if when is None else when.date().isoformat()
