"""From bytes to plain values: JSON, or a YAML that means what people expect of it.

Stricter than YAML 1.1 on purpose: a key that is given twice, an alias or a tag is refused; `13:00` is a text and not
780; `no` is a text and not false; a date is a text, which `file_hours` checks.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

import yaml
from yaml.cyaml import CSafeLoader

from businesses.tenant_file.problems import Problems, child_path, refused

MAX_BYTES = 512 * 1024
MAX_DEPTH = 12  # a tenant file needs 7, for staff[0].exceptions[0].windows[0]
YAML = "tag:yaml.org,2002:"
LAYOUT = "\n\t"


class PlainLoader(CSafeLoader):
    """YAML's safe loader with only the scalars of its version 1.2 that a tenant file needs."""

    # An empty one of its own: `add_implicit_resolver` would else begin with a copy of the parent's, which is YAML 1.1.
    yaml_implicit_resolvers: dict[str, Any] = {}


PlainLoader.add_implicit_resolver(f"{YAML}bool", re.compile(r"(?:[Tt]rue|TRUE|[Ff]alse|FALSE)\Z"), list("tTfF"))
PlainLoader.add_implicit_resolver(f"{YAML}null", re.compile(r"(?:~|[Nn]ull|NULL|)\Z"), ["~", "n", "N", ""])
# Digits are bounded: 18 fit a bigint, and Python refuses to convert thousands of them. No exponent, no .inf, no 0o17.
PlainLoader.add_implicit_resolver(f"{YAML}float", re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}\Z"), list("-0123456789"))
PlainLoader.add_implicit_resolver(f"{YAML}int", re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z"), list("-0123456789"))


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its keys as they were written: a dict would keep only the last of two equal ones."""


def parse(content: bytes) -> Any:
    """Return the document as dicts with text keys, lists, texts, whole numbers, floats, booleans and None.

    Raises TenantFileRefused for what is too large or neither JSON nor YAML, and for each key that is given twice.
    """
    if len(content) > MAX_BYTES:
        raise refused(f"A tenant file has at most {MAX_BYTES // 1024} KiB.")
    try:
        text = content.decode("utf-8-sig")  # editors on Windows begin a file with a byte order mark
    except UnicodeDecodeError as error:
        raise refused(f"Save it as UTF-8: byte {error.start} is something else.") from error
    problems = Problems()
    try:
        document = _parsed(text, _Plain(problems))
    except RecursionError as error:
        raise refused("It is nested too deeply.") from error
    problems.refuse_if_any()
    return document


def _parsed(text: str, plain: "_Plain") -> Any:
    """Read JSON where it is JSON, else YAML: a mapping in braces may be either."""
    if text.lstrip().startswith("{"):
        try:
            return plain.of_json(json.loads(text, object_pairs_hook=_Pairs), "", 0)
        except ValueError:
            pass
    node = _composed(text)
    if node is None:
        raise refused("It is empty.")
    return plain.of_yaml(node, "", 0)


def _composed(text: str) -> yaml.Node | None:
    """Return the document's nodes, None for an empty document."""
    try:
        # Events come from a loop. Composing recurses in C without a limit: "[[[…" kills the process, as a segfault.
        _require_shallow(text)
        node: yaml.Node | None = yaml.compose(text, Loader=PlainLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise refused(f"This is not valid YAML: {where}{error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise refused(f"This is not valid YAML: {' '.join(str(error).split())}.") from error
    return node


def _require_shallow(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=PlainLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise refused("It is nested too deeply.")


class _Plain:
    """Turns what a parser returns into plain values, and complains about what no tenant file may contain."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        # By id(): an alias is the very node that it names. The root keeps all nodes alive, so no id comes twice.
        self._seen: set[int] = set()

    def of_json(self, value: Any, path: str, depth: int) -> Any:
        if isinstance(value, (_Pairs, list)) and self._too_deep(path, depth):
            return None
        if isinstance(value, _Pairs):
            return self._mapping(value, path, depth, self.of_json)
        if isinstance(value, list):
            return [self.of_json(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) else value

    def of_yaml(self, node: yaml.Node, path: str, depth: int) -> Any:
        # Aliases of aliases are how a small file becomes gigabytes ("billion laughs").
        if id(node) in self._seen:
            self._problems.add(path, "Write it out: aliases (*name) are not read.")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if node.tag not in (f"{YAML}map", f"{YAML}seq"):
            self._problems.add(path, "Write plain mappings and lists, without a tag.")
            return None
        if isinstance(node, yaml.MappingNode):
            pairs = [(self._key(key, path), value) for key, value in node.value]
            return self._mapping(pairs, path, depth, self.of_yaml)
        return [self.of_yaml(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(node.value)]

    def _mapping(
        self, pairs: Iterable[tuple[str, Any]], path: str, depth: int, plain: Callable[[Any, str, int], Any]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            place = child_path(path, self._text(key, path))
            if key in found:
                self._problems.add(place, "This key is given twice.")
            found[key] = plain(value, place, depth + 1)
        return found

    def _key(self, node: yaml.Node, path: str) -> str:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        # A list or a mapping as a key: reading goes on, to find what else is wrong.
        self._problems.add(path, "A key is a plain word.")
        return "?"

    def _scalar(self, node: yaml.ScalarNode, path: str) -> Any:
        kind = node.tag.removeprefix(YAML)
        if kind == "str":
            return self._text(node.value, path)
        try:
            return _SCALARS[kind](node.value)
        except (KeyError, ValueError):
            self._problems.add(path, "Write a plain value, without a tag.")
            return None

    def _text(self, value: str, path: str) -> str:
        # PostgreSQL stores no NUL, and UTF-8 has no lone surrogate, which JSON can write as "\ud800".
        if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in LAYOUT for letter in value):
            self._problems.add(path, "It contains a control character, or half of a character.")
            return "".join(letter for letter in value if letter.isprintable())
        return value

    def _too_deep(self, path: str, depth: int) -> bool:
        if depth > MAX_DEPTH:
            self._problems.add(path, "It is nested too deeply.")
        return depth > MAX_DEPTH


_SCALARS: dict[str, Callable[[str], Any]] = {
    "bool": lambda text: text.lower() == "true",
    "int": int,
    "float": float,
    "null": lambda _: None,
}
