"""Name a mistake in vaultsync.toml: the line it stands in, and what was meant. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from vaultsync.errors import ConfigError

FILE = "vaultsync.toml"
TOML_HINT = 'Text stands in quotes, lists in brackets, "true" and "false" are small.'
_Struct = TypeVar("_Struct", bound=msgspec.Struct)
_HEADER = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]")


def converted(table: Mapping[str, Any], wanted: type[_Struct], *, text: str, section: str) -> _Struct:
    """Read a section as the type that says what it may hold. Raises ConfigError."""
    names = wanted.__struct_encode_fields__
    refuse_unknown(table, names, text=text, section=section)
    try:
        return msgspec.convert(table, wanted)
    except msgspec.ValidationError as error:
        # "Expected `bool`, got `str` - at `$.highlights`"
        said, _, where = str(error).replace("`", "").partition(" - at $.")
        key = re.split(r"[.\[]", where)[0]
        # What a type itself refuses names the option: 'covers: "../x" is no folder; write "x"'
        own, _, reason = said.partition(": ")
        if not key and own in names:
            what, _, hint = reason.partition("; ")
            raise mistake(text, section, own, f"{own}: {what}", f"{hint[:1].upper()}{hint[1:]}.") from error
        # Asked for only now: to find out about types takes longer than all the rest.
        fields = msgspec.structs.fields(wanted)
        choices = [choice for each in fields if each.encode_name == key for choice in _choices(each.type)]
        what = f"{key or section}: {_in_plain_words(said)}"
        raise mistake(text, section, key, what, f"Allowed: {', '.join(choices)}." if choices else TOML_HINT) from error


def _in_plain_words(said: str) -> str:
    """Put what msgspec says of a wrong value into words of TOML.

    >>> _in_plain_words("Expected array, got str")
    'expected a list, found text'
    """
    plain = {"got": "found", "enum ": "", "str": "text", "int": "a number", "float": "a number", "array": "a list"}
    words = re.sub(r"\b(got|str|int|float|array)\b|enum ", lambda match: plain[match[0]], said)
    return words[:1].lower() + words[1:]


def _choices(wanted: Any) -> tuple[str, ...]:
    """The values a setting is limited to, also inside a list.

    >>> _choices(tuple[Literal["new", "later"], ...]), _choices(bool), _choices(str)
    (('new', 'later'), ('true', 'false'), ())
    """
    if wanted is bool:
        return ("true", "false")
    inside = get_args(wanted)
    if get_origin(wanted) is Literal:
        return tuple(map(str, inside))
    return tuple(choice for each in inside for choice in _choices(each))


def refuse_unknown(table: Mapping[str, Any], allowed: tuple[str, ...], *, text: str, section: str) -> None:
    """Refuse what may not stand in a section. Raises ConfigError."""
    key = next((key for key in table if key not in allowed), None)
    if key is not None:
        raise mistake(text, section, key, *_unknown(key, allowed, section))


def meant(key: str, allowed: Iterable[str]) -> str:
    """Ask for what may have been meant, with a blank behind; "" if nothing is like it."""
    from difflib import get_close_matches

    close = get_close_matches(key, tuple(allowed), n=1, cutoff=0.6)
    return f'Did you mean "{close[0]}"? ' if close else ""


def _unknown(key: str, allowed: tuple[str, ...], section: str) -> tuple[str, str]:
    """Word what is wrong with `key`, and what would be right."""
    close = meant(key, allowed)
    if section == "plugins":
        return f'there is no plugin "{key}"', f"{close}Installed: {', '.join(allowed) or 'none'}."
    what = "option" if section else "section"
    where = f"[{section}]" if section else FILE
    return f'there is no {what} "{key}"', f"{close}{where} may have: {', '.join(allowed)}."


def mistake(text: str, section: str, key: str, what: str, hint: str) -> ConfigError:
    """What is said of a mistake about `key` of a section. what: without a full stop."""
    line = line_of(text, section, key)
    where = f"{FILE}, line {line}" if line else FILE
    within = f" in [{section}]" if section else ""
    return ConfigError(f"{where}{within}: {what}. Nothing was done.", hint=hint)


def line_of(text: str, section: str, key: str) -> int | None:
    r"""Find the line, from 1, where `section` gives `key` or begins a section so called; None if it hides.

    >>> line_of("[notes]\npath = 'a'", "notes", "path"), line_of("[sources.x]", "sources", "x")
    (2, 1)
    """
    full = ".".join(filter(None, (section, key)))
    given = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]")
    here = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            here = header[1].replace('"', "").replace(" ", "")
        found = f"{here}.".startswith(f"{full}.") if header else here == section and given.match(line)
        if found:
            return number
    return None
