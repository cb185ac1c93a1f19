"""Check what a client sent, field by field, and word the trouble as the framework does. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vaultsync.simulator.exchange import Refusal
from vaultsync.simulator.times import instant

_FORMATS = "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]"
_WHEN = f"Datetime has wrong format. Use one of these formats instead: {_FORMATS}."


class Invalid(Exception):
    """A value that was refused; the message is what the client gets to read."""


class Field(Protocol):
    """Something that turns a sent value into a good one, or raises Invalid."""

    def read(self, value: Any) -> Any:
        """Return the value to work with."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string. longest and shortest: in characters. nullable, blank: whether null and "" will do."""

    longest: int | None = None
    shortest: int = 0
    nullable: bool = False
    blank: bool = True

    def read(self, value: Any) -> str | None:
        """Return the string as sent, or None where that is allowed."""
        if value is None and self.nullable:
            return None
        if value is None:
            raise Invalid("This field may not be null.")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Invalid("Not a valid string.")
        text = str(value)
        if not text.strip() and not self.blank:
            raise Invalid("This field may not be blank.")
        if self.longest is not None and len(text) > self.longest:
            raise Invalid(f"Ensure this field has no more than {self.longest} characters.")
        if len(text) < self.shortest:
            raise Invalid(f"Ensure this field has at least {self.shortest} characters.")
        return text


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    among: tuple[str, ...]

    def read(self, value: Any) -> str:
        """Return the word."""
        if value not in self.among:
            raise Invalid(f'"{value}" is not a valid choice.')
        return str(value)


class Whole:
    """A whole number, also if it comes as text."""

    def read(self, value: Any) -> int | None:
        """Return the number; null stays null."""
        if value is None:
            return None
        try:
            return int(str(value))
        except ValueError:
            raise Invalid("A valid integer is required.") from None


class Moment:
    """A date-time in ISO 8601, UTC unless it says otherwise."""

    def read(self, value: Any) -> Any:
        """Return an aware datetime; null stays null."""
        try:
            return None if value is None else instant(value)
        except (TypeError, ValueError):
            raise Invalid(_WHEN) from None


class Flag:
    """true or false."""

    def read(self, value: Any) -> bool:
        """Return the truth value."""
        if not isinstance(value, bool):
            raise Invalid("Must be a valid boolean.")
        return value


class Names:
    """A list of strings."""

    def read(self, value: Any) -> list[str]:
        """Return the strings, each once, in the order sent; null is an empty list."""
        if not isinstance(value or [], list):
            raise Invalid(f'Expected a list of items but got type "{type(value).__name__}".')
        if not all(isinstance(name, str) for name in value or []):
            raise Invalid("Not a valid string.")
        return list(dict.fromkeys(name.strip() for name in value or [] if name.strip()))


def faults_in(data: Any, fields: Mapping[str, Field], required: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Say what is wrong with `data`, by field; empty if nothing is."""
    if not isinstance(data, dict):
        return {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {type(data).__name__}."]}
    found = {name: ["This field is required."] for name in required if name not in data}
    for name in data.keys() & fields.keys():
        try:
            fields[name].read(data[name])
        except Invalid as trouble:
            found[name] = [str(trouble)]
    return found


def readings(data: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the values of the known fields that were sent; unknown names are ignored, as the services do."""
    return {name: field.read(data[name]) for name, field in fields.items() if name in data}


def checked(data: Mapping[str, Any], fields: Mapping[str, Field], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the known fields' values. Refused with 400 and the trouble by field."""
    trouble = faults_in(data, fields, required)
    if trouble:
        raise Refusal(400, trouble)
    return readings(data, fields)
