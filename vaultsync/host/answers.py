"""What a plugin's hooks may answer, read and checked. Raises TypeError or ValueError for what they may not. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from vaultsync.hookspecs import SourcePlugin

if TYPE_CHECKING:
    import click

# Of sources, of what their keys begin with, and of commands.
NAME = re.compile(r"[a-z][a-z0-9_-]*")


def sources(answer: Iterable[SourcePlugin]) -> list[tuple[str, SourcePlugin]]:
    """The sources a plugin brings, by name."""
    for each in answer:
        if not isinstance(each, SourcePlugin):
            raise TypeError(f"expected SourcePlugin, got {type(each).__name__}")
        if not NAME.fullmatch(each.name):
            raise ValueError(f"{each.name!r} is no name for a source (small letters, digits, - and _)")
        settings(each.settings)
    return [(each.name, each) for each in answer]


def nothing(answer: Any) -> None:
    """What a hook answers that is only told something."""
    if answer:
        raise TypeError("it answered, though nothing was asked")


def settings(answer: Any) -> type[msgspec.Struct]:
    """The type of a section of vaultsync.toml."""
    if not (isinstance(answer, type) and issubclass(answer, msgspec.Struct)):
        raise TypeError(f"the settings are not a msgspec.Struct type, but {answer!r:.60}")
    return answer


def functions(answer: Iterable[Callable[..., Any]]) -> list[Callable[..., Any]]:
    """Functions, in their order."""
    if isinstance(answer, Mapping):
        raise TypeError("expected functions, got a mapping")
    for each in answer:
        if not callable(each):
            raise TypeError(f"expected functions, got {type(each).__name__}")
    return list(answer)


def named_functions(answer: Mapping[str, Callable[..., Any]]) -> list[tuple[str, Callable[..., Any]]]:
    """Functions by name."""
    if not isinstance(answer, Mapping):
        raise TypeError(f"expected a mapping of names to functions, got {type(answer).__name__}")
    for name in answer:
        if not (isinstance(name, str) and name.isidentifier()):
            raise ValueError(f"{name!r} is no name for a filter")
    functions(list(answer.values()))
    return list(answer.items())


def commands(answer: Iterable[click.Command]) -> list[tuple[str, click.Command]]:
    """Commands by name."""
    import click

    for each in answer:
        if not isinstance(each, click.Command):
            raise TypeError(f"expected click.Command, got {type(each).__name__}")
        if not NAME.fullmatch(each.name or ""):
            raise ValueError(f"{each.name!r} is no name for a command (small letters, digits, - and _)")
    return [(each.name or "", each) for each in answer]
