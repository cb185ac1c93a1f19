"""Where new notes go: the path patterns of vaultsync.toml, and each tried on made-up documents. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from vaultsync.accounts import Account
from vaultsync.errors import TemplateError
from vaultsync.mistakes import FILE, line_of
from vaultsync.model import CATEGORIES, REVIEWS, Document

if TYPE_CHECKING:
    from vaultsync.rendering.render import PathRenderer

# The time of the export, when patterns are only tried.
_SOME_DAY = datetime(2024, 2, 29, tzinfo=UTC)
# Who keeps what patterns are tried on, in a vault that names no source yet.
_NOBODY = Account("specimen", "specimen")


class Pattern(msgspec.Struct, frozen=True):
    """A path with placeholders. section: of vaultsync.toml, that has it; line: of it there, None if it is the default.

    text: as it stands there.
    """

    section: str
    text: str
    line: int | None = None


class Patterns(msgspec.Struct, frozen=True):
    """All of a vault. notes: of every account but those with one of their `own`, by name. reviews: of daily reviews."""

    notes: Pattern
    own: Mapping[str, Pattern]
    reviews: Pattern

    @classmethod
    def of(cls, text: str, notes: str, own: Mapping[str, str], reviews: str) -> Patterns:
        """What a vaultsync.toml with this text says."""

        def pattern(section: str, path: str) -> Pattern:
            return Pattern(section, path, line_of(text, section, "path"))

        named = {name: pattern(f"sources.{name}", path) for name, path in own.items() if path}
        return cls(pattern("notes", notes), named, pattern("review", reviews))

    @property
    def written(self) -> tuple[Pattern, ...]:
        """Those for documents that their user wrote."""
        return tuple(pattern for pattern in (self.notes, *self.own.values()) if pattern.line is not None)


class Tried(msgspec.Struct, frozen=True):
    """What trying a pattern showed. example: a path it made; error: why it makes none, None if it does."""

    pattern: Pattern
    example: str = ""
    error: TemplateError | None = None


class NotePaths:
    """Makes the paths of new notes. filters: of plugins, by name."""

    def __init__(
        self, patterns: Patterns, accounts: Mapping[str, Account], filters: Mapping[str, Callable[..., Any]]
    ) -> None:
        self.patterns, self._accounts, self._filters = patterns, accounts, filters
        self._renderers: dict[str, PathRenderer] = {}

    def path(self, document: Document, *, now: datetime) -> str:
        """Where a new note of a document goes. Raises TemplateError."""
        if document.category == REVIEWS:
            return self._review(self._accounts[document.account], document.extra["day"])
        return self._path(self.patterns.own.get(document.account, self.patterns.notes), document, now)

    def tried(self) -> Iterator[Tried]:
        """Try every pattern that new notes of documents are made by, on documents of every kind."""
        every = self._accounts or {"": _NOBODY}
        general = [account for name, account in every.items() if name not in self.patterns.own]
        if general:
            yield _tried(self.patterns.notes, self._examples(self.patterns.notes, general))
        for name, pattern in self.patterns.own.items():
            yield _tried(pattern, self._examples(pattern, [every[name]]))

    def tried_for_reviews(self) -> Tried:
        """Try the pattern of daily reviews. Whoever writes none is not to be held up by it."""
        accounts = self._accounts.values() or [_NOBODY]
        return _tried(self.patterns.reviews, (self._review(one, _SOME_DAY.date().isoformat()) for one in accounts))

    def _examples(self, pattern: Pattern, accounts: Iterable[Account]) -> Iterator[str]:
        from vaultsync.rendering.specimen import specimens

        for account in accounts:
            for category in CATEGORIES:
                for document in specimens(category):
                    shown = msgspec.structs.replace(document, source=account.type, account=account.name)
                    yield self._path(pattern, shown, _SOME_DAY)

    def _path(self, pattern: Pattern, document: Document, now: datetime) -> str:
        with _naming(pattern):
            return self._renderer(pattern).path(document, now=now)

    def _review(self, account: Account, day: str) -> str:
        """Where the note of a review goes. Accounts have one each, so it says whose where the pattern does not."""
        pattern = self.patterns.reviews
        with _naming(pattern):
            path = self._renderer(pattern).path_of(date=day, account=account.name)
        said = "account" in pattern.text or not account.is_renamed
        return path if said else f"{path.removesuffix('.md')} ({account.name}).md"

    def _renderer(self, pattern: Pattern) -> PathRenderer:
        """What makes paths by a pattern. Raises TemplateError."""
        from vaultsync.rendering.render import PathRenderer  # Jinja takes 50 ms to import, and an idle run needs none

        if pattern.text not in self._renderers:
            self._renderers[pattern.text] = PathRenderer(pattern.text, self._filters)
        return self._renderers[pattern.text]


def _tried(pattern: Pattern, examples: Iterable[str]) -> Tried:
    try:
        example, *_ = examples
    except TemplateError as error:
        return Tried(pattern, error=error)
    return Tried(pattern, example)


@contextmanager
def _naming(pattern: Pattern) -> Iterator[None]:
    """Have what is wrong with a pattern named by where it stands."""
    try:
        yield
    except TemplateError as error:
        what = f"path of [{pattern.section}]: {error.reason}"
        raise TemplateError(
            what, file=FILE, line=pattern.line, hint=f"Mend that path in {FILE}, then run again."
        ) from error
