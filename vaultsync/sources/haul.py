"""What one answer of a service brought, while it is being read. Pure."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from vaultsync.hookspecs import Piece, Problem


class Haul(msgspec.Struct):
    """Pieces, and what had to be left out or mended. listed: keys it named. unchanged: results known already."""

    pieces: list[Piece] = msgspec.field(default_factory=list)
    problems: list[Problem] = msgspec.field(default_factory=list)
    listed: list[str] = msgspec.field(default_factory=list)
    unchanged: int = 0


def digest(raw: bytes) -> bytes:
    """Return what a result is known by without being read."""
    # Most processors have instructions for it; it is half of what a full listing without news does.
    return sha256(raw).digest()[:16]
