r"""Show a text on one line, whatever is in it. No I/O.

Names of files may hold anything but "/" and NUL: a line feed would make two lines of one, an escape would steer the
terminal. So what is told to people goes through here, a line at a time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Controls of ASCII and Latin-1, and what Unicode ends lines and paragraphs with.
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def one_line(text: str) -> str:
    r"""The text as a line, with control characters shown as Python writes them.

    >>> print(one_line("Wal\nden \x1b[31m.md"))
    Wal\nden \x1b[31m.md
    """
    return _BREAKS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def json_line(value: Mapping[str, Any]) -> str:
    r"""A JSON object on a line. What JSON needs no escape for, but a terminal takes for a control, has one too.

    >>> print(json_line({"path": "W\nalden\x9b.md"}))
    {"path": "W\nalden\u009b.md"}
    """
    import json  # not for "vaultsync --help"

    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False, default=str))
