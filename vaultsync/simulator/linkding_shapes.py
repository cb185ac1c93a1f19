"""How linkding writes what it holds as JSON. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from vaultsync.simulator.linkding_records import Asset, Bookmark, Bundle, LinkdingTag


def moment(when: datetime) -> str:
    """Write a time: microseconds and Z, whole seconds without a fraction."""
    return when.isoformat().removesuffix("+00:00") + "Z"


def bookmark_shape(one: Bookmark, tag_names: list[str]) -> dict[str, Any]:
    """A bookmark, in lists and details alike. An address in the web archive is made up if none is known."""
    archive = f"https://web.archive.org/web/{one.date_added:%Y%m%d%H%M%S}/{one.url}"
    return {
        "id": one.id,
        "url": one.url,
        "title": one.title,
        "description": one.description,
        "notes": one.notes,
        "web_archive_snapshot_url": one.web_archive_snapshot_url or archive,
        "favicon_url": one.favicon_url,
        "preview_image_url": one.preview_image_url,
        "is_archived": one.is_archived,
        "unread": one.unread,
        "shared": one.shared,
        "tag_names": tag_names,
        "date_added": moment(one.date_added),
        "date_modified": moment(one.date_modified),
        "website_title": one.website_title,
        "website_description": one.website_description,
    }


def tag_shape(tag: LinkdingTag) -> dict[str, Any]:
    """A tag."""
    return {"id": tag.id, "name": tag.name, "date_added": moment(tag.date_added)}


def asset_shape(asset: Asset) -> dict[str, Any]:
    """A file, without what is in it."""
    return {
        "id": asset.id,
        "bookmark": asset.bookmark,
        "date_created": moment(asset.date_created),
        "file_size": asset.file_size,
        "asset_type": asset.asset_type,
        "content_type": asset.content_type,
        "display_name": asset.display_name,
        "status": asset.status,
    }


def bundle_shape(bundle: Bundle) -> dict[str, Any]:
    """A bundle; its times come last."""
    shape: dict[str, Any] = {
        name: getattr(bundle, name) for name in msgspec.structs.asdict(bundle) if not name.startswith("date_")
    }
    return shape | {"date_created": moment(bundle.date_created), "date_modified": moment(bundle.date_modified)}


def profile_shape(version: str) -> dict[str, Any]:
    """What its user prefers, as it is at first."""
    return {
        "theme": "auto",
        "bookmark_date_display": "relative",
        "bookmark_link_target": "_blank",
        "web_archive_integration": "disabled",
        "tag_search": "strict",
        "enable_sharing": False,
        "enable_public_sharing": False,
        "enable_favicons": False,
        "display_url": False,
        "permanent_notes": False,
        "search_preferences": {},
        "version": version,
    }
