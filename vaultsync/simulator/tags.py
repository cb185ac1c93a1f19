"""Tags of highlights and of books in Readwise v2: two sets of endpoints that differ in little."""

from __future__ import annotations

from functools import partial

from vaultsync.simulator.exchange import Reply, Request, Route, listed, not_found
from vaultsync.simulator.fields import Text, checked
from vaultsync.simulator.library import Library
from vaultsync.simulator.readwise_shapes import tag_shape
from vaultsync.simulator.records import Book, Highlight, Tag

_LONGEST_NAME = {"highlights": 127, "books": 512}


class TagApi:
    """The tag endpoints; an id is of one tag on one thing, so that deleting needs the id from there."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def routes(self) -> tuple[Route, ...]:
        """List, create, detail, rename and delete, once for highlights and once for books."""
        return tuple(route for kind in _LONGEST_NAME for route in self._routes_of(kind))

    def _routes_of(self, kind: str) -> tuple[Route, Route]:
        many = {"GET": partial(self.tags, kind), "POST": partial(self.create, kind)}
        one = {
            "GET": partial(self.detail, kind),
            "PATCH": partial(self.rename, kind),
            "DELETE": partial(self.delete, kind),
        }
        return (
            Route(rf"/v2/{kind}/(\d+)/tags", many, "readwise"),
            Route(rf"/v2/{kind}/(\d+)/tags/(\d+)", one, "readwise"),
        )

    def live_highlight(self, highlight_id: str) -> Highlight:
        """Find a highlight that is not deleted. Refused with 404."""
        try:
            highlight = self.library.highlight(int(highlight_id))
        except KeyError:
            raise not_found() from None
        if highlight.deleted:
            raise not_found()
        return highlight

    def live_book(self, book_id: str) -> Book:
        """Find a book that is not deleted. Refused with 404."""
        book = self.library.books.get(int(book_id))
        if book is None or book.deleted:
            raise not_found()
        return book

    def tags(self, kind: str, request: Request, thing_id: str) -> Reply:
        """GET <kind>/<id>/tags/: the usual page, or a bare list of a book's as one client has met."""
        rows = [tag_shape(tag) for tag in self._thing(kind, thing_id).tags]
        return Reply(200, rows) if kind == "books" and self.library.quirks.book_tags_bare else listed(request, rows)

    def detail(self, kind: str, _request: Request, thing_id: str, tag_id: str) -> Reply:
        """GET <kind>/<id>/tags/<tag>/."""
        return Reply(200, tag_shape(self._tag(self._thing(kind, thing_id), tag_id)))

    def create(self, kind: str, request: Request, thing_id: str) -> Reply:
        """POST <kind>/<id>/tags/: 200, not 201; what becomes of a name that is there already is a switch."""
        thing, name = self._thing(kind, thing_id), self._name(kind, request)
        if self.library.quirks.tags_repeat:
            tag = self.library.new_tag(name)
            thing.tags = [*thing.tags, tag]
        else:
            tag = self.library.tag(thing, name)
        self._moved(thing)
        return Reply(200, tag_shape(tag))

    def rename(self, kind: str, request: Request, thing_id: str, tag_id: str) -> Reply:
        """PATCH <kind>/<id>/tags/<tag>/."""
        thing = self._thing(kind, thing_id)
        tag = self._tag(thing, tag_id)
        tag.name = self.library.spelled(self._name(kind, request))
        self._moved(thing)
        return Reply(200, tag_shape(tag))

    def delete(self, kind: str, _request: Request, thing_id: str, tag_id: str) -> Reply:
        """DELETE <kind>/<id>/tags/<tag>/."""
        thing = self._thing(kind, thing_id)
        self.library.untag(thing, self._tag(thing, tag_id))
        self._moved(thing)
        return Reply(204)

    def _thing(self, kind: str, thing_id: str) -> Highlight | Book:
        return self.live_book(thing_id) if kind == "books" else self.live_highlight(thing_id)

    def _tag(self, thing: Highlight | Book, tag_id: str) -> Tag:
        found = next((tag for tag in thing.tags if tag.id == int(tag_id)), None)
        if found is None:
            raise not_found()
        return found

    def _name(self, kind: str, request: Request) -> str:
        fields = {"name": Text(longest=_LONGEST_NAME[kind], blank=False)}
        return str(checked(request.data(), fields, ("name",))["name"]).strip()

    def _moved(self, thing: Highlight | Book) -> None:
        """Move a book's `updated`; a highlight's stays, so its tags never show in an incremental export."""
        if isinstance(thing, Book):
            thing.updated = self.library.now()
