"""What a draft needs of templates and plugins: documents in, notes and paths out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from vaultsync.errors import PluginError
from vaultsync.model import REVIEWS, Document

if TYPE_CHECKING:
    from vaultsync.rendering.tracked import Rendered


class Renders:
    """What a draft needs of templates and plugins: documents in, notes and paths out.

    notes: what makes the note of a document, and that of another version of the document it was asked for last.
    try_out: raises TemplateError if a template can't be used at all; asked before any is. cover_file: what a cover is
    called in the vault, "" if it is on the web only; None if that goes for all.
    """

    def __init__(
        self,
        notes: tuple[Callable[[Document], Rendered], Callable[[Document], Rendered]],
        path: Callable[[Document], str],
        fingerprint: Callable[[str], str],
        try_out: Callable[[], object],
        filters: Sequence[tuple[str, Callable[[Document], Document | None]]] = (),
        cover_file: Callable[[str], str] | None = None,
    ) -> None:
        (self.note, self.again), self.path, self.fingerprint, self.try_out = notes, path, fingerprint, try_out
        self._filters, self._cover_file = filters, cover_file

    def filtered(self, document: Document) -> Document | None:
        """The document after every plugin's filter, None if one leaves it out. Raises PluginError.

        A review is passed by them: what is left out of the vault is left out as a document.
        """
        if document.category == REVIEWS:
            return document
        for name, keep in self._filters:
            try:
                kept = keep(document)
            except (Exception, SystemExit) as error:  # noqa: BLE001  # the plugin boundary: one document's failure
                raise _filter_failed(name, document, f"{type(error).__name__}: {error}") from error
            if kept is None:
                return None
            if kept is not document:
                wrong = _wrong(kept, document)
                if wrong:
                    raise _filter_failed(name, document, f"what it returned can't be used: {wrong}")
                document = kept
        name = self._cover_file(document.cover) if self._cover_file and document.cover else ""
        return msgspec.structs.replace(document, cover_file=name) if name else document


def _wrong(kept: Document, document: Document) -> str:
    """Why what a filter returned can't stand for the document; "" if it can."""
    # Imported here: most documents are returned as they were.
    from vaultsync.host.wellformed import problem

    wrong = problem(kept)
    if not wrong and kept.id != document.id:
        wrong = f"it is another document, {kept.id}"
    return wrong


def _filter_failed(name: str, document: Document, reason: str) -> PluginError:
    return PluginError(
        f'plugin {name}: its document filter failed on "{document.title}" ({document.id}): {reason}. '
        "The note was left as it is.",
        plugin=name,
        hint="Update or uninstall the plugin; VAULTSYNC_PLUGINS names those to load.",
    )
