# SPDX-License-Identifier: Apache-2.0
"""The word classes of a core grammar, from config/sentences/words_<language>.yaml: phrase → what it can be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from voice_agent_ros.config_files import config_path
from voice_agent_ros.errors import ConfigurationError

Phrase = tuple[str, ...]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Verb:
    """What a verb form can mean.

    Attributes:
        senses: names of the classes that have it.
        form: "base", "ing" or "done" (the participle, where it is not the infinitive).
    """

    senses: frozenset[str]
    form: str = "base"


@dataclass(frozen=True)
class Lexicon:
    """Words of one language.

    Attributes:
        verbs: phrase → its forms.
        phrases: phrase → names of the classes that have it.
        classes: class → its phrases, for those that are parts of noun phrases.
        longest: words of the longest phrase.
    """

    verbs: Mapping[Phrase, tuple[Verb, ...]]
    phrases: Mapping[Phrase, frozenset[str]]
    classes: Mapping[str, frozenset[Phrase]]
    longest: int


@lru_cache(maxsize=2)
def lexicon(language: str) -> Lexicon:
    """The words of a language.

    Raises:
        ConfigurationError: the file is missing, or does not fit.
    """
    try:
        return _built(load_words(f"words_{language}"))
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"The words of {language!r} do not fit: {error}.", "Compare with config/sentences/words_en.yaml."
        ) from error


@lru_cache(maxsize=8)
def load_words(name: str) -> Mapping[str, Any]:
    """A file of config/sentences, by its name without ".yaml".

    Raises:
        ConfigurationError: it is missing, or no YAML mapping.
    """
    try:
        text = config_path(f"sentences/{name}.yaml").read_text(encoding="utf-8")
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, the fast one where there is one
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"config/sentences/{name}.yaml cannot be read: {error}.", "Compare with the package's own."
        ) from error
    if not isinstance(data, dict):
        raise ConfigurationError(
            f"config/sentences/{name}.yaml is no mapping.", "Compare with the package's own."
        )
    return data


def _built(data: Mapping[str, Any]) -> Lexicon:
    irregular: Mapping[str, list[str]] = data.get("irregular") or {}
    forms: dict[Phrase, dict[str, set[str]]] = {}
    for sense, text in (data.get("verbs") or {}).items():
        for phrase in _listed(text):
            for form, words in verb_forms(phrase, irregular):
                forms.setdefault(words, {}).setdefault(form, set()).add(sense)
    phrases: dict[Phrase, set[str]] = {}
    for name, text in (data.get("phrases") or {}).items():
        for phrase in _listed(text):
            phrases.setdefault(tuple(phrase.split()), set()).add(name)
    classes = {
        name: frozenset(tuple(phrase.split()) for phrase in _listed(text))
        for name, text in data.items()
        if name not in ("verbs", "irregular", "phrases")
    }
    every = (*forms, *phrases, *(phrase for members in classes.values() for phrase in members))
    return Lexicon(
        {
            words: tuple(Verb(frozenset(senses), form) for form, senses in by_form.items())
            for words, by_form in forms.items()
        },
        {words: frozenset(names) for words, names in phrases.items()},
        classes,
        max((len(words) for words in every), default=1),
    )


def _listed(text: str | list[str]) -> list[str]:
    return [str(one).strip() for one in (text.split(",") if isinstance(text, str) else text)]


def verb_forms(phrase: str, irregular: Mapping[str, list[str]]) -> list[tuple[str, Phrase]]:
    """The infinitive, the "-ing" form and the participle of a verb with its particle."""
    first, *rest = phrase.split()
    ing, done = irregular.get(first) or (_ing(first), _done(first))
    found = [("base", (first, *rest)), ("ing", (ing, *rest))]
    if done != first:
        found.append(("done", (done, *rest)))
    return found


def _ing(verb: str) -> str:
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return f"{verb[:-1]}ing"
    return f"{verb}ing"


def _done(verb: str) -> str:
    if verb.endswith("e"):
        return f"{verb}d"
    if re.search(r"[^aeiou]y$", verb):
        return f"{verb[:-1]}ied"
    return f"{verb}ed"
