"""A source with a fence around it: whatever its plugin raises or wrongly answers becomes a SourceError of its own.

So a mistake in one plugin is told like a service that does not answer, and stops no other source. vaultsync's own
sources stand behind the same fence. It is also where a source's own names become those of its account, and back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from vaultsync.accounts import Account
from vaultsync.errors import ConfigError, SourceError, VaultsyncError
from vaultsync.hookspecs import Asset, Edit, Fetch, NewHighlight, Page, Piece, Review, Save, Saved, Source, Upload
from vaultsync.host.answers import NAME
from vaultsync.host.names import Names
from vaultsync.mistakes import FILE
from vaultsync.model import Document

T = TypeVar("T")


class Fenced:
    """A source as a run sees it. account: its section; make: gives the source itself, which may fail as well.

    prefixes: those it may have; none of a source that can't be had, which answers everything with the reason.
    """

    def __init__(
        self, account: Account, make: Callable[[], Source], taken: Mapping[str, Account] = MappingProxyType({})
    ) -> None:
        """Make it. taken: whose prefixes can't be had. Raises VaultsyncError if it is not its plugin's fault."""
        self.name, self.account = account.name, account
        self.prefixes: tuple[str, ...] = ()
        self._names = Names(account)
        self._lost: SourceError | None = None
        try:
            self._source = make()
            self._own_prefixes = _usable(self._source.prefixes)
            self.prefixes = self._untaken(taken)
        except VaultsyncError as error:
            self._names.sign(error)
            if not isinstance(error, SourceError):
                raise
            self._lost = error
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the plugin boundary
            self._lost = self._failure("be made", error)

    def pages(self, fetch: Fetch) -> Iterator[Page]:
        """Ask the service, page by page."""
        own = self._names.own_fetch(fetch)
        pages = self._ask("pages", Iterator, own)  # type: ignore[type-abstract]  # isinstance takes it
        while True:
            try:
                page = next(pages, None)
                if page is not None:
                    self._check(page)
                    page = self._names.page(page)
            except VaultsyncError as error:
                self._names.sign(error)
                raise
            except (Exception, SystemExit) as error:  # noqa: BLE001  # the plugin boundary
                self._fail("go on with its pages", error)
            if page is None:
                return
            yield page

    def absorb(self, record: bytes | None, piece: Piece) -> bytes:
        """Work a piece into a record."""
        return self._ask("absorb", bytes, record, self._names.own_piece(piece))

    def joined(self, record: bytes, other: bytes) -> bytes:
        """Make one record of two."""
        return self._ask("joined", bytes, record, other)

    def without(self, record: bytes, key: str) -> bytes:
        """Return the record when `key` is gone."""
        return self._ask("without", bytes, record, self._names.own_key(key))

    def document(self, record: bytes) -> Document:
        """Read a record."""
        document = self._ask("document", Document, record)
        self._own(document.id)
        return self._names.document(document)

    def identity(self, record: bytes) -> str:
        """The id of a record's document."""
        return self._names.key(self._own(self._ask("identity", str, record)))

    def wanted(self, document: Document) -> bool:
        """Whether the configuration asks for a note of it."""
        return self._ask("wanted", bool, self._names.own_document(document))

    def listable(self, document: Document) -> bool:
        """Whether a complete listing would name it."""
        return self._ask("listable", bool, self._names.own_document(document))

    def still_there(self, key: str) -> bool:
        """Ask the service whether it still has `key`."""
        return self._ask("still_there", bool, self._names.own_key(key))

    def check_token(self) -> None:
        """Ask the service whether it takes the token."""
        self._ask("check_token", type(None))

    def refusal(self, document: Document, edit: Edit) -> str:
        """Why an edit can't be sent."""
        own = self._names.own_document(document), self._names.own_edit(edit)
        return self._names.said(self._ask("refusal", str, *own))

    def command(self, edit: Edit) -> str:
        """Why the service would take a text for a command."""
        return self._names.said(self._ask("command", str, self._names.own_edit(edit)))

    def refreshed(self, record: bytes, owner: str) -> bytes:
        """Ask how something is now."""
        return self._ask("refreshed", bytes, record, owner)

    def applied(self, record: bytes, edit: Edit) -> bytes:
        """Send one edit."""
        return self._ask("applied", bytes, record, self._names.own_edit(edit))

    def removed(self, record: bytes, owner: str) -> bytes:
        """Delete something at the service."""
        return self._ask("removed", bytes, record, owner)

    def undeletable(self, record: bytes, owner: str) -> str:
        """Why something can't be deleted there; "" also if the source says so only when it is to delete it."""
        says = self._lost is None and hasattr(self._source, "undeletable")
        return self._names.said(self._ask("undeletable", str, record, owner)) if says else ""

    def recreate(self, record: bytes, owner: str) -> None:
        """Make again what was deleted."""
        self._ask("recreate", type(None), record, owner)

    def offers(self, method: str) -> bool:
        """Whether it has what only some sources have; one that can't be had may have anything."""
        return self._lost is not None or hasattr(self._source, method)

    def saved(self, save: Save) -> Saved:
        """Save an address, if the source can."""
        if not self.offers("saved"):
            raise SourceError(
                f"{self.name} has no way to save {save.url}. Nothing was sent.",
                source=self.name,
                hint="Name another source with --source.",
            )
        return self._names.saved(self._ask("saved", Saved, save))

    def review(self) -> Review:
        """Ask for today's review, if the source has one."""
        if not self.offers("review"):
            raise SourceError(f"{self.name} has no reviews. Nothing was written.", source=self.name)
        return self._ask("review", Review)

    def takes_highlights(self) -> bool:
        """Whether the source makes highlights, and is configured to."""
        return self._lost is None and hasattr(self._source, "highlighted") and self._ask("takes_highlights", bool)

    def unfit(self, document: Document, new: NewHighlight) -> str:
        """Why a highlight can't be made."""
        return self._names.said(self._ask("unfit", str, self._names.own_document(document), new))

    def highlighted(self, record: bytes, new: NewHighlight, at: datetime) -> str:
        """Make a highlight."""
        return self._ask("highlighted", str, record, new, at)

    def assets(self, record: bytes) -> tuple[Asset, ...]:
        """Ask which files a document has, if the source has such a thing."""
        if not self.offers("assets"):
            raise SourceError(f"{self.name} has no files of documents. Nothing was done.", source=self.name)
        found = self._ask("assets", tuple, record)
        wrong = next((type(one).__name__ for one in found if not isinstance(one, Asset)), None)
        if wrong is not None:
            self._fail("do assets", TypeError(f"one of them is of type {wrong}"))
        return found

    @contextmanager
    def downloaded(self, record: bytes, asset: Asset) -> Iterator[Iterator[bytes]]:
        """Ask for a file, as it arrives."""
        kind: Any = AbstractContextManager
        opened = self._ask("downloaded", kind, record, asset)
        with ExitStack() as stack:
            chunks = self._done("downloaded", lambda: stack.enter_context(opened))
            yield self._chunks(chunks)

    def _chunks(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        while (chunk := self._done("downloaded", lambda: next(chunks, None))) is not None:
            if not isinstance(chunk, bytes):
                self._fail("do downloaded", TypeError(f"it answered {type(chunk).__name__}, not bytes"))
            yield chunk

    def uploaded(self, record: bytes, upload: Upload) -> Asset:
        """Send a file, if the source takes any."""
        if not self.offers("uploaded"):
            raise SourceError(f"{self.name} takes no files. Nothing was sent.", source=self.name)
        return self._ask("uploaded", Asset, record, upload)

    def discarded(self, record: bytes, asset: Asset) -> None:
        """Delete a file, if the source does."""
        if not self.offers("discarded"):
            raise SourceError(f"{self.name} deletes no files. Nothing was deleted.", source=self.name)
        self._ask("discarded", type(None), record, asset)

    def _ask(self, method: str, expected: type[T], *args: Any) -> T:
        if self._lost is not None:
            raise self._lost
        answer = self._done(method, lambda: getattr(self._source, method)(*args))
        if not isinstance(answer, expected):
            self._fail(f"do {method}", TypeError(f"it answered {type(answer).__name__}, not {expected.__name__}"))
        return answer

    def _done(self, method: str, deed: Callable[[], T]) -> T:
        """Have the source do something; what goes wrong there is told in its name."""
        try:
            return deed()
        except VaultsyncError as error:
            self._names.sign(error)
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the plugin boundary
            self._fail(f"do {method}", error)

    def _check(self, page: Page) -> None:
        """Raise TypeError or SourceError for a page that can't be worked with."""
        for value, expected in ((page, Page), (page.cursor, str), *((piece, Piece) for piece in page.pieces)):
            if not isinstance(value, expected):
                raise TypeError(f"expected {expected.__name__}, got {type(value).__name__}")
        for piece in page.pieces:
            self._own(piece.key)

    def _own(self, key: str) -> str:
        """Return a key of the source's, if it is for it to speak of."""
        if not isinstance(key, str) or key.partition(":")[0] not in self._own_prefixes:
            self._fail("keep to its own", ValueError(f"{key!r} does not begin with {' or '.join(self._own_prefixes)}"))
        return key

    def _untaken(self, taken: Mapping[str, Account]) -> tuple[str, ...]:
        """Its prefixes, if they can be had. Raises ValueError; ConfigError if that is for how accounts are named."""
        prefixes = tuple(map(self._names.prefix, self._own_prefixes))
        for prefix in prefixes:
            self._refuse_taken(prefix, taken)
        return prefixes

    def _refuse_taken(self, prefix: str, taken: Mapping[str, Account]) -> None:
        holder = taken.get(prefix)
        if holder is not None and (holder.is_renamed or self.account.is_renamed):
            raise ConfigError(
                f"{FILE}: the notes of [sources.{holder.name}] and of [sources.{self.name}] would both have "
                f'ids that begin with "{prefix}:". Nothing was done.',
                hint="Name one of the two otherwise, rather the one that has no notes yet.",
            )
        if holder is not None:
            raise ValueError(f"the prefix {prefix!r} is another source's")

    def _fail(self, deed: str, error: BaseException) -> NoReturn:
        raise self._failure(deed, error)

    def _failure(self, deed: str, error: BaseException) -> SourceError:
        failure = SourceError(
            f"{self.name}: its plugin could not {deed}: {type(error).__name__}: {error}. "
            "Its notes were left as they are.",
            source=self.name,
            hint="The others were dealt with. Update the plugin, or tell its author of this line.",
        )
        failure.__cause__ = error
        return failure


def _usable(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """The prefixes, if they are such. Raises ValueError."""
    for prefix in prefixes:
        if not NAME.fullmatch(prefix):
            raise ValueError(f"{prefix!r} is no prefix (small letters, digits, - and _)")
    return tuple(prefixes)
