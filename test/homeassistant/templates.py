"""Reads and renders templates as Home Assistant does.

On standard input {"templates": [text], "variables": [object], "renders": [[template, variables], ...]} by places; on standard output
{"paths": [{"paths": [[step, ...], ...], "complaints": [text]}, ...], "renders": [{"text": text or null, "complaints": [text]}]}: what each template reads of `value_json`,
and what it renders to; each complaint is a line in Home Assistant's log.
"""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

complaints: list[str] = []


class LoggingUndefined(jinja2.Undefined):
    """Home Assistant renders what is not defined as nothing, and logs it."""

    def _complain(self) -> None:
        complaints.append(self._undefined_message)

    def _fail_with_undefined_error(self, *args: Any, **kwargs: Any) -> Any:
        self._complain()
        return super()._fail_with_undefined_error(*args, **kwargs)

    def __str__(self) -> str:
        self._complain()
        return super().__str__()

    def __iter__(self) -> Any:
        self._complain()
        return super().__iter__()

    def __bool__(self) -> bool:
        self._complain()
        return super().__bool__()


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


environment = ImmutableSandboxedEnvironment(
    undefined=LoggingUndefined, extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do"]
)
environment.filters["to_json"] = to_json

Path = tuple[str, ...]


def paths_in(text: str) -> list[Path]:
    """What is read of `value_json`, also by another name; of `value_json.ev.soc` only the whole."""
    found: set[Path] = set()
    names: dict[str, Path] = {"value_json": ()}

    def path_of(node: nodes.Node) -> Path | None:
        if isinstance(node, nodes.Name):
            return names.get(node.name)
        if isinstance(node, nodes.Getattr):
            return step(node.node, node.attr)
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            return step(node.node, str(node.arg.value))
        return None

    def step(node: nodes.Node, name: str) -> Path | None:
        within = path_of(node)
        if within is None:
            return None
        if hasattr(dict, name):
            raise ValueError(f"{name} is a method of Python's dict")
        return (*within, name)

    def walk(node: nodes.Node) -> None:
        if isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name):
            path = path_of(node.node)
            if path is None:
                walk(node.node)
                names.pop(node.target.name, None)
            else:
                names[node.target.name] = path
            return
        path = path_of(node)
        if path is not None:
            found.add(path)
            return
        for child in node.iter_child_nodes():
            walk(child)

    walk(environment.parse(text))
    return sorted(found)


@lru_cache(maxsize=None)
def compiled(text: str) -> jinja2.Template:
    return environment.from_string(text)


def rendered(text: str, variables: dict[str, Any]) -> dict[str, Any]:
    complaints.clear()
    try:
        # Home Assistant strips what it renders.
        result = compiled(text).render(variables).strip()
    except Exception as error:  # whatever a template may raise
        return {"text": None, "complaints": [*complaints, f"{type(error).__name__}: {error}"]}
    return {"text": result, "complaints": list(complaints)}


def main() -> None:
    asked = json.load(sys.stdin)
    templates, variables = asked["templates"], asked["variables"]
    paths = []
    for text in templates:
        try:
            paths.append({"paths": paths_in(text), "complaints": []})
        except (jinja2.TemplateError, ValueError) as error:
            paths.append({"paths": [], "complaints": [f"{type(error).__name__}: {error}"]})
    renders = [rendered(templates[one], variables[other]) for one, other in asked["renders"]]
    json.dump({"paths": paths, "renders": renders}, sys.stdout)


main()
