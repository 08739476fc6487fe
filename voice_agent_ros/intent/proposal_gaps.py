# SPDX-License-Identifier: Apache-2.0
"""A model's call that is right but for one argument: that one is asked for, and the answer completes the call.

Everything else about it must be what the sentence says, word by word; the bridge reads the whole back in any case.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from voice_agent_ros.intent.gaps import gap
from voice_agent_ros.intent.grounding import PLACE_UNUSED, ungrounded
from voice_agent_ros.intent.names import resolve
from voice_agent_ros.intent.phrases import PHRASES
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.settling import exact_arguments
from voice_agent_ros.intent.skills import SKILLS, SkillCall
from voice_agent_ros.intent.utterance import GrammarResult
from voice_agent_ros.llm.chat import Finished


def proposal_gap(
    reply: Finished, offered: Collection[str], text: str, scene: Scene, language: str
) -> GrammarResult | None:
    """The one argument that is missing or that nobody said, as a gap; None: more than that is wrong.

    Args:
        offered: the skills that the model could choose among.
    """
    proposed = dict.fromkeys((call.name, call.arguments_json) for call in reply.calls)
    if len(proposed) != 1:
        return None
    name, written = next(iter(proposed))
    given = _object(written)
    if given is None or name not in offered or name not in SKILLS:
        return None
    skill = SKILLS[name]
    if not skill.arguments.offered_to_llm:
        return None
    exact = exact_arguments(name, given, text, scene, language)
    for slot, field in skill.arguments.model_fields.items():
        if not field.is_required() or f"ask_{slot}" not in PHRASES["en"]:
            continue
        rest = {key: value for key, value in exact.items() if key != slot and value is not None}
        if not (rest or len(offered) == 1) or not _lacks_only(slot, name, rest):
            continue
        against = ungrounded(_unfinished(name, rest), text, scene, language)
        if [reason for reason in against if slot != "target" or reason != PLACE_UNUSED]:
            continue
        choices = resolve(exact[slot], scene, language) if isinstance(exact.get(slot), str) else []
        return gap(name, slot, rest, choices if len(choices) > 1 else ())
    return None


def several_meant(call: SkillCall, scene: Scene, language: str) -> GrammarResult | None:
    """Which of several things a call means, as a gap; None: it leaves that to nobody."""
    given = call.arguments.model_dump(exclude_none=True)
    for slot in ("object", "target"):
        if slot in given and scene.find(str(given[slot])) is None:
            choices = resolve(str(given[slot]), scene, language)
            if len(choices) > 1:
                return gap(call.skill, slot, {key: given[key] for key in given if key != slot}, choices)
    return None


def _object(written: str) -> dict[str, Any] | None:
    try:
        value = json.loads(written or "{}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _lacks_only(slot: str, skill: str, rest: dict[str, Any]) -> bool:
    try:
        SKILLS[skill].arguments.model_validate(rest)
    except ValidationError as error:
        return [(one["type"], one["loc"]) for one in error.errors()] == [("missing", (slot,))]
    return False


def _unfinished(skill: str, rest: dict[str, Any]) -> SkillCall:
    """To be judged word by word, never to be sent: `rest` has been validated, one argument is not there."""
    return SkillCall(SKILLS[skill].arguments.model_construct(**rest))
