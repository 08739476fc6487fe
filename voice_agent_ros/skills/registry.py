# SPDX-License-Identifier: Apache-2.0
"""Finds the skills: every module of this package, and what other packages offer under an entry point."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

import voice_agent_ros.skills as package
from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.skills import Skill

ENTRY_POINT_GROUP = "voice_agent_ros.skills"


@lru_cache(maxsize=1)
def load() -> Mapping[str, Skill]:
    """All skills by name, those of this package first.

    Raises:
        ConfigurationError: an added skill cannot be loaded, or takes the name of another.
    """
    skills = {skill.name: skill for skill in own()}
    for name, skill in added(entry_points(group=ENTRY_POINT_GROUP)):
        if skill.name in skills:
            raise ConfigurationError(
                f"The entry point {name} defines a skill {skill.name!r}, which there is already.",
                "Give it another name.",
            )
        skills[skill.name] = skill
    return MappingProxyType(skills)


def own() -> list[Skill]:
    """The package's own skills, in the order of their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = (importlib.import_module(f"{package.__name__}.{name}") for name in names if name != "registry")
    return [module.SKILL for module in modules]


def added(points: Iterable[EntryPoint]) -> list[tuple[str, Skill]]:
    """The skills of entry points, each with the entry point's name.

    Raises:
        ConfigurationError: one cannot be imported, or is no `Skill`.
    """
    found = []
    for point in points:
        fix = f"Mend or uninstall the package that offers {point.value}."
        try:
            skill = point.load()
        except (ImportError, AttributeError, SyntaxError) as error:
            raise ConfigurationError(f"The skill {point.name} cannot be loaded: {error}.", fix) from error
        if not isinstance(skill, Skill):
            raise ConfigurationError(
                f"The entry point {point.name} is a {type(skill).__name__}, no Skill.", fix
            )
        found.append((point.name, skill))
    return found
