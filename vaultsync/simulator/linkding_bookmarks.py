"""The bookmark endpoints of linkding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from vaultsync.simulator.exchange import Refusal, Reply, Request, Route
from vaultsync.simulator.linkding_account import LinkdingAccount
from vaultsync.simulator.linkding_fields import checked_bookmark
from vaultsync.simulator.linkding_lists import Search, found, paged
from vaultsync.simulator.linkding_records import Bookmark
from vaultsync.simulator.linkding_shapes import bookmark_shape

_SCOPE = "linkding"
_FORM = "application/x-www-form-urlencoded"
# What a bookmark loses when it is posted again without it.
_EMPTY: Mapping[str, Any] = {"title": "", "description": "", "notes": "", "unread": False, "shared": False}


class BookmarkApi:
    """Lists, details and changes of bookmarks."""

    def __init__(self, account: LinkdingAccount) -> None:
        self.account = account
        self._search = Search(account)

    def routes(self) -> tuple[Route, ...]:
        """Every endpoint of bookmarks but those of their files."""
        one = {"GET": self.detail, "PUT": self.put, "PATCH": self.patch, "DELETE": self.delete}
        return (
            Route("/api/bookmarks/", {"GET": self.active, "POST": self.create}, _SCOPE),
            Route("/api/bookmarks/archived/", {"GET": self.archived}, _SCOPE),
            Route("/api/bookmarks/shared/", {"GET": self.shared}, _SCOPE),
            Route("/api/bookmarks/check/", {"GET": self.check}, _SCOPE),
            Route("/api/bookmarks/([^/.]+)/", one, _SCOPE),
            Route("/api/bookmarks/([^/.]+)/archive/", {"POST": self.archive}, _SCOPE),
            Route("/api/bookmarks/([^/.]+)/unarchive/", {"POST": self.unarchive}, _SCOPE),
        )

    def active(self, request: Request) -> Reply:
        """GET bookmarks/: those that are not archived."""
        return self._listed(request, [one for one in self.account.bookmarks.values() if not one.is_archived])

    def archived(self, request: Request) -> Reply:
        """GET bookmarks/archived/."""
        return self._listed(request, [one for one in self.account.bookmarks.values() if one.is_archived])

    def shared(self, request: Request) -> Reply:
        """GET bookmarks/shared/: nothing, unless sharing is switched on, which here it never is."""
        return self._listed(request, [])

    def detail(self, _request: Request, id_: str) -> Reply:
        """GET bookmarks/<id>/, archived or not."""
        return Reply(200, self._shape(self._one(id_)))

    def create(self, request: Request) -> Reply:
        """POST bookmarks/: a known address is overwritten, and the answer is 201 too."""
        given = checked_bookmark(_data(request), whole=True)
        known = self.account.known(given["url"])
        if known is None:
            made = self.account.add(given.pop("url"), **given)
        else:
            kept = {name: given.get(name, empty) for name, empty in _EMPTY.items()}
            made = self.account.edit(known.id, tag_names=given.get("tag_names", []), **kept)
        if not request.values("disable_scraping"):
            self._scrape(made)
        return Reply(201, self._shape(made))

    def put(self, request: Request, id_: str) -> Reply:
        """PUT bookmarks/<id>/: like PATCH, but that it needs the address."""
        return self._changed(request, id_, whole=True)

    def patch(self, request: Request, id_: str) -> Reply:
        """PATCH bookmarks/<id>/."""
        return self._changed(request, id_, whole=False)

    def delete(self, _request: Request, id_: str) -> Reply:
        """DELETE bookmarks/<id>/."""
        self.account.delete(self._one(id_).id)
        return Reply(204)

    def archive(self, _request: Request, id_: str) -> Reply:
        """POST bookmarks/<id>/archive/."""
        self.account.archive(self._one(id_).id)
        return Reply(204)

    def unarchive(self, _request: Request, id_: str) -> Reply:
        """POST bookmarks/<id>/unarchive/."""
        self.account.archive(self._one(id_).id, archived=False)
        return Reply(204)

    def check(self, request: Request) -> Reply:
        """GET bookmarks/check/?url=: what is known of an address, and what its page says."""
        url = request.value("url")
        known = self.account.known(url) if url else None
        title, description = self.account.quirks.web.get(url or "", (None, None))
        body = {
            "bookmark": self._shape(known) if known else None,
            "metadata": {"url": url, "title": title, "description": description, "preview_image": None},
            "auto_tags": self.account.auto_tags(url) if url else [],
        }
        return Reply(200, body)

    def _listed(self, request: Request, rows: list[Bookmark]) -> Reply:
        int(request.value("bundle") or 0)  # linkding looks no closer than this, and fails
        return paged(request, self._search.found(request, rows), self._shape, self.account.quirks.host)

    def _changed(self, request: Request, id_: str, *, whole: bool) -> Reply:
        bookmark = self._one(id_)
        given: Any = checked_bookmark(_data(request), whole=whole)
        other = self.account.known(given["url"]) if "url" in given else None
        if other is not None and other is not bookmark:
            raise Refusal(400, {"url": ["A bookmark with this URL already exists."]})
        return Reply(200, self._shape(self.account.edit(bookmark.id, **given)))

    def _scrape(self, bookmark: Bookmark) -> None:
        """Fill what is empty from the web page."""
        title, description = self.account.quirks.web.get(bookmark.url, ("", ""))
        bookmark.title = bookmark.title or title
        bookmark.description = bookmark.description or description

    def _one(self, id_: str) -> Bookmark:
        return found(self.account.bookmarks, id_, "Bookmark")

    def _shape(self, bookmark: Bookmark) -> dict[str, Any]:
        return bookmark_shape(bookmark, self.account.tag_names(bookmark))


def _data(request: Request) -> dict[str, Any]:
    """What was sent, as JSON or as a form; in a form a list is a field given more than once."""
    data = request.data()
    if request.headers.get("content-type", "").startswith(_FORM) and "tag_names" in data:
        data["tag_names"] = parse_qs(request.body.decode())["tag_names"]
    return data
