"""The other endpoints of linkding: files of bookmarks, tags, bundles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email import message_from_bytes

from vaultsync.simulator.exchange import Refusal, Reply, Request, Route
from vaultsync.simulator.fields import Field, checked
from vaultsync.simulator.linkding_account import LinkdingAccount
from vaultsync.simulator.linkding_fields import Trimmed
from vaultsync.simulator.linkding_lists import found, paged
from vaultsync.simulator.linkding_records import Asset, Bundle
from vaultsync.simulator.linkding_shapes import asset_shape, bundle_shape, tag_shape

_SCOPE = "linkding"
_TAG: Mapping[str, Field] = {"name": Trimmed(longest=64, blank=False)}
_WORDS = ("search", "any_tags", "all_tags", "excluded_tags", "filter_unread", "filter_shared")
_BUNDLE: Mapping[str, Field] = {"name": Trimmed(longest=256, blank=False)} | {name: Trimmed() for name in _WORDS}


_FILENAME = re.compile(rb'filename="((?:[^"\\]|\\.)*)"')


def _unquoted(found: re.Match[bytes] | None) -> str:
    return re.sub(r"\\(.)", r"\1", found[1].decode()) if found else ""


class AssetApi:
    """Files kept with bookmarks."""

    def __init__(self, account: LinkdingAccount) -> None:
        self.account = account

    def routes(self) -> tuple[Route, ...]:
        """Every endpoint of files."""
        files = "/api/bookmarks/([^/.]+)/assets/"
        return (
            Route(files, {"GET": self.assets}, _SCOPE),
            Route(f"{files}upload/", {"POST": self.upload}, _SCOPE),
            Route(f"{files}([^/.]+)/", {"GET": self.detail, "DELETE": self.delete}, _SCOPE),
            Route(f"{files}([^/.]+)/download/", {"GET": self.download}, _SCOPE),
        )

    def assets(self, request: Request, bookmark: str) -> Reply:
        """GET bookmarks/<id>/assets/."""
        id_ = found(self.account.bookmarks, bookmark, "Bookmark").id
        rows = [asset for asset in self.account.assets.values() if asset.bookmark == id_]
        return paged(request, rows, asset_shape, self.account.quirks.host)

    def upload(self, request: Request, bookmark: str) -> Reply:
        """POST bookmarks/<id>/assets/upload/: one file, as a form sends it."""
        home = found(self.account.bookmarks, bookmark, "Bookmark")
        kind = request.headers.get("content-type", "")
        parts = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body).walk()
        part = next((part for part in parts if part.get_param("name", header="content-disposition") == "file"), None)
        if part is None:
            raise Refusal(400, {"error": "No file provided."})
        content = part.get_payload(decode=True)
        # Names come as UTF-8, which mail never had there.
        name = _FILENAME.search(request.body)
        assert isinstance(content, bytes), "a file has no parts"
        return Reply(201, asset_shape(self.account.keep(home.id, _unquoted(name), content, part.get_content_type())))

    def detail(self, _request: Request, bookmark: str, id_: str) -> Reply:
        """GET bookmarks/<id>/assets/<asset>/."""
        return Reply(200, asset_shape(self._one(bookmark, id_)))

    def download(self, _request: Request, bookmark: str, id_: str) -> Reply:
        """GET bookmarks/<id>/assets/<asset>/download/: the file itself, and not how long it is."""
        asset = self._one(bookmark, id_)
        if asset.status != "complete":
            raise Refusal(404, {"detail": "Asset file does not exist"})
        name = ("Content-Disposition", f'attachment; filename="{asset.display_name}"')
        return Reply(200, asset.content, (name,), asset.content_type, unsized=True)

    def delete(self, _request: Request, bookmark: str, id_: str) -> Reply:
        """DELETE bookmarks/<id>/assets/<asset>/."""
        del self.account.assets[self._one(bookmark, id_).id]
        return Reply(204)

    def _one(self, bookmark: str, id_: str) -> Asset:
        home = found(self.account.bookmarks, bookmark, "Bookmark").id
        return found(
            {key: one for key, one in self.account.assets.items() if one.bookmark == home}, id_, "BookmarkAsset"
        )


class LinkdingTagApi:
    """The account's tags."""

    def __init__(self, account: LinkdingAccount) -> None:
        self.account = account

    def routes(self) -> tuple[Route, ...]:
        """List, create, detail, delete."""
        return (
            Route("/api/tags/", {"GET": self.tags, "POST": self.create}, _SCOPE),
            Route("/api/tags/([^/.]+)/", {"GET": self.detail, "DELETE": self.delete}, _SCOPE),
        )

    def tags(self, request: Request) -> Reply:
        """GET tags/."""
        return paged(request, list(self.account.tags.values()), tag_shape, self.account.quirks.host)

    def create(self, request: Request) -> Reply:
        """POST tags/: one that is there already is answered as if it were new. Blanks and commas stay, here."""
        name = str(checked(request.data(), _TAG, ("name",))["name"])
        return Reply(201, tag_shape(self.account.made_tag(name)))

    def detail(self, _request: Request, id_: str) -> Reply:
        """GET tags/<id>/."""
        return Reply(200, tag_shape(found(self.account.tags, id_, "Tag")))

    def delete(self, _request: Request, id_: str) -> Reply:
        """DELETE tags/<id>/, from 1.46 on."""
        self.account.delete_tag(found(self.account.tags, id_, "Tag").id)
        return Reply(204)


class BundleApi:
    """Searches that are kept."""

    def __init__(self, account: LinkdingAccount) -> None:
        self.account = account

    def routes(self) -> tuple[Route, ...]:
        """List, create, detail, change, delete."""
        one = {"GET": self.detail, "PUT": self.change, "PATCH": self.change, "DELETE": self.delete}
        return (
            Route("/api/bundles/", {"GET": self.bundles, "POST": self.create}, _SCOPE),
            Route("/api/bundles/([^/.]+)/", one, _SCOPE),
        )

    def bundles(self, request: Request) -> Reply:
        """GET bundles/."""
        return paged(request, list(self.account.bundles.values()), bundle_shape, self.account.quirks.host)

    def create(self, request: Request) -> Reply:
        """POST bundles/."""
        given = checked(request.data(), _BUNDLE, ("name",))
        now, order = self.account.now(), len(self.account.bundles)
        id_ = self.account.new_id("bundle")
        bundle = Bundle(id=id_, date_created=now, date_modified=now, order=order, **given)
        self.account.bundles[id_] = bundle
        return Reply(201, bundle_shape(bundle))

    def detail(self, _request: Request, id_: str) -> Reply:
        """GET bundles/<id>/."""
        return Reply(200, bundle_shape(found(self.account.bundles, id_, "Bundle")))

    def change(self, request: Request, id_: str) -> Reply:
        """PUT or PATCH bundles/<id>/."""
        bundle = found(self.account.bundles, id_, "Bundle")
        for name, value in checked(request.data(), _BUNDLE).items():
            setattr(bundle, name, value)
        bundle.date_modified = self.account.now()
        return Reply(200, bundle_shape(bundle))

    def delete(self, _request: Request, id_: str) -> Reply:
        """DELETE bundles/<id>/."""
        del self.account.bundles[found(self.account.bundles, id_, "Bundle").id]
        return Reply(204)
