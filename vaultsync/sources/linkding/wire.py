"""What linkding sends, field by field, and how a page of it is taken apart. No I/O.

Everything but the id may be null or missing, whatever the documents say (https://linkding.link/api): fields came and
went with its versions. Keys that are not named here are ignored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from vaultsync.hookspecs import Problem
from vaultsync.sources.fields import Flag, Id, Moment, Text, Whole
from vaultsync.sources.lenient import Lenient, loose_json


class Bookmark(msgspec.Struct, gc=False):
    """A bookmark, in a list or asked for by its id. website_title, website_description: null since 1.35."""

    id: Id
    url: Text = None
    title: Text = None
    description: Text = None
    notes: Text = None
    web_archive_snapshot_url: Text = None
    favicon_url: Text = None
    preview_image_url: Text = None
    is_archived: Flag = None
    unread: Flag = None
    shared: Flag = None
    # One odd name among them must not cost the others.
    tag_names: list[Any] | None = None
    date_added: Moment = None
    date_modified: Moment = None
    website_title: Text = None
    website_description: Text = None


class _Head(msgspec.Struct, gc=False):
    id: Id
    date_modified: Moment = None


class _Envelope(msgspec.Struct, gc=False):
    results: list[msgspec.Raw]
    count: int


class Asset(msgspec.Struct, gc=False):
    """A file of a bookmark. file_size: of the compressed file, in bytes."""

    id: Id
    display_name: Text = None
    content_type: Text = None
    file_size: Whole = None
    asset_type: Text = None
    status: Text = None


class Assets(msgspec.Struct, gc=False):
    """A page of a bookmark's files. count: of all it has."""

    rows: list[Asset] = msgspec.field(name="results")
    count: int


class _Checked(msgspec.Struct, gc=False):
    bookmark: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Row:
    """One result of a page, read as far as decides whether to read the rest.

    id: None if it has none. modified: by linkding's clock. problems: why it has no id.
    """

    id: int | None
    modified: datetime | None
    raw: bytes
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of a list. count: of all rows the list had when it was asked."""

    rows: tuple[Row, ...]
    count: int


_ENVELOPES = msgspec.json.Decoder(_Envelope)
_HEADS = msgspec.json.Decoder(_Head)
_BOOKMARKS = msgspec.json.Decoder(Bookmark)
_CHECKS = msgspec.json.Decoder(_Checked)
_ASSETS = msgspec.json.Decoder(Assets)
_ASSET = msgspec.json.Decoder(Asset)
_LENIENT = Lenient()
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def answer(body: bytes) -> Answer:
    """Take a page apart. Raises ValueError if it is none.

    Only the seams are looked for here, so a damaged result spoils itself alone.
    """
    try:
        page = _ENVELOPES.decode(body)
    except _UNREADABLE:
        page = _loosely(body)
    return Answer(tuple(_row(bytes(raw)) for raw in page.results), page.count)


def bookmark(raw: bytes) -> tuple[Bookmark | None, tuple[Problem, ...]]:
    """Read a bookmark, and what had to be mended in it; None if it doesn't say whose it is."""
    try:
        return _BOOKMARKS.decode(raw), ()
    except _UNREADABLE:
        return _LENIENT.read(raw, Bookmark)


def assets(body: bytes) -> Assets:
    """Read a page of a bookmark's files. Raises ValueError if it is none."""
    return _ASSETS.decode(body)


def asset(body: bytes) -> Asset:
    """Read one file of a bookmark. Raises ValueError if it is none."""
    return _ASSET.decode(body)


def checked(body: bytes) -> Bookmark | None:
    """The bookmark an answer to check/ names, None if it names none. Raises ValueError if it is no such answer."""
    raw = bytes(_CHECKS.decode(body).bookmark)
    if raw.strip() == b"null":
        return None
    found, _problems = bookmark(raw)
    if found is None:
        raise ValueError("it does not say which bookmark that is")
    return found


def _row(raw: bytes) -> Row:
    try:
        head = _HEADS.decode(raw)
    except _UNREADABLE:
        mended, problems = _LENIENT.read(raw, _Head)
        if mended is None:
            return Row(None, None, raw, problems)
        head = mended
    return Row(head.id, head.date_modified, raw)


def _loosely(body: bytes) -> _Envelope:
    """Read a page with the lenient reader, for lone surrogates and the like."""
    data = loose_json(body)
    if not isinstance(data, dict) or not isinstance(data.get("results"), list) or type(data.get("count")) is not int:
        raise ValueError("not a page: it has no results, or no count of them")
    return _Envelope([msgspec.Raw(json.dumps(one).encode()) for one in data["results"]], data["count"])
