"""YAML scalars: read by YAML 1.2 core rules, written so that readers of 1.1 agree. No I/O."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from json.encoder import encode_basestring
from typing import Any

import yaml

from vaultsync.rendering.tracked import NONCHARACTERS, iso_seconds, plain_text

# Plain scalars every YAML reader takes for text: they begin with a letter and hold nothing that is syntax anywhere
# (but the comma, which is within [] and {}).
_PLAIN = re.compile(r"[^\W\d_][\w .,;()/+'’“”„«»…–—-]*[\w.)’”»…]|[^\W\d_]", re.UNICODE)
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"])
_UNSEEN = re.compile(f"[\x00-\x1f\x7f-\x9f\ufeff\ud800-\udfff{NONCHARACTERS}]")
_ESCAPED = re.compile(f"[\x7f-\x9f\u2028\u2029\ufeff{NONCHARACTERS}]")


_NULL = r"^(?:~|null|Null|NULL|)$"


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml where it is built in
    """YAML 1.2 core: `no`, `12:30`, `1_000` and dates are text; `0o7`, `0x1f` and `true` are not."""

    yaml_implicit_resolvers: dict[str, Any] = {}


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", _NULL, ["~", "n", "N", ""]),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+.0123456789",
    ),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def _whole(loader: Any, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node)
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _typed(construct: Callable[[Any, yaml.ScalarNode], Any]) -> Callable[[Any, yaml.ScalarNode], Any]:
    """A constructor of PyYAML's, which raises anything at all where a type is given by hand: `!!bool maybe`."""

    def constructed(loader: Any, node: yaml.ScalarNode) -> Any:
        try:
            return construct(loader, node)
        except (LookupError, TypeError) as error:
            problem = f"{node.value!r} is not of the type it is given"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error

    return constructed


def _as_spelled(loader: Any, node: yaml.ScalarNode) -> Any:
    return loader.construct_scalar(node)


for _name, _construct in (
    ("bool", _typed(yaml.SafeLoader.construct_yaml_bool)),
    ("int", _whole),
    ("float", _typed(yaml.SafeLoader.construct_yaml_float)),
    ("timestamp", _as_spelled),
):
    Loader.add_constructor(f"tag:yaml.org,2002:{_name}", _construct)


class Verbatim(Loader):
    """Every scalar as it is spelled: `007` and `True` are these texts. Only what stands for nothing is nothing."""

    yaml_implicit_resolvers: dict[str, Any] = {}


Verbatim.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(_NULL), ["~", "n", "N", ""])
for _name in ("bool", "int", "float", "binary"):
    Verbatim.add_constructor(f"tag:yaml.org,2002:{_name}", _as_spelled)


def scalar(text: str, *, flow: bool = False) -> str:
    r"""Text as one YAML scalar that readers of YAML 1.1 and 1.2 agree on.

    >>> scalar("Moby-Dick"), scalar("no"), scalar("12:30"), scalar('a "b"'), scalar("")
    ('Moby-Dick', '"no"', '"12:30"', '"a \\"b\\""', '""')
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not (flow and "," in text):
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """Text as a double-quoted YAML scalar on one line."""
    return _ESCAPED.sub(lambda char: f"\\u{ord(char[0]):04x}", encode_basestring(text))


def remark(text: str) -> str:
    """Text as part of a comment: one line, nothing in it that no YAML may hold."""
    return _UNSEEN.sub("", " ".join(text.split()))


def item(value: Any, *, flow: bool = False) -> str:
    """One value that is not a list, as YAML; nothing for None and for empty text. flow: within [] or {}."""
    if isinstance(value, str):
        return scalar(value, flow=flow) if value else ""
    if isinstance(value, datetime):
        return iso_seconds(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return _number(value)
    text = plain_text(value)
    return text if value is None or isinstance(value, int) else scalar(text, flow=flow)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    digits, e, exponent = repr(value).partition("e")
    # YAML 1.1 knows a number with an exponent by its point.
    return f"{digits if '.' in digits else digits + '.0'}{e}{exponent}"
