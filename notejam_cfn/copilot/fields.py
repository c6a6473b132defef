"""Keeps account of a manifest's fields: what was taken from it, and what nobody asked for."""

from __future__ import annotations

import dataclasses
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..config.loader import merged
from .manifests import Manifest

SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
# Of the Python that is written.
LONGEST = 110
VARIABLE = re.compile(r"\$\{(COPILOT_[A-Z_]+)\}")


@dataclasses.dataclass(frozen=True, order=True)
class Note:
    """Something that was not taken over: where it stands, and what to do about it."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.what}"


class Fields:
    """A manifest as one environment has it: its own part laid over the rest, Copilot's variables filled in."""

    def __init__(self, manifest: Manifest, environment: str, variables: Mapping[str, str]) -> None:
        own = (manifest.content.get("environments") or {}).get(environment) or {}
        whole = {key: value for key, value in manifest.content.items() if key != "environments"}
        self.manifest = manifest
        self.environment = environment
        self.content = _filled(merged(whole, own), variables)
        self.notes: list[Note] = []
        self._taken: set[str] = set()

    def take(self, path: str, default: Any = None) -> Any:
        """Return a field by its path, and count it as taken; the default where it is not given."""
        self._taken.add(path)
        found = self.look(path)
        return default if found is None else found

    def look(self, path: str) -> Any:
        """Return a field without taking it."""
        value: Any = self.content
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def note(self, path: str, what: str) -> None:
        """Say what is to be done about a field that is not taken over."""
        self._taken.add(path)
        self.notes.append(Note(self.manifest.path, self._line(path), f"{path}: {what}"))

    def notes_of_the_rest(self, known: Mapping[str, str]) -> Iterator[Note]:
        """Yield a note for every field that nobody took; `known` says what to do about some."""
        for path in self._rest(self.content, ""):
            what = next((known[each] for each in _with_parents(path) if each in known), "is not taken over")
            yield Note(self.manifest.path, self._line(path), f"{path}: {what}")

    def _rest(self, content: Mapping[str, Any], above: str) -> Iterator[str]:
        for key, value in content.items():
            path = f"{above}.{key}" if above else str(key)
            if path in self._taken or value is None:
                continue
            if isinstance(value, Mapping) and any(taken.startswith(f"{path}.") for taken in self._taken):
                yield from self._rest(value, path)
            else:
                yield path

    def _line(self, path: str) -> int:
        lines = self.manifest.lines
        own = f"environments.{self.environment}"
        return next((lines[p] for each in _with_parents(path) for p in (f"{own}.{each}", each) if p in lines), 0)


def seconds(duration: Any) -> float | None:
    """Read a duration such as `1h30m` or `250ms`; None for what is none."""
    text = str(duration)
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def pascal(name: str) -> str:
    """Return a name as the prefix of logical ids: `order-api` → `OrderApi`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def python(value: Any) -> str:
    """Write a value of YAML as Python, texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{python(key)}: {python(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        listed = ", ".join(map(python, value))
        return f"[{listed}]" if isinstance(value, list) else f"({listed}{',' if len(value) == 1 else ''})"
    return repr(value)


def block(opening: str, items: Iterable[str], closing: str) -> str:
    """Write what stands in brackets on one line, or where it is long an item a line."""
    listed = list(items)
    line = f"{opening}{', '.join(listed)}{closing}"
    if len(line) <= LONGEST and "\n" not in line:
        return line
    return "\n".join([opening, *(textwrap.indent(f"{item},", "    ") for item in listed), closing])


def _with_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _filled(each, variables) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, variables) for each in value]
    if isinstance(value, str):
        return VARIABLE.sub(lambda found: variables.get(found[1], found[0]), value)
    return value
