# SPDX-License-Identifier: Apache-2.0
"""JSON schemas that clients send: checked, applied, and written short enough for a small model.

Nothing is ever fetched: a `$ref` to somewhere else is an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

DEPTH_MAX = 8
DESCRIPTION_MAX_CHARACTERS = 120
_SIMPLE = {"string": "string", "boolean": "boolean", "null": "null", "number": "number", "integer": "integer"}


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# Python's decoder knows NaN and Infinity, which no other would read back.
STRICT_JSON = json.JSONDecoder(parse_constant=_refuse)


def schema_problem(schema: Mapping[str, Any]) -> str:
    """Why this is no usable JSON schema; empty if it is one."""
    from jsonschema import SchemaError

    try:
        _validator_class(schema).check_schema(schema)
    except SchemaError as error:
        return error.message
    except RecursionError:
        return "it is nested too deeply"
    for reference in _references(schema):
        if not reference.startswith("#"):
            return f"$ref {reference!r} points outside of the schema"
    return ""


def problem_with(value: Any, schema: Mapping[str, Any]) -> str:
    """Why a value does not fit a schema, in words a model can act on; empty if it does."""
    from jsonschema import ValidationError
    from jsonschema.exceptions import best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        validator = _validator_class(schema)(schema, registry=Registry())
        error: ValidationError | None = best_match(validator.iter_errors(value))
    except Unresolvable as unresolvable:
        return f"the schema's reference {unresolvable.ref!r} leads nowhere"
    except RecursionError:
        return "it is nested too deeply"
    if error is None:
        return ""
    where = ".".join(str(part) for part in error.absolute_path)
    return f"{where}: {error.message}" if where else error.message


def type_text(schema: Any, root: Mapping[str, Any] | None = None, depth: int = 0) -> str:
    """A schema in the notation of TypeScript: a third of the tokens, and models know it."""
    if not isinstance(schema, Mapping) or depth > DEPTH_MAX:
        return "any"
    root = schema if root is None else root
    schema = resolved(schema, root)
    if "const" in schema:
        return _json(schema["const"])
    if isinstance(schema.get("enum"), list):
        return " | ".join(_json(value) for value in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            return " | ".join(dict.fromkeys(type_text(part, root, depth + 1) for part in schema[key]))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(type_text({**schema, "type": part}, root, depth + 1) for part in kind)
    if kind == "array":
        return f"[{type_text(schema.get('items', {}), root, depth + 1)}, ...]"
    if kind == "object" or "properties" in schema:
        return _object_text(schema, root, depth)
    return _SIMPLE.get(str(kind), "any")


def first_key(schema: Mapping[str, Any]) -> str | None:
    """The key with which an object of this schema can begin; None if it need not be an object with one."""
    top = resolved(schema, schema)
    if top.get("type") != "object":
        return None
    required = top.get("required") or ()
    return next((str(key) for key in top.get("properties") or {} if key in required), None)


def _object_text(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> str:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        values = schema.get("additionalProperties")
        return f"{{[key]: {type_text(values, root, depth + 1)}}}" if isinstance(values, Mapping) else "{}"
    required = schema.get("required") or ()
    parts = []
    for name, part in properties.items():
        about = resolved(part, root).get("description") if isinstance(part, Mapping) else None
        about = " ".join(str(about).split()) if about else ""
        note = f" /* {about} */" if about and len(about) <= DESCRIPTION_MAX_CHARACTERS else ""
        optional = "" if name in required else "?"
        parts.append(f"{_json(name)}{optional}: {type_text(part, root, depth + 1)}{note}")
    return "{" + ", ".join(parts) + "}"


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


def _references(schema: Any) -> list[str]:
    """Every `$ref` in a schema."""
    found: list[str] = []
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            if isinstance(part.get("$ref"), str):
                found.append(part["$ref"])
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found


def _validator_class(schema: Mapping[str, Any]) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    return validator_for(schema, default=Draft202012Validator)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
