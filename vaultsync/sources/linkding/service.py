"""Put one question or one change at a time to linkding, and read what it answers. https://linkding.link/api.

Every address ends in a slash: without one a change is redirected, and stored nowhere though the answer is 200.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from vaultsync.budget import Budget
from vaultsync.errors import UnexpectedReply
from vaultsync.http import Http, Reply
from vaultsync.sources.linkding import wire
from vaultsync.sources.linkding.wire import Answer, Bookmark

_LISTS = {"bookmarks": "api/bookmarks/", "archived": "api/bookmarks/archived/"}
# It has no limits. One request at a time is what spares a small server.
_PER_MINUTE = 100_000


class Service:
    """A linkding server. None stands for a bookmark it no longer has. budget: what requests count against."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self.budget = Budget("linkding", _PER_MINUTE)

    def listed(self, place: str, since: str | None, offset: int, limit: int) -> Answer:
        """A page of a list: "bookmarks" or "archived". since: only what changed later than this."""
        changed = [("modified_since", since)] if since else []
        params = [*changed, ("limit", str(limit)), ("offset", str(offset))]

        def decode(body: bytes) -> Answer:
            answer = wire.answer(body)
            if len(answer.rows) < min(limit, answer.count - offset):
                raise ValueError("rows are missing from the page")
            return answer

        return self._http.read(_LISTS[place], params, budget=self.budget, decode=decode)

    def check_token(self) -> None:
        """Ask for something small that is in every version, and of which an answer can be told from a login page."""
        self._http.read(_LISTS["bookmarks"], [("limit", "1")], budget=self.budget, decode=wire.answer)

    def bookmark(self, id_: str) -> Bookmark | None:
        """Ask how a bookmark is now."""
        try:
            return self._http.read(path_of(id_), budget=self.budget, decode=lambda body: _told(body, id_))
        except UnexpectedReply as error:
            if error.status != 404:
                raise
            self.check_token()
            return None

    def patched(self, id_: str, changes: Mapping[str, Any]) -> Bookmark | None:
        """Change some fields of a bookmark, and return how it is then. PATCH in every version leaves the others."""
        reply = self.change("PATCH", path_of(id_), changes)
        if reply is None:
            return None
        try:
            return _told(reply.body, id_)
        except ValueError:
            return self.bookmark(id_)  # it was done, but what came back is no answer to it

    def moved(self, id_: str, *, to_archive: bool) -> Bookmark | None:
        """Archive a bookmark or take it out of the archive, and return how it is then."""
        verb = "archive" if to_archive else "unarchive"
        reply = self.change("POST", f"{path_of(id_)}{verb}/")
        return None if reply is None else self.bookmark(id_)

    def deleted(self, id_: str) -> None:
        """Delete a bookmark."""
        self.change("DELETE", path_of(id_))

    def known(self, url: str) -> Bookmark | None:
        """Ask for the bookmark of an address, however that is spelled. It loads the page to answer."""
        path = f"api/bookmarks/check/?{urlencode({'url': url})}"
        return self._http.read(path, budget=self.budget, decode=wire.checked)

    def created(self, fields: Mapping[str, Any]) -> None:
        """Make a bookmark of an address it does not know: of one it knows this would overwrite all fields.

        For the same reason asking twice is the same as once. Titles are not to be filled in from the page.
        """
        self.change("POST", f"{_LISTS['bookmarks']}?disable_scraping", fields)

    def saved(self, fields: Mapping[str, Any]) -> Bookmark:
        """Make a bookmark of an address it does not know, as `created`, but that it may look at the page for more."""
        url = fields["url"]
        try:
            reply = self._http.send("POST", _LISTS["bookmarks"], fields, budget=self.budget, idempotent=True)
        except UnexpectedReply as error:
            said = f"{error.message} {url} was not saved."
            raise UnexpectedReply(said, source=error.source, status=error.status, hint=error.hint) from error
        made, _problems = wire.bookmark(reply.body)
        if made is None:
            said = f"linkding: {url} was saved, but the answer does not say as what."
            raise UnexpectedReply(said, source="linkding", hint="Look for it in linkding.")
        return made

    def change(self, method: str, path: str, json: Mapping[str, Any] | None = None) -> Reply | None:
        """Send a change. None if what it is about is gone. Raises SourceError, UnexpectedReply if it is refused."""
        try:
            return self._http.send(method, path, json, budget=self.budget, idempotent=True)
        except UnexpectedReply as error:
            if error.status == 404:
                # Believed if it is linkding that speaks: something in between may answer so to everything.
                self.check_token()
                return None
            raise UnexpectedReply(
                f"{error.message} It changed nothing there.",
                source=error.source,
                status=error.status,
                hint="Write it in the note as linkding takes it, or put back what stood there.",
            ) from error


def path_of(id_: str) -> str:
    """The address of a bookmark."""
    return f"api/bookmarks/{id_}/"


def _told(body: bytes, id_: str) -> Bookmark:
    """Read one bookmark. Raises ValueError if it is not the one that was asked for."""
    bookmark, _problems = wire.bookmark(body)
    if bookmark is None or str(bookmark.id) != id_:
        raise ValueError("not what was asked for")
    return bookmark
