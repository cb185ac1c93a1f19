"""Tell what a note was rendered with, and what of that is another by now. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b

import msgspec

_SEAM = "+"


class Fingerprints:
    """What notes are rendered with now.

    templates: the fingerprint of those of a category. shaping: what else there is: plugins that bring filters, by name,
    version and settings, and settings of our own. is_whole: every plugin could be loaded and asked.
    """

    def __init__(self, templates: Callable[[str], str], shaping: Sequence[object], *, is_whole: bool) -> None:
        self._templates, self._is_whole = templates, is_whole
        told = msgspec.json.encode(shaping, order="sorted")
        self._mark = blake2b(told, digest_size=4).hexdigest() if shaping else ""

    def of(self, category: str) -> str:
        """Changes when anything changes that could change what this category's notes look like."""
        return f"{self._templates(category)}{_SEAM}{self._mark}".rstrip(_SEAM)

    def outdated(self, category: str, fingerprint: str) -> str:
        """What has changed since a note was rendered that had this fingerprint then, in words; "" if nothing has.

        A plugin that can't be loaded may be one that brings filters. That is no change: it would take its marks out of
        every note, and put them back the next day.
        """
        template, _, mark = fingerprint.partition(_SEAM)
        if template != self._templates(category):
            return "Templates"
        return "Plugins or settings" if mark != self._mark and self._is_whole else ""
