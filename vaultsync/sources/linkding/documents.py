"""Read a record as the document that templates see. Pure.

`location` and `view` are words of Reader's, and are used where linkding means the same: what is archived is in
"archive", what is marked unread waits in the "inbox". Its own flags are in `extra`, by its own names.
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from vaultsync.model import Document
from vaultsync.sources.linkding.record import KEY, KeptBookmark, opened

CATEGORY = "bookmarks"
ARCHIVE = "archive"


def document(record: bytes, base_url: str) -> Document:
    """Read a record. base_url: where linkding is, as vaultsync.toml says."""
    kept = opened(record)
    return Document(
        id=f"{KEY}{kept.id}",
        # As linkding shows it: by the title it was given, that of the page, or its address.
        title=kept.title or kept.website_title or kept.url,
        category=CATEGORY,
        source="linkding",
        url=kept.url,
        service_url=page_of(kept.id, base_url),
        cover=at_home(kept.preview, base_url),
        summary=kept.description,
        note=kept.notes,
        tags=kept.tags,
        created=kept.added,
        updated=kept.modified,
        location=ARCHIVE if kept.is_archived else "",
        view=_view(kept),
        site_name=_host(kept.url),
        deleted=kept.gone,
        extra={
            "unread": kept.unread,
            "shared": kept.shared,
            "is_archived": kept.is_archived,
            "web_archive_snapshot_url": kept.snapshot,
            "favicon_url": at_home(kept.favicon, base_url),
            "website_title": kept.website_title,
            "website_description": kept.website_description,
        },
    )


def page_of(id_: int, base_url: str) -> str:
    """Where a bookmark is shown: its one address that is the same in all versions.

    >>> page_of(7, "https://example.org/links/")
    'https://example.org/links/bookmarks/7/edit'
    """
    return f"{base_url.rstrip('/')}/bookmarks/{id_}/edit"


def at_home(url: str, base_url: str) -> str:
    """An address of linkding's own files, as it can be reached.

    linkding makes them from the Host header, which a proxy in front of it may have changed.

    >>> at_home("http://127.0.0.1:9090/links/static/a.png", "https://example.org/links")
    'https://example.org/links/static/a.png'
    """
    try:
        there, home = urlsplit(url), urlsplit(base_url)
    except ValueError:
        return ""
    if not there.path.startswith(f"{home.path.rstrip('/')}/static/"):
        return url
    return urlunsplit((home.scheme, home.netloc, there.path, there.query, ""))


def _view(kept: KeptBookmark) -> str:
    return "archive" if kept.is_archived else "inbox" if kept.unread else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
