# SPDX-License-Identifier: Apache-2.0
"""Function calls in a short syntax of their own: `pick(object="red cube")`.

OpenAI's JSON schemas would cost a small computer seconds of prompt and every call twice its tokens. Replies
are read tolerantly, JSON too; only a known function with arguments that fit its schema becomes a call.
"""

from __future__ import annotations

import ast
import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voice_agent_ros.xlm.brackets import Brackets, split_top
from voice_agent_ros.xlm.json_schema import STRICT_JSON, problem_with
from voice_agent_ros.xlm.protocol import Function
from voice_agent_ros.xlm.type_text import resolved, type_text

_OPENING = re.compile(r"```\w*|<tool_call>")
_CLOSINGS = ("```", "</tool_call>")
_CALL_HEAD = re.compile(r"([\w-]+)\s*\(")
_BARE_ARGUMENT = re.compile(r"(?:(\w+)\s*[=:]\s*)?(.*)", re.DOTALL)
# Of a text that is nothing but calls that do not fit.
CALLS_MAX = 64
_NAME_KEYS = ("name", "function", "tool", "skill")
_ARGUMENT_KEYS = ("arguments", "parameters", "args")


@dataclass(frozen=True)
class Call:
    """A valid call.

    Attributes:
        name: a function that was offered.
        arguments: they fit its schema.
    """

    name: str
    arguments: Mapping[str, Any]


def signature(function: Function) -> str:
    """One line that tells a model how to call a function: `place(target, object?) - Put …`."""
    words = []
    for name, schema, is_required in _parameters(function):
        words.append(f"{name}{'' if is_required else '?'}{_hint(schema, function.parameters or {})}")
    about = " ".join((function.description or "").split())
    return f"{function.name}({', '.join(words)})" + (f" - {about}" if about else "")


def call_opening(function: Function) -> str:
    """How every call of a function can begin: a model that finds a parameter's name written fills it in."""
    first, _, is_required = next(iter(_parameters(function)), ("", {}, False))
    return f"{function.name}({first}=" if is_required and first.isidentifier() else f"{function.name}("


def write_call(name: str, arguments: str | Mapping[str, Any]) -> str:
    """A call as the model is to write it."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}")
        except ValueError:
            arguments = {}
    pairs = arguments.items() if isinstance(arguments, Mapping) else ()
    return f"{name}({', '.join(f'{key}={json.dumps(value, ensure_ascii=False)}' for key, value in pairs)})"


class CallReader:
    """Reads calls of the functions that were offered.

    Args:
        functions: the functions on offer.
        must_call: the reply can be nothing but a call, so that of a single function the arguments are enough.

    Attributes:
        problem: why the text that was read last is no valid call although it names one of the functions.
    """

    def __init__(self, functions: Sequence[Function], *, must_call: bool = False) -> None:
        self._functions = {function.name: function for function in functions}
        self._only = functions[0].name if must_call and len(functions) == 1 else ""
        self.problem = ""

    def may_begin_call(self, text: str) -> bool:
        """Whether this beginning of a line may still become a call."""
        text = text.lstrip()
        if not text or text[0] in "{[":
            return True
        if any(text.startswith(mark) or mark.startswith(text) for mark in ("```", "<tool_call>")):
            return True
        name = re.match(r"[\w-]*", text)
        assert name is not None
        if name.end() == len(text):
            return any(known.startswith(text) for known in self._functions)
        return name.group() in self._functions and text[name.end() :].lstrip(" ")[:1] in ("", "(")

    def is_complete(self, text: str, brackets: Brackets | None = None) -> bool:
        """Whether all brackets that were opened are closed, and so are code fences and tags.

        Args:
            text: so far.
            brackets: that have been fed with it, where it comes in pieces.
        """
        body = text.strip()
        if body.startswith("```") or "```".startswith(body):
            return len(body) > 3 and body.count("```") >= 2
        if body.startswith("<tool_call>") or "<tool_call>".startswith(body):
            return "</tool_call>" in body
        if brackets is None:
            brackets = Brackets()
            brackets.feed(body)
        return brackets.has_any and brackets.depth == 0

    def read(self, text: str) -> list[Call] | None:
        """All calls in the text; None unless it is nothing but valid calls."""
        self.problem = ""
        body = text.strip()
        for _ in range(3):
            body = _unwrapped(body)
        if not body:
            return None
        if body[0] in "{[":
            return self._read_json(body)
        calls = []
        for piece in _split_calls(body):
            call = self._read_written(piece)
            if call is None:
                return None
            calls.append(call)
        return calls or None

    def first_in(self, text: str) -> Call | None:
        """The first valid call anywhere in the text, in its short form."""
        for head in itertools.islice(_CALL_HEAD.finditer(text), CALLS_MAX):
            if head.group(1) not in self._functions:
                continue
            brackets = Brackets()
            for at in range(head.end() - 1, len(text)):
                brackets.feed(text[at])
                if brackets.depth == 0:
                    call = self._read_written(text[head.start() : at + 1])
                    if call is not None:
                        return call
                    break
            else:
                return None
        return None

    def _read_json(self, body: str) -> list[Call] | None:
        values: list[Any] = []
        at = 0
        try:
            while at < len(body):
                value, at = STRICT_JSON.raw_decode(body, at)
                values += value if isinstance(value, list) else [value]
                at += len(body[at:]) - len(body[at:].lstrip(" \n,;"))
        except (ValueError, RecursionError):
            return None
        calls = []
        for value in values:
            if not isinstance(value, dict):
                return None
            call = self._from_mapping(value)
            if call is None:
                return None
            calls.append(call)
        return calls or None

    def _from_mapping(self, value: Mapping[str, Any]) -> Call | None:
        name = next((value[key] for key in _NAME_KEYS if key in value), None)
        if self._only and not isinstance(name, dict) and name != self._only:
            return self._checked(self._only, value)
        if isinstance(name, dict):  # {"function": {"name": …, "arguments": …}}
            return self._from_mapping(name)
        arguments: Any = next((value[key] for key in _ARGUMENT_KEYS if key in value), {})
        if isinstance(arguments, str):
            try:
                arguments = STRICT_JSON.decode(arguments)
            except ValueError as error:
                self._refuse(name, f"its arguments are not JSON ({error})")
                return None
        if not isinstance(name, str) or not isinstance(arguments, dict):
            self._refuse(name, "its arguments must be a JSON object")
            return None
        return self._checked(name, arguments)

    def _read_written(self, text: str) -> Call | None:
        text = text.strip()
        if text.endswith((";", ".")):
            text = text[:-1].rstrip()
        match = _CALL_HEAD.match(text)
        if match is None or match.group(1) not in self._functions or not text.endswith(")"):
            return None
        name, inside = match.group(1), text[match.end() : -1]
        if inside.strip().startswith("{"):
            calls = self._read_json(json.dumps({"name": name, "arguments": inside}))
            return calls[0] if calls else None
        parameters = [parameter for parameter, _, _ in _parameters(self._functions[name])]
        # What is given to a function that takes nothing means nothing.
        arguments = _written_arguments(inside, parameters) if self._takes_any(name) else {}
        if arguments is None:
            self._refuse(name, "its arguments cannot be told apart")
            return None
        return self._checked(name, arguments)

    def _takes_any(self, name: str) -> bool:
        """Whether a function has parameters, named or not."""
        schema = self._functions[name].parameters or {}
        return bool(schema.get("properties") or schema.get("additionalProperties"))

    def _checked(self, name: str, arguments: Mapping[str, Any]) -> Call | None:
        function = self._functions.get(name)
        if function is None:
            return None
        schema = function.parameters or {"type": "object"}
        properties = {parameter: part for parameter, part, _ in _parameters(function)}
        unknown = sorted(set(arguments) - set(properties))
        if unknown and not schema.get("additionalProperties"):
            self._refuse(name, f"it has no argument {unknown[0]!r}")
            return None
        fitted = {key: _fit(value, properties.get(key, {}), schema) for key, value in arguments.items()}
        required = {parameter for parameter, _, is_required in _parameters(function) if is_required}
        fitted = {key: value for key, value in fitted.items() if value is not None or key in required}
        problem = problem_with(fitted, schema)
        if problem:
            self._refuse(name, problem)
            return None
        return Call(name, fitted)

    def _refuse(self, name: object, problem: str) -> None:
        """Remember why a call of a function on offer is not valid."""
        if isinstance(name, str) and name in self._functions:
            self.problem = f"{name}: {problem}"


def _unwrapped(body: str) -> str:
    """Without a code fence's or tag's beginning and end."""
    opening = _OPENING.match(body)
    body = body[opening.end() :] if opening else body
    for closing in _CLOSINGS:
        body = body.removesuffix(closing)
    return body.strip()


def _written_arguments(text: str, parameters: Sequence[str]) -> dict[str, Any] | None:
    """`"red cube", target="bowl"` as a mapping; None if it makes no sense."""
    arguments: dict[str, Any] = {}
    for position, piece in enumerate(split_top(text, ",")):
        bare = _BARE_ARGUMENT.match(piece.strip())
        assert bare is not None
        key, value = bare.groups()
        if key is None and position < len(parameters):
            key = parameters[position]
        if not value or key is None or key in arguments:
            return None
        arguments[key] = _literal(value)
    return arguments


def _parameters(function: Function) -> list[tuple[str, Mapping[str, Any], bool]]:
    """Name, schema and whether it is required; required ones first, as in the signature."""
    schema = function.parameters or {}
    required = set(schema.get("required") or ())
    properties = (schema.get("properties") or {}).items()
    rows = [(name, part if isinstance(part, dict) else {}, name in required) for name, part in properties]
    return sorted(rows, key=lambda row: not row[2])


def _hint(schema: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """What a value may be, where its name does not say it."""
    schema = resolved(schema, root)
    if "enum" in schema:
        return ": " + "|".join(str(value) for value in schema["enum"])
    kind = schema.get("type")
    unit = schema.get("description") if kind in ("number", "integer") else None
    if kind in ("number", "integer"):
        return f": {kind}" + (f" {unit}" if unit and len(unit) <= 24 else "")
    if kind in ("array", "object"):
        return f": {type_text(schema, root)}"
    return ": boolean" if kind == "boolean" else ""


def _literal(text: str) -> Any:
    """A Python or JSON literal, else the words themselves."""
    if text in ("null", "true", "false"):
        return json.loads(text)
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text.strip("\"'“”")
    return value if isinstance(value, str | int | float | bool | list | dict | None) else text


def _fit(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """A value of the type that the schema wants, where it was only written differently."""
    wanted = _wanted_types(schema, root)
    if isinstance(value, str) and "string" not in wanted:
        return _read_as(value, wanted)
    if isinstance(value, float) and value.is_integer() and "integer" in wanted and "number" not in wanted:
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and wanted == {"string"}:
        return str(value)
    return value


def _wanted_types(schema: Mapping[str, Any], root: Mapping[str, Any]) -> set[str]:
    schema = resolved(schema, root)
    parts = [schema, *(resolved(part, root) for part in schema.get("anyOf", ()) if isinstance(part, dict))]
    kinds = [part.get("type") for part in parts]
    return {name for kind in kinds for name in (kind if isinstance(kind, list) else [kind]) if name}


def _read_as(text: str, wanted: set[str]) -> Any:
    """A quoted number, truth value, list or object without its quotes."""
    if wanted & {"number", "integer"}:
        try:
            number = float(text)
        except ValueError:
            return text
        if not math.isfinite(number):
            return text
        return int(number) if "integer" in wanted and number.is_integer() else number
    if wanted & {"boolean", "array", "object"}:
        try:
            value = json.loads(text.lower() if "boolean" in wanted else text)
        except (ValueError, RecursionError):
            return text
        return value
    return text


def _split_calls(text: str) -> list[str]:
    return split_top(text, "\n;")
