"""Every hook of the plugin host, typed, and the boundary a source stands behind. No I/O.

Hooks return values and mutate nothing. The host (host/plugins.py) calls each plugin on its own and folds the answers in
the order the plugins are named, so that one that fails is named and left out while the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, runtime_checkable

import msgspec
import pluggy

from vaultsync.model import Document

if TYPE_CHECKING:
    import click

    from vaultsync.http import Http

hookspec = pluggy.HookspecMarker("vaultsync")
hookimpl = pluggy.HookimplMarker("vaultsync")


class Problem(msgspec.Struct, frozen=True):
    """Something a source had to leave out or mend. about: a document or highlight as the user knows it."""

    about: str
    message: str


class Piece(msgspec.Struct, frozen=True):
    """What one answer of a service says about one document.

    key: whose it is, "<prefix>:<id>". joins: other keys of the same document, known from this answer.
    digest: of the bytes it came in, if they say all there is to say under this key; None if they say only what
    changed. body: the source's own business, read again only by its `absorb`.
    """

    key: str
    digest: bytes | None
    body: Any
    joins: tuple[str, ...] = ()


class Listing(msgspec.Struct, frozen=True):
    """A complete listing has ended with this page.

    prefix: of the keys it names, colon included. count: how many documents it had, in all its pages. names_all: the
    service keeps no tombstones, so a key that was not listed may be gone; ask `still_there` before believing it.
    """

    prefix: str
    count: int
    names_all: bool


class Page(msgspec.Struct, frozen=True):
    """One answer's worth of pieces.

    cursor: where to go on once these pieces are durable; opaque text. listed: every key the page named, changed or
    not (only of listings with names_all). unchanged: how many were skipped because their digest was known.
    label and done: for progress ("highlights", 1200 so far).
    """

    pieces: tuple[Piece, ...]
    cursor: str
    listed: tuple[str, ...] = ()
    listing: Listing | None = None
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()
    label: str = ""
    done: int = 0


class Fetch(msgspec.Struct, frozen=True):
    """What is wanted of a source.

    cursor: as the last page gave it, None at first. full: list everything again. only: keys, nothing else.
    known: digests of pieces already held; a piece whose digest is known need not be sent again.
    """

    cursor: str | None = None
    full: bool = False
    only: tuple[str, ...] = ()
    known: Collection[bytes] = msgspec.field(default=frozenset())


class Edit(msgspec.Struct, frozen=True):
    """One change wanted at a source.

    document: its id. owner: a highlight's id, "" for the document itself. field: of model.Highlight or model.Document,
    or "extra.NAME" for a truth value of its `extra`. before: what both sides last agreed on; after: what its user
    wrote. Tags are tuples, in the service's spelling; all else is text: dates as 2026-01-31, "true" and "false", no
    value as "".
    """

    document: str
    owner: str
    field: str
    before: str | tuple[str, ...]
    after: str | tuple[str, ...]


class Receipt(msgspec.Struct, frozen=True):
    """The source's answer to an edit. value: what the source holds now, in the note's spelling."""

    edit: Edit
    value: str | tuple[str, ...]


class Source(Protocol):
    """A reading service seen through its plugin.

    prefixes: what its keys begin with, before the colon. Records are bytes of the source's own making: vaultsync
    stores them and gives them back, nothing more.
    """

    name: str
    prefixes: tuple[str, ...]

    def pages(self, fetch: Fetch) -> Iterator[Page]:
        """Ask the service, page by page, each when the last one is dealt with. Raises SourceError."""

    def absorb(self, record: bytes | None, piece: Piece) -> bytes:
        """Return the record with what the piece says worked in. Pure."""

    def joined(self, record: bytes, other: bytes) -> bytes:
        """Make one record of two that turned out to be the same document. Pure."""

    def without(self, record: bytes, key: str) -> bytes:
        """Return the record when `key` is known to be gone at the service. Pure."""

    def document(self, record: bytes) -> Document:
        """Read a record. Pure."""

    def identity(self, record: bytes) -> str:
        """The id of a record's document; cheaper than reading all of it. Pure."""

    def wanted(self, document: Document) -> bool:
        """Whether the configuration asks for a note of this document. Pure."""

    def listable(self, document: Document) -> bool:
        """Whether a complete listing, as configured, would name this document. Pure."""

    def still_there(self, key: str) -> bool:
        """Ask the service whether it still has `key`. Raises SourceError."""

    def check_token(self) -> None:
        """Ask the service whether it takes the token. Raises AuthError or another SourceError."""

    def refusal(self, document: Document, edit: Edit) -> str:
        """Why an edit can't be sent, as a sentence that says what to do; "" if it can. Pure."""

    def command(self, edit: Edit) -> str:
        """Why the service would take an edit's text for a command, as a sentence; "" if it would not. Pure."""

    def refreshed(self, record: bytes, owner: str) -> bytes:
        """Ask how a highlight ("": the document itself) is now; the record with that worked in. Raises SourceError.

        What is gone is marked so. Whoever calls it compares the documents before and after, and decides.
        """

    def applied(self, record: bytes, edit: Edit) -> bytes:
        """Send one edit that is not refused; the record with the service's answer worked in. Raises SourceError.

        record: just refreshed. The answer may be another value than was sent, or still the old one.
        """

    def removed(self, record: bytes, owner: str) -> bytes:
        """Delete a highlight, or the document, at the service; the record without it. Raises SourceError."""

    def recreate(self, record: bytes, owner: str) -> None:
        """Make again what `removed` deleted; the service may give it another id. Raises SourceError.

        record: as it was before.
        """


class Save(msgspec.Struct, frozen=True):
    """An address to be saved at a source. location: in the service's words; html: the page, to be taken as it is.

    What is empty is left to the service. again: also if it has the address already; a service that can be asked first
    is changed then, but for what it says itself. A source raises ConfigError for what it has no place for.
    """

    url: str
    title: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    location: str = ""
    html: str = ""
    summary: str = ""
    unread: bool = False
    shared: bool = False
    again: bool = False


class Saved(msgspec.Struct, frozen=True):
    """What became of it. key: of the document; service_url: where to open it. is_new: the service did not have it.

    remark: what the service did besides, as a sentence; "" if nothing. left: it had it, and nothing was sent.
    """

    key: str
    service_url: str
    is_new: bool
    remark: str = ""
    left: bool = False


@runtime_checkable
class Saver(Protocol):
    """What a source may offer besides: to save addresses."""

    def saved(self, save: Save) -> Saved:
        """Save an address. Sent once: whoever gets no answer asks the user. Raises SourceError, ConfigError."""


class Reviewed(msgspec.Struct, frozen=True):
    """A highlight of a review, with what it is from. id: of the highlight; text, note: as in its document."""

    id: str
    text: str
    note: str = ""
    title: str = ""
    author: str = ""


class Review(msgspec.Struct, frozen=True):
    """What a service gives its user to read again today. url: where to do that; completed: they have."""

    id: str
    url: str
    completed: bool
    highlights: tuple[Reviewed, ...]


@runtime_checkable
class Reviewer(Protocol):
    """What a source may offer besides: a daily review."""

    def review(self) -> Review:
        """Ask for today's. Raises SourceError."""


class NewHighlight(msgspec.Struct, frozen=True):
    """A passage its user marked in a note, to become a highlight. tags: in the service's spelling."""

    text: str
    note: str = ""
    tags: tuple[str, ...] = ()


@runtime_checkable
class Highlighter(Protocol):
    """What a source may offer besides: to make highlights of passages its user marks in notes."""

    def takes_highlights(self) -> bool:
        """Whether it is configured to. Pure."""

    def unfit(self, document: Document, new: NewHighlight) -> str:
        """Why a highlight can't be made, as a sentence that says what to do; "" if it can. Pure."""

    def highlighted(self, record: bytes, new: NewHighlight, at: datetime) -> str:
        """Make a highlight without its tags; return its id, "" if the service had it. Raises SourceError.

        at: when it was marked; the same when it is sent again. The record is asked for anew afterwards.
        """


@runtime_checkable
class Keeper(Protocol):
    """What a source may offer besides: to say beforehand what it can't delete, for dry runs."""

    def undeletable(self, record: bytes, owner: str) -> str:
        """Why `removed` would refuse, as a sentence that says what to do; "" if it would not. Pure."""


class Asset(msgspec.Struct, frozen=True):
    """A file that a service keeps with a document: a snapshot of its page, something uploaded, the document itself.

    id: the service's own, good for this document only. name: as the service shows it, no file name yet. content_type:
    "" if it is not told. size: bytes where they are kept, None if not told. status: "complete", else the service's word
    for why it can't be had. kind: what it is, in a word of the service's.
    """

    id: str
    name: str
    content_type: str = ""
    size: int | None = None
    status: str = "complete"
    kind: str = ""


@runtime_checkable
class AssetSource(Protocol):
    """What a source may offer besides: files it keeps with documents."""

    def assets(self, record: bytes) -> tuple[Asset, ...]:
        """Ask which files there are, in the service's order; () if the document is gone. Raises SourceError."""

    def downloaded(self, record: bytes, asset: Asset) -> AbstractContextManager[Iterator[bytes]]:
        """Ask for a file that is complete, as it arrives. Raises SourceError, also while it is read: for a cut, too."""


class Upload(msgspec.Struct, frozen=True):
    """A file to be kept with a document. file: open for reading, at its beginning."""

    name: str
    content_type: str
    file: BinaryIO


@runtime_checkable
class AssetTaker(Protocol):
    """What a source with files may offer besides: to take some, and to delete them."""

    def uploaded(self, record: bytes, upload: Upload) -> Asset:
        """Send a file. Sent once: whoever gets no answer asks the user. Raises SourceError."""

    def discarded(self, record: bytes, asset: Asset) -> None:
        """Delete a file; one that is gone already is fine. Raises SourceError."""


class SourcePlugin(msgspec.Struct, frozen=True):
    """What a plugin registers: how to make a source from its section of vaultsync.toml.

    settings: a msgspec struct type the section is checked against; it has base_url, if the source is asked over HTTP.
    token: the environment variable its secret is in ("" if it needs none). make(settings, http) returns the source; it
    is called once for each account there is at it, each time with a connection that knows the account's name and token.
    """

    name: str
    settings: type
    token: str
    make: Callable[[Any, Http], Source]


@hookspec
def vaultsync_sources() -> tuple[SourcePlugin, ...]:  # type: ignore[empty-body]
    """Return the sources this plugin brings."""


@hookspec
def vaultsync_document_filters() -> tuple[Callable[[Document], Document | None], ...]:  # type: ignore[empty-body]
    """Return functions from a document to the document to render, or None to leave it out of the vault."""


@hookspec
def vaultsync_template_filters() -> Mapping[str, Callable[..., Any]]:  # type: ignore[empty-body]
    """Return Jinja filters by the name a template calls them."""


@hookspec
def vaultsync_settings() -> type:  # type: ignore[empty-body]
    """Return the msgspec struct type that the plugin's section [plugins.NAME] of vaultsync.toml is checked against."""


@hookspec
def vaultsync_configure(settings: Any) -> None:
    """Take the section, before anything else is asked. Not called where there is no vault, as for --help.

    settings: what vaultsync_settings returned, filled. Called again whenever a vault is opened.
    """


@hookspec
def vaultsync_commands() -> tuple[click.Command, ...]:  # type: ignore[empty-body]
    """Return commands to be shown beside vaultsync's own."""


@hookspec
def vaultsync_after_pull(report: Any) -> None:
    """Hear what a pull did, once it is done. report: vaultsync.report.Report."""


@hookspec
def vaultsync_before_push(edit: Edit) -> None:
    """Hear of one edit right before it is sent."""


@hookspec
def vaultsync_after_push(receipt: Receipt) -> None:
    """Hear the service's answer to one edit."""
