r"""Make text fit for a note: LF newlines, no control characters, no noncharacters, no lone surrogates. No I/O.

>>> clean("one\r\ntwo\x00 \ufdd0\ud800")
'one\ntwo \ufffd'
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

# Rendering marks values with noncharacters, so none may come from outside. C1 controls can't stand in YAML.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(rb"\\[^n\"]")
_C1 = re.compile(rb"\xc2[\x80-\x9f]")


def clean(text: str) -> str:
    """Return the text without what a note can't hold."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNFIT.sub("", _SURROGATE.sub("\ufffd", text))


def one_line(text: str) -> str:
    r"""Return a title as one line, without blanks around it.

    >>> one_line(" A title\n of two lines ")
    'A title of two lines'
    """
    text = text.strip()
    return " ".join(text.split()) if "\n" in text or "\t" in text else text


def clean_in_place(thing: msgspec.Struct) -> None:
    """Clean every text of a thing just decoded, and of the things in it."""
    for name in thing.__struct_fields__:
        value = getattr(thing, name)
        if isinstance(value, str):
            setattr(thing, name, clean(value))
        elif isinstance(value, (dict, list)):
            setattr(thing, name, cleaned(value))


def cleaned(value: Any) -> Any:
    """Return a value just decoded with all text in it clean; things in it are cleaned where they are."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, msgspec.Struct):
        clean_in_place(value)
    return value


def may_need_cleaning(raw: bytes) -> bool:
    r"""Whether JSON may hold text that `clean` would change; False is certain, True is not.

    Looking at the bytes once is a tenth of the price of looking at every string.

    >>> may_need_cleaning(b'{"text": "two\\nlines and \\"quotes\\""}'), may_need_cleaning(b'{"text": "\\u0000"}')
    (False, True)
    """
    if _ESCAPE.search(raw) or b"\x7f" in raw:
        return True
    if b"\xef" in raw and (b"\xef\xb7" in raw or b"\xef\xbf" in raw):
        return True
    return b"\xc2" in raw and _C1.search(raw) is not None
