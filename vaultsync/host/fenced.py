"""A source with a fence around it: whatever its plugin raises or wrongly answers becomes a SourceError of its own.

So a mistake in one plugin is told like a service that does not answer, and stops no other source. vaultsync's own
sources stand behind the same fence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from vaultsync.errors import SourceError, VaultsyncError
from vaultsync.hookspecs import Edit, Fetch, NewHighlight, Page, Piece, Review, Save, Saved, Source
from vaultsync.host.answers import NAME
from vaultsync.model import Document

T = TypeVar("T")


class Fenced:
    """A source as a run sees it. name: of its section; make: gives the source itself, which may fail as well.

    prefixes: those it may have; none of a source that can't be had, which answers everything with the reason.
    """

    def __init__(self, name: str, make: Callable[[], Source], taken: tuple[str, ...] = ()) -> None:
        """Make it. taken: prefixes that are another source's. Raises VaultsyncError if it is not its plugin's fault."""
        self.name = name
        self.prefixes: tuple[str, ...] = ()
        self._lost: SourceError | None = None
        try:
            self._source = make()
            self.prefixes = _usable(self._source.prefixes, taken)
        except VaultsyncError as error:
            if not isinstance(error, SourceError):
                raise
            self._lost = error
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the plugin boundary
            self._lost = self._failure("be made", error)

    def pages(self, fetch: Fetch) -> Iterator[Page]:
        """Ask the service, page by page."""
        pages = self._ask("pages", Iterator, fetch)  # type: ignore[type-abstract]  # isinstance takes it
        while True:
            try:
                page = next(pages, None)
                if page is not None:
                    self._check(page)
            except VaultsyncError:
                raise
            except (Exception, SystemExit) as error:  # noqa: BLE001  # the plugin boundary
                self._fail("go on with its pages", error)
            if page is None:
                return
            yield page

    def absorb(self, record: bytes | None, piece: Piece) -> bytes:
        """Work a piece into a record."""
        return self._ask("absorb", bytes, record, piece)

    def joined(self, record: bytes, other: bytes) -> bytes:
        """Make one record of two."""
        return self._ask("joined", bytes, record, other)

    def without(self, record: bytes, key: str) -> bytes:
        """Return the record when `key` is gone."""
        return self._ask("without", bytes, record, key)

    def document(self, record: bytes) -> Document:
        """Read a record."""
        document = self._ask("document", Document, record)
        self._own(document.id)
        return document

    def identity(self, record: bytes) -> str:
        """The id of a record's document."""
        return self._own(self._ask("identity", str, record))

    def wanted(self, document: Document) -> bool:
        """Whether the configuration asks for a note of it."""
        return self._ask("wanted", bool, document)

    def listable(self, document: Document) -> bool:
        """Whether a complete listing would name it."""
        return self._ask("listable", bool, document)

    def still_there(self, key: str) -> bool:
        """Ask the service whether it still has `key`."""
        return self._ask("still_there", bool, key)

    def check_token(self) -> None:
        """Ask the service whether it takes the token."""
        self._ask("check_token", type(None))

    def refusal(self, document: Document, edit: Edit) -> str:
        """Why an edit can't be sent."""
        return self._ask("refusal", str, document, edit)

    def command(self, edit: Edit) -> str:
        """Why the service would take a text for a command."""
        return self._ask("command", str, edit)

    def refreshed(self, record: bytes, owner: str) -> bytes:
        """Ask how something is now."""
        return self._ask("refreshed", bytes, record, owner)

    def applied(self, record: bytes, edit: Edit) -> bytes:
        """Send one edit."""
        return self._ask("applied", bytes, record, edit)

    def removed(self, record: bytes, owner: str) -> bytes:
        """Delete something at the service."""
        return self._ask("removed", bytes, record, owner)

    def recreate(self, record: bytes, owner: str) -> None:
        """Make again what was deleted."""
        self._ask("recreate", type(None), record, owner)

    def saved(self, save: Save) -> Saved:
        """Save an address, if the source can."""
        if self._lost is None and not hasattr(self._source, "saved"):
            raise SourceError(
                f"{self.name} has no way to save {save.url}. Nothing was sent.",
                source=self.name,
                hint="Name another source with --source.",
            )
        return self._ask("saved", Saved, save)

    def review(self) -> Review:
        """Ask for today's review, if the source has one."""
        if self._lost is None and not hasattr(self._source, "review"):
            raise SourceError(f"{self.name} has no reviews. Nothing was written.", source=self.name)
        return self._ask("review", Review)

    def takes_highlights(self) -> bool:
        """Whether the source makes highlights, and is configured to."""
        return self._lost is None and hasattr(self._source, "highlighted") and self._ask("takes_highlights", bool)

    def unfit(self, document: Document, new: NewHighlight) -> str:
        """Why a highlight can't be made."""
        return self._ask("unfit", str, document, new)

    def highlighted(self, record: bytes, new: NewHighlight, at: datetime) -> str:
        """Make a highlight."""
        return self._ask("highlighted", str, record, new, at)

    def _ask(self, method: str, expected: type[T], *args: Any) -> T:
        if self._lost is not None:
            raise self._lost
        try:
            answer = getattr(self._source, method)(*args)
        except VaultsyncError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the plugin boundary
            self._fail(f"do {method}", error)
        if not isinstance(answer, expected):
            self._fail(f"do {method}", TypeError(f"it answered {type(answer).__name__}, not {expected.__name__}"))
        return answer

    def _check(self, page: Page) -> None:
        """Raise TypeError or SourceError for a page that can't be worked with."""
        for value, expected in ((page, Page), (page.cursor, str), *((piece, Piece) for piece in page.pieces)):
            if not isinstance(value, expected):
                raise TypeError(f"expected {expected.__name__}, got {type(value).__name__}")
        for piece in page.pieces:
            self._own(piece.key)

    def _own(self, key: str) -> str:
        """Return the key, if it is for this source to speak of."""
        if not isinstance(key, str) or key.partition(":")[0] not in self.prefixes:
            self._fail("keep to its own", ValueError(f"{key!r} does not begin with {' or '.join(self.prefixes)}"))
        return key

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


def _usable(prefixes: tuple[str, ...], taken: tuple[str, ...]) -> tuple[str, ...]:
    """The prefixes, if they can be had. Raises ValueError."""
    for prefix in prefixes:
        if not NAME.fullmatch(prefix):
            raise ValueError(f"{prefix!r} is no prefix (small letters, digits, - and _)")
        if prefix in taken:
            raise ValueError(f"the prefix {prefix!r} is another source's")
    return tuple(prefixes)
