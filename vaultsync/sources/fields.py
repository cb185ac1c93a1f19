"""Fields as services send them: their types, nulls included, and times brought to UTC. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import msgspec

Text: TypeAlias = str | None
Flag: TypeAlias = bool | None
Id: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Key: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None
Number: TypeAlias = float | None
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)] | None


def utc(moment: datetime | None) -> datetime | None:
    """Bring a time to UTC; the first and last hours of the calendar can't be, and are dropped."""
    if moment is None or moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None
