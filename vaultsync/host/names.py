"""What a source and its account call the same things, each put into the words of the other. No I/O.

A source speaks as if it were the only one of its kind: its keys begin with its own prefixes, its blocks are called as
it likes. In the vault an account of another name has prefixes and block ids of its own: "work:12" is the "linkding:12"
of the account work, "work-reader:01gk" the "reader:01gk" of a Readwise account called so, and "^work-rw5" its "^rw5".
Where an account is named for its source, nothing is put otherwise.
"""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from vaultsync.accounts import Account
from vaultsync.errors import SourceError, VaultsyncError
from vaultsync.hookspecs import Edit, Fetch, Page, Piece, Problem, Saved
from vaultsync.model import Document, Highlight


class Names:
    """Both sides' names for what is one account's."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._is_same = not account.is_renamed
        self._spoken = re.compile(
            rf"^{re.escape(account.type)}(?=: )"
            rf"|(?<=\[sources\.){re.escape(account.type)}(?=\])"
            rf"|(?<=vaultsync auth ){re.escape(account.type)}(?![\w-])"
        )

    # As the vault has it.

    def prefix(self, own: str) -> str:
        """What the vault has for a prefix."""
        name, type_ = self.account.name, self.account.type
        return name if own == type_ else own if self._is_same else f"{name}-{own}"

    def key(self, own: str) -> str:
        """A key, or the beginning of one with its colon."""
        prefix, colon, rest = own.partition(":")
        return f"{self.prefix(prefix)}{colon}{rest}"

    def page(self, own: Page) -> Page:
        """A page with the keys of the vault."""
        if self._is_same:
            return own
        listing = own.listing and replace(own.listing, prefix=self.key(own.listing.prefix))
        return replace(
            own,
            pieces=tuple(replace(one, key=self.key(one.key), joins=self._keys(one.joins)) for one in own.pieces),
            listed=self._keys(own.listed),
            listing=listing,
            problems=tuple(Problem(self._of_it(one.about), self.said(one.message)) for one in own.problems),
            label=own.label and self._of_it(own.label),
        )

    def document(self, own: Document) -> Document:
        """A document with its id and blocks as in the vault, and whose it is."""
        if self._is_same:
            return msgspec.structs.replace(own, account=self.account.name)
        return msgspec.structs.replace(
            own,
            id=self.key(own.id),
            account=self.account.name,
            highlights=tuple(_called(one, self.account.blocks + one.block_id) for one in own.highlights),
        )

    def saved(self, own: Saved) -> Saved:
        """What became of an address."""
        return own if self._is_same else replace(own, key=self.key(own.key), remark=self.said(own.remark))

    def said(self, sentence: str) -> str:
        """A sentence of the source's that names its section, or itself at its beginning."""
        return sentence if self._is_same else self._spoken.sub(self.account.name, sentence)

    def sign(self, error: VaultsyncError) -> None:
        """Have an error the source raised be told in the name of its account."""
        if self._is_same:
            return
        error.message, error.hint = self.said(error.message), self.said(error.hint)
        if isinstance(error, SourceError):
            error.source = self.account.name

    # As the source has it.

    def own_key(self, key: str) -> str:
        """A key of the vault's as the source knows it."""
        if self._is_same:
            return key
        prefix, colon, rest = key.partition(":")
        name, type_ = self.account.name, self.account.type
        return f"{type_ if prefix == name else prefix.removeprefix(f'{name}-')}{colon}{rest}"

    def own_fetch(self, fetch: Fetch) -> Fetch:
        """What is wanted, by the source's keys."""
        return fetch if self._is_same else replace(fetch, only=tuple(map(self.own_key, fetch.only)))

    def own_piece(self, piece: Piece) -> Piece:
        """A piece as it came from the source."""
        if self._is_same:
            return piece
        return replace(piece, key=self.own_key(piece.key), joins=tuple(map(self.own_key, piece.joins)))

    def own_document(self, document: Document) -> Document:
        """A document as the source made it."""
        if self._is_same:
            return document
        blocks = self.account.blocks
        return msgspec.structs.replace(
            document,
            id=self.own_key(document.id),
            highlights=tuple(_called(one, one.block_id.removeprefix(blocks)) for one in document.highlights),
        )

    def own_edit(self, edit: Edit) -> Edit:
        """An edit of what the source made."""
        return edit if self._is_same else replace(edit, document=self.own_key(edit.document))

    def _of_it(self, what: str) -> str:
        return f"{self.account.name}: {what}"

    def _keys(self, own: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(self.key, own))


def _called(highlight: Highlight, block_id: str) -> Highlight:
    return msgspec.structs.replace(highlight, block_id=block_id)
