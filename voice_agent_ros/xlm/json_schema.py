# SPDX-License-Identifier: Apache-2.0
"""JSON schemas that clients send: checked, and applied within bounds, as whoever may ask may also be careless.

Nothing is ever fetched: a `$ref` to somewhere else is an error. A pattern that takes for ever, or references that
multiply, end the check and not the server.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import regex

PATTERN_S = 0.05
REFERENCES_MAX = 5_000
SCHEMA_MAX_CHARACTERS = 65_536
SCHEMAS_REMEMBERED = 256


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# Python's decoder knows NaN and Infinity, which no other would read back.
STRICT_JSON = json.JSONDecoder(parse_constant=_refuse)
_spent = threading.local()


class _TooMuch(Exception):
    """The check takes too long; the text says what does."""


def schema_problem(schema: Mapping[str, Any]) -> str:
    """Why this is no usable JSON schema; empty if it is one.

    It takes ten milliseconds for each kilobyte, seconds for the largest; what clients send again and again is remembered.
    """
    try:
        text = json.dumps(schema)
    except RecursionError:
        return "it is nested too deeply"
    if len(text) > SCHEMA_MAX_CHARACTERS:
        return f"it is longer than {SCHEMA_MAX_CHARACTERS} characters"
    return _problem_in(text)


@functools.lru_cache(SCHEMAS_REMEMBERED)
def _problem_in(text: str) -> str:
    from jsonschema import SchemaError

    schema = json.loads(text)
    try:
        _base_class(schema).check_schema(schema)
    except SchemaError as error:
        return error.message
    except RecursionError:
        return "it is nested too deeply"
    for reference in _references(schema):
        if not reference.startswith("#"):
            return f"$ref {reference!r} points outside of the schema"
        if not _leads_somewhere(reference, schema):
            return f"$ref {reference!r} leads nowhere"
    return ""


def problem_with(value: Any, schema: Mapping[str, Any]) -> str:
    """Why a value does not fit a schema, in words a model can act on; empty if it does."""
    from jsonschema import ValidationError
    from jsonschema.exceptions import best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    _spent.references = 0
    try:
        validator = _bounded_class(_base_class(schema))(schema, registry=Registry())
        error: ValidationError | None = best_match(validator.iter_errors(value))
    except Unresolvable as unresolvable:
        return f"the schema's reference {unresolvable.ref!r} leads nowhere"
    except _TooMuch as too_much:
        return str(too_much)
    except RecursionError:
        return "it is nested too deeply"
    if error is None:
        return ""
    where = ".".join(str(part) for part in error.absolute_path)
    return f"{where}: {error.message}" if where else error.message


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


def _leads_somewhere(reference: str, schema: Mapping[str, Any]) -> bool:
    """Whether a pointer into the schema points at something; of names of other kinds the check itself will tell."""
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    if not reference.startswith("#/") or "$id" in schema:
        return True
    registry: Registry[Any] = Registry().with_resource("", DRAFT202012.create_resource(schema))
    try:
        registry.resolver().lookup(reference)
    except (Unresolvable, ValueError, TypeError):  # through a number, say
        return False
    return True


def _base_class(schema: Mapping[str, Any]) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    return validator_for(schema, default=Draft202012Validator)


@functools.cache
def _bounded_class(base: Any) -> Any:
    """A draft's validator with bounds on what can run away."""
    from jsonschema.validators import extend

    own: dict[str, Any] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        # They look at names through patterns, too; nobody asks a model for what they express.
        "unevaluatedProperties": _anything,
    }
    for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
        if keyword in base.VALIDATORS:
            own[keyword] = functools.partial(_counted, base.VALIDATORS[keyword])
    return extend(base, {keyword: check for keyword, check in own.items() if keyword in base.VALIDATORS})


def _counted(check: Any, validator: Any, reference: Any, instance: Any, schema: Any) -> Iterator[Any]:
    _spent.references += 1
    if _spent.references > REFERENCES_MAX:
        raise _TooMuch("the schema's references lead on and on")
    yield from check(validator, reference, instance, schema) or ()


def _matches(pattern: str, text: str) -> bool:
    try:
        return regex.search(pattern, text, timeout=PATTERN_S) is not None
    except TimeoutError as error:
        raise _TooMuch(f"the pattern {pattern!r} takes too long") from error
    except regex.error:  # it is written for another language's expressions
        return True


def _pattern(validator: Any, pattern: str, instance: Any, _: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if validator.is_type(instance, "string") and not _matches(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], instance: Any, _: Any) -> Iterator[Any]:
    if validator.is_type(instance, "object"):
        for pattern, part in patterns.items():
            for name, value in instance.items():
                if _matches(pattern, name):
                    yield from validator.descend(value, part, path=name, schema_path=pattern)


def _additional_properties(validator: Any, rest: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not validator.is_type(instance, "object"):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extra = [
        name
        for name in instance
        if name not in known and not any(_matches(pattern, name) for pattern in patterns)
    ]
    if validator.is_type(rest, "object"):
        for name in extra:
            yield from validator.descend(instance[name], rest, path=name)
    elif not rest and extra:
        yield ValidationError(f"there is no {', '.join(map(repr, extra[:3]))} in it")


def _anything(*_: Any) -> Iterator[Any]:
    yield from ()
