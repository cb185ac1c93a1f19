"""What vaultsync.toml may say about clippings. vaultsync checks it, and names every mistake with its line."""

from __future__ import annotations

from typing import Literal

import msgspec


class ClippingsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The section [sources.clippings].

    file: where My Clippings.txt is. timezone: of the Kindle's clock, such as "Europe/Berlin"; UTC if it says nothing.
    path: where new notes go, instead of [notes].
    """

    file: str
    timezone: str = "UTC"
    path: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The section [plugins.clippings].

    overlapping: what becomes of a passage that was highlighted again, and longer: a Kindle adds the new one, and
    keeps the old one too.
    """

    overlapping: Literal["longest", "all"] = "longest"
