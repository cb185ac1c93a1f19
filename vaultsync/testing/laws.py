"""What a law comes down to: something holds, documents are the same, an edit has arrived. Raises AssertionError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaultsync.hookspecs import Edit
from vaultsync.model import Document


def law(holds: bool, law: str) -> None:
    """Fail with the law that is broken."""
    if not holds:
        raise AssertionError(f"It should be so that {law}.")


def same(found: Mapping[str, Document], expected: Mapping[str, Document], when: str) -> None:
    """Hold that documents are the same, and name the first that is not."""
    for name in {**expected, **found}:
        if found.get(name) != expected.get(name):
            raise AssertionError(f"{when}, {name} should be\n{expected.get(name)}\nbut is\n{found.get(name)}")


def arrived(document: Document, edit: Edit, where: str) -> None:
    """Hold that a document says what was typed."""
    owners = [document] if not edit.owner else [one for one in document.live if one.id == edit.owner]
    law(len(owners) == 1, f"{where} still has it")
    value = plain(getattr(owners[0], edit.field))
    is_there = set(value) == set(edit.after) if isinstance(value, tuple) else value == edit.after
    law(is_there, f"{where} says {edit.after!r}, not {value!r}")


def plain(value: Any) -> str | tuple[str, ...]:
    """A value as an edit has it."""
    return value if isinstance(value, tuple) else "" if value is None else str(value)
