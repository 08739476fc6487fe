# SPDX-License-Identifier: Apache-2.0
"""Somebody says what is meant beside what is not: "don't go left, go right", "go left, not right"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voice_agent_ros.intent.skills import SkillCall

_LEAD_EN = r"(?:(?:no|please|hey|robot|ok|okay|um|uh|well|so|i said|i mean)\b[, ]*)*"
_DENIED_FIRST_EN = (
    re.compile(
        rf"^{_LEAD_EN}(?:don't|do not|dont|not)(?: to)? (?P<denied>[^,.;:?]+?)"
        r"(?: ?[,.;:–—-]+ (?:no,? |but |rather |instead |please |just )*| but (?:rather |instead )?| rather | instead )(?P<kept>[^?]+)$"
    ),
    re.compile(
        rf"^{_LEAD_EN}(?:don't|do not|dont) (?P<denied>(?P<verb>[a-z]+) [^,.;:?]+?) (?P<kept>(?P=verb) [^?]+)$"
    ),
)
_DENIED_LAST_EN = (
    re.compile(
        rf"^{_LEAD_EN}(?P<kept>[^?]+?)(?:[,;.]+ ?(?:and |but )?| )(?:not|don't|do not) (?P<denied>[^,.;:?]+)[.! ]*$"
    ),
)
_LEAD_ZH = r"(?:(?:不|请|你|嗯|呃|那个|机器人)[,， ]*)*?"
_DENIED_FIRST_ZH = (
    re.compile(
        rf"^{_LEAD_ZH}(?:别|不要|不是|不能|甭)(?P<denied>[^,，。;；?？!！]+?)(?:[,，。;；!！ ]+(?:而?是|要|应该|改|请)?|而是)(?P<kept>[^?？]+)$"
    ),
    re.compile(
        rf"^{_LEAD_ZH}(?:别|不要|不是)(?P<denied>(?P<how>[往向朝])[左右上下前后]边?(?:走|移动?|去)?)是?(?P<kept>(?P=how)[^?？]+)$"
    ),
)
_DENIED_LAST_ZH = (
    re.compile(
        rf"^{_LEAD_ZH}(?P<kept>[^?？]+?)[,，。;；!！ ]+(?:别|不要|不是|而不是)(?P<denied>[^,，。;；?？]+)$"
    ),
    re.compile(r"^(?P<kept>[^?？]+?)(?:而不是|而不要|(?<![是对])不是)(?P<denied>[^,，。;；?？]+)$"),
)
_FAMILIES = (
    {"pick", "place", "pick_and_place", "hand_over"},
    {"open_gripper", "close_gripper"},
    {"move_joint", "rotate_gripper"},
)
_OF_SOMETHING = ("place", "hand_over")
_SEQUEL = {
    "en": re.compile(r"^(?:and )?(?:then|next|once|when|after|before|finally)\b"),
    "zh": re.compile(r"^(?:然后|接着|再|之后|最后)"),
}
_NO_VERB = re.compile(rf"^{_LEAD_EN}not\b")
_WAY = re.compile(r"\b(?:left|right|up|down|forwards?|ahead|backwards?|back|away|towards)\b")
_MAX_LENGTH = 160  # characters


def contrasted(text: str, language: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Ways to read what a folded text may mean, with ways to read what it may rule out."""
    if len(text) > _MAX_LENGTH:
        return
    plain = text.strip()
    chinese = language == "zh"
    for pattern in _DENIED_FIRST_ZH if chinese else _DENIED_FIRST_EN:
        if match := pattern.match(plain):
            kept = match["kept"].strip()
            if _SEQUEL["zh" if chinese else "en"].match(kept):
                continue  # "don't take it, then put it there" forbids both
            # "not left, right"; "don't go left, right" agrees, and "not the red cube, the blue one" names no way
            is_way = not chinese and _NO_VERB.match(plain) and _WAY.search(kept)
            yield (kept, f"to the {kept}") if is_way else (kept,), _denials(match["denied"].strip(), chinese)
    for pattern in _DENIED_LAST_ZH if chinese else _DENIED_LAST_EN:
        if match := pattern.match(plain):
            yield (match["kept"].strip(),), _denials(match["denied"].strip(), chinese)


def excludes(meant: SkillCall, denied: SkillCall) -> bool:
    """Whether one can be meant instead of the other: the same kind of thing to do, but not the same."""
    if meant == denied:
        return False
    needs_a_thing = meant.skill in _OF_SOMETHING and meant.arguments.model_dump().get("object") is None
    if needs_a_thing and denied.skill not in (*_OF_SOMETHING, "pick_and_place"):
        return False  # "don't pick up the red cube, put it in the bowl": nothing is left to be put there
    together = any({meant.skill, denied.skill} <= family for family in _FAMILIES)
    return together or meant.skill == denied.skill


def _denials(denied: str, chinese: bool) -> tuple[str, ...]:
    """ "Right" alone agrees; beside a "not" it is a way to go, as a thing is one to take."""
    if chinese:
        return (denied, f"往{denied}", f"拿{denied}")
    return (denied, f"go to the {denied}", f"take {denied}", f"put it {denied}")
