"""What linkding finds: one thing by its id, or a list, and the page of it. Offsets count rows as they are now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from vaultsync.simulator.exchange import Refusal, Reply, Request, not_found
from vaultsync.simulator.linkding_account import LinkdingAccount
from vaultsync.simulator.linkding_records import Bookmark
from vaultsync.simulator.times import instant

T = TypeVar("T")

_PAGE = 100


def paged(request: Request, rows: Sequence[T], shape: Callable[[T], dict[str, Any]], host: str) -> Reply:
    """Answer with the rows that were asked for. Any limit will do; what is none counts as 100."""
    limit = _number(request, "limit") or _PAGE
    offset = _number(request, "offset") or 0
    before = max(0, offset - limit)
    body = {
        "count": len(rows),
        "next": _elsewhere(request, host, limit, offset + limit) if offset + limit < len(rows) else None,
        "previous": _elsewhere(request, host, limit, before) if offset else None,
        "results": [shape(row) for row in rows[offset : offset + limit]],
    }
    return Reply(200, body)


def found(among: Mapping[int, T], id_: str, kind: str) -> T:
    """Find something by the id in an address. Refused with 404."""
    if not (id_.isascii() and id_.isdecimal()):
        raise not_found()
    if int(id_) not in among:
        raise Refusal(404, {"detail": f"No {kind} matches the given query."})
    return among[int(id_)]


def _number(request: Request, name: str) -> int | None:
    text = request.value(name) or ""
    return int(text) if text.isascii() and text.isdecimal() else None


def _elsewhere(request: Request, host: str, limit: int, offset: int) -> str:
    """The address of another page, made from what the client or a proxy calls this server."""
    given = dict(parse_qsl(request.query, keep_blank_values=True)) | {"limit": str(limit)}
    given.pop("offset", None)
    if offset:
        given["offset"] = str(offset)
    return f"http://{host or request.host}{request.path}?{urlencode(sorted(given.items()))}"


class Search:
    """What a list of bookmarks is asked for."""

    def __init__(self, account: LinkdingAccount) -> None:
        self._account = account
        self._asked = 0

    def found(self, request: Request, rows: list[Bookmark]) -> list[Bookmark]:
        """The bookmarks that are meant, in order."""
        for name in ("modified", "added"):
            after = self._after(request, f"{name}_since")
            rows = [row for row in rows if after is None or getattr(row, f"date_{name}") > after]
        if request.value("unread") in ("yes", "no"):
            rows = [row for row in rows if row.unread == (request.value("unread") == "yes")]
        return self._sorted(request, [row for row in rows if self._matches(row, request.value("q") or "")])

    def _after(self, request: Request, name: str) -> datetime | None:
        """A time that was asked for; what can't be read is as if nobody had asked."""
        text = request.value(name)
        if text is None or not self._account.quirks.knows_changes:
            return None
        try:
            return instant(text)
        except ValueError:
            return None

    def _matches(self, row: Bookmark, query: str) -> bool:
        """Whether a bookmark has every word of a query. Of expressions this knows only broken ones."""
        tags = [name.lower() for name in self._account.tag_names(row)]
        text = f"{row.title}\n{row.description}\n{row.notes}\n{row.url}".lower()
        if query.count("(") != query.count(")"):
            return False
        for word in query.lower().split():
            if word == "!untagged":
                fits = not tags
            elif word == "!unread":
                fits = row.unread
            else:
                fits = word[1:] in tags if word[0] == "#" else word in text
            if not fits:
                return False
        return True

    def _sorted(self, request: Request, rows: list[Bookmark]) -> list[Bookmark]:
        """Rows by the time they were added, unless another order is asked for. Nothing decides between equal ones."""
        if self._account.quirks.shuffled:
            self._asked += 1
            rows = sorted(rows, key=lambda row: (row.id * 7919 + self._asked * 104_729) % 1009)
        name, _, way = (request.value("sort") or "").partition("_")
        key = _KEYS.get(name) if way in ("asc", "desc") else None
        if key is None:
            return sorted(rows, key=_KEYS["added"], reverse=True)
        return sorted(rows, key=key, reverse=way == "desc")


_KEYS: dict[str, Callable[[Bookmark], Any]] = {
    "added": lambda row: row.date_added,
    "modified": lambda row: row.date_modified,
    "title": lambda row: (row.title or row.url).lower(),
}
