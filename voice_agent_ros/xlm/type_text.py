# SPDX-License-Identifier: Apache-2.0
"""JSON schemas in the notation of TypeScript: a third of the tokens, and models know it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

DEPTH_MAX = 8
DESCRIPTION_MAX_CHARACTERS = 120
# A schema that refers to itself grows with every level; more than this is too long for a console line anyway.
PARTS_MAX = 1_000
_SIMPLE = {"string": "string", "boolean": "boolean", "null": "null", "number": "number", "integer": "integer"}


def type_text(schema: Any, root: Mapping[str, Any] | None = None) -> str:
    """A schema as a type.

    Args:
        schema: what is to be written.
        root: what its references are relative to; default: itself.
    """
    return _Writer(schema if root is None else root).text(schema, 0)


class _Writer:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._left = PARTS_MAX

    def text(self, schema: Any, depth: int) -> str:
        self._left -= 1
        if not isinstance(schema, Mapping) or depth > DEPTH_MAX or self._left < 0:
            return "any"
        schema = resolved(schema, self._root)
        if "const" in schema:
            return _json(schema["const"])
        if isinstance(schema.get("enum"), list):
            return " | ".join(_json(value) for value in schema["enum"])
        for key in ("anyOf", "oneOf"):
            if isinstance(schema.get(key), list):
                return " | ".join(dict.fromkeys(self.text(part, depth + 1) for part in schema[key]))
        kind = schema.get("type")
        if isinstance(kind, list):
            return " | ".join(self.text({**schema, "type": part}, depth + 1) for part in kind)
        if kind == "array":
            return f"[{self.text(schema.get('items', {}), depth + 1)}, ...]"
        if kind == "object" or "properties" in schema:
            return self._object(schema, depth)
        return _SIMPLE.get(str(kind), "any")

    def _object(self, schema: Mapping[str, Any], depth: int) -> str:
        properties = schema.get("properties")
        if not isinstance(properties, Mapping) or not properties:
            values = schema.get("additionalProperties")
            return f"{{[key]: {self.text(values, depth + 1)}}}" if isinstance(values, Mapping) else "{}"
        required = schema.get("required") or ()
        parts = []
        for name, part in properties.items():
            about = resolved(part, self._root).get("description") if isinstance(part, Mapping) else None
            about = " ".join(str(about).split()) if about else ""
            note = f" /* {about} */" if about and len(about) <= DESCRIPTION_MAX_CHARACTERS else ""
            optional = "" if name in required else "?"
            parts.append(f"{_json(name)}{optional}: {self.text(part, depth + 1)}{note}")
        return "{" + ", ".join(parts) + "}"


def first_key(schema: Mapping[str, Any]) -> str | None:
    """The key with which an object of this schema can begin; None if it need not be an object with one."""
    top = resolved(schema, schema)
    if top.get("type") != "object":
        return None
    required = top.get("required") or ()
    return next((str(key) for key in top.get("properties") or {} if key in required), None)


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that a `$ref` within the same schema means."""
    for _ in range(DEPTH_MAX):
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#"):
            break
        target: Any = root
        for part in reference.lstrip("#/").split("/"):
            if part:
                target = (
                    target.get(part.replace("~1", "/").replace("~0", "~"))
                    if isinstance(target, Mapping)
                    else None
                )
        if not isinstance(target, Mapping):
            return {}
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
