# SPDX-License-Identifier: Apache-2.0
"""The sentence grammar: words → skill calls in milliseconds, from templates in config/sentences/<language>.yaml."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import yaml

from voice_agent_ros.config_files import config_path
from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent import clause_en, clause_zh, skill_clauses, skill_frames
from voice_agent_ros.intent.bag import Meaning
from voice_agent_ros.intent.cues import is_no_way
from voice_agent_ros.intent.discourse import Discourse
from voice_agent_ros.intent.gaps import completed_by_all, gap
from voice_agent_ros.intent.mood import judge_mood
from voice_agent_ros.intent.names import pose_references, references, resolve, without_determiner
from voice_agent_ros.intent.requests import without_frame, without_reason
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.scene_questions import asks_what_is_seen
from voice_agent_ros.intent.skills import SKILLS, SkillCall, SkillError, parse_call
from voice_agent_ros.intent.slots import Tokens, senses, signed, tokenised
from voice_agent_ros.intent.stop_phrases import find_stop_phrase
from voice_agent_ros.intent.things import is_thing
from voice_agent_ros.intent.utterance import GrammarResult, Utterance
from voice_agent_ros.intent.vocabulary import colour_of
from voice_agent_ros.intent.wordings import bare, folded, plainly, script_of, without_leading_no

__all__ = ["LANGUAGES", "GrammarResult", "SentenceGrammar", "SentenceGrammars"]

LANGUAGES = ("en", "zh")
_MAX_WORDS = 60  # longer speech is no command, and matching must stay fast
_MAX_UNKNOWN = {"en": 4, "zh": 8}  # words or characters of a name that nobody knows
_NAMED = {"object", "target"}
_NAMING = re.compile(
    r"\b(?:remember|save|store|memori[sz]e|mark|call|called|name|named|label|learn|forget|delete|remove|erase|known)\b"
    r"|记|存|叫|忘|删|设|命名|标"
)
_BROKEN_OFF = 4  # words or characters
_NUMBER = re.compile(
    r"\d[\d.]*|one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|twenty|thirty|forty|fifty|by|(?:joint|angle|factor)\d+"
)
_OPEN_NAME = re.compile(r"\{(?:object|target|pose)\}")
_NAMING_SKILLS = ("remember_place", "forget_place")
_AT_REST = ("pause", "set_speed", "continue", "repeat", "undo", "resume", "wave")
_OF_THE_PAST = ("undo", "repeat", "continue")
_FREE = {"name"}  # people call a place what they like
_NEVER_FREE = re.compile(r"\b(?:and|it|that|this|then|not|don't|here|there)\b|然后|[它吗呢？?]|这里")


@dataclass(frozen=True)
class _Reading:
    """One way to match a sentence."""

    skill: str
    arguments: Mapping[str, Any]
    meant: Mapping[str, tuple[str, ...]]  # slot → names of what its words can mean
    unknown_words: int


class SentenceGrammar:
    """The grammar of one language.

    Args:
        language: "en" or "zh".
        sentences: text of a sentence file; None: the configured one.

    Raises:
        ConfigurationError: there is no such language, or its file does not fit.
    """

    def __init__(self, language: str, sentences: str | None = None) -> None:
        from hassil import Intents

        if language not in LANGUAGES:
            raise ConfigurationError(
                f"There are no sentences in {language!r}.", f"Languages: {', '.join(LANGUAGES)}."
            )
        self.language = language
        try:
            text = sentences or config_path(f"sentences/{language}.yaml").read_text(encoding="utf-8")
            data = yaml.safe_load(text)
            intents = _sentences(language, data.get("intents"))
            self._known = Intents.from_dict({**data, "intents": intents})
            self._open = Intents.from_dict({**data, "intents": _with_open_names(intents)})
            for intent in (*self._known.intents.values(), *self._open.intents.values()):
                for block in intent.data:
                    _ = block.sentences  # parsed now: the first sentence must not wait for it
            self._anywhere = _alternatives(data.get("leave_out", ()))
            self._first = _alternatives(data.get("leave_out_first", ()))
            self._last = _alternatives(data.get("leave_out_last", ()))
            self._no_name = _alternatives(data["never_in_a_name"])
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(
                f"The sentences of {language!r} do not fit: {error}.",
                "Compare with config/sentences/en.yaml.",
            ) from error
        # The first sentence must not wait for what is built on first use.
        skill_frames.skill_words(language)
        self.parse("raise the arm by ten centimetres" if language == "en" else "向上移动十厘米", Scene())

    def parse(self, text: str, scene: Scene, said: Discourse | None = None) -> GrammarResult:
        """What a person wants done, if the sentence is one of the grammar's and its mood is a command's.

        Args:
            said: what "it" and "there" mean; None: nothing that is known here.
        """
        began = time.perf_counter()
        result = self._parse(text, scene, said)
        calls = tuple(SkillCall(call.arguments, str(index)) for index, call in enumerate(result.calls))
        return replace(result, calls=calls, elapsed_s=time.perf_counter() - began)

    def _parse(self, text: str, scene: Scene, said: Discourse | None) -> GrammarResult:
        if find_stop_phrase(text, self.language):
            return GrammarResult((parse_call("stop", {}),))
        return Utterance(text, self.language, scene, self._sentence, self._covers).understood(said)

    def _sentence(self, text: str, scene: Scene) -> GrammarResult:
        """A single command in its own words."""
        said = without_reason(folded(text), self.language)
        plain, tokens = tokenised(plainly(bare(without_leading_no(said)), self.language))
        if not plain or len(plain.split()) > _MAX_WORDS:
            return GrammarResult()
        meaning = self._core(plain, dict(tokens.get("distance", ())), scene)
        if meaning is not None and meaning.skill == "move_by" and is_no_way(said):
            meaning = None
        if meaning is not None and not meaning.missing:
            return self._meant(meaning, said, scene)
        meaning = skill_clauses.read(plain, self._prepared(plain), tokens, scene, self.language) or meaning
        if meaning is not None and not meaning.missing:
            return self._meant(meaning, said, scene)
        readings = self._templates(plain, tokens, scene)
        if not readings:
            return self._meant(meaning, said, scene) if meaning is not None else GrammarResult()
        best = min(readings, key=lambda r: (r.unknown_words, -len(r.arguments), -len(r.skill)))
        if not self._may_be_meant(best.skill, said):
            return GrammarResult()
        return self._result(best)

    def _core(self, plain: str, distances: dict[str, float], scene: Scene) -> Meaning | None:
        """What the core grammar reads, which knows sentences by their parts."""
        if self.language == "zh":
            words = self._prepared(plain).replace(" ", "")
            if any(asks_what_is_seen(one, "zh") for one in (plain.replace(" ", ""), words)):
                return Meaning("describe_scene")
            for way in dict.fromkeys((words, plain.replace(" ", ""))):
                if meaning := clause_zh.read(way, scene, distances):
                    return meaning
            return None
        request = without_frame(plain)
        if asks_what_is_seen(request.core, "en"):
            return Meaning("describe_scene")
        meaning = clause_en.read(request.core.split(), scene, distances, gerunds=request.gerunds)
        if meaning is None and request.core != plain:
            # "what I want is the red cube in the bowl": there the frame says what is to be done
            meaning = clause_en.read(plain.split(), scene, distances)
        return meaning

    def _covers(self, text: str, scene: Scene) -> bool:
        """Whether every word belongs to commands; the last few may lack what was to follow them."""
        plain, tokens = tokenised(plainly(bare(without_leading_no(text)), self.language))
        distances = dict(tokens.get("distance", ()))
        if self.language == "zh":
            words = self._prepared(plain).replace(" ", "")
            return any(
                clause_zh.covers(words[: len(words) - cut], scene, distances) for cut in range(_BROKEN_OFF)
            )
        core = [word for word in without_frame(plain).core.split() if not _NUMBER.fullmatch(word)]
        return any(clause_en.covers(core[: len(core) - cut], scene, distances) for cut in range(_BROKEN_OFF))

    def _templates(self, plain: str, tokens: Tokens, scene: Scene) -> list[_Reading]:
        """What the templates read."""
        ways = [plain] if self.language == "zh" else [plain, without_frame(plain).core]
        for words in dict.fromkeys(self._prepared(way) for way in ways):
            if words and (readings := self._readings(words, tokens, scene)):
                return readings
        return []

    def _meant(self, meaning: Meaning, text: str, scene: Scene) -> GrammarResult:
        """What the core grammar read, if its mood allows it."""
        if not self._may_be_meant(meaning.skill, text):
            return GrammarResult()
        if meaning.missing:
            choices = scene.names if meaning.missing == "object" else ()
            settled = {
                slot: value[0] if isinstance(value, tuple) and len(value) == 1 else value
                for slot, value in meaning.arguments.items()
            }
            return gap(meaning.skill, meaning.missing, settled, choices)
        names = {slot: value for slot, value in meaning.arguments.items() if isinstance(value, tuple)}
        arguments = {
            slot: names[slot][0] if slot in names else value for slot, value in meaning.arguments.items()
        }
        for slot, value in SKILLS[meaning.skill].defaults.items():
            arguments.setdefault(slot, value)
        return self._result(_Reading(meaning.skill, arguments, names, 0))

    def _may_be_meant(self, skill: str, text: str) -> bool:
        if skill == "describe_scene":
            return True
        if skill == "move_by" and is_no_way(text):
            return False
        if skill in _NAMING_SKILLS:
            # Names stand in quotes and "called …"; to forget is no negation here, and nothing moves.
            text = re.sub(
                r"(?i)[\"“”‘’「」『』《》]|\bforget\b|忘",
                " ",
                skill_frames.plainly_meant(text, self.language),
            )
            return judge_mood(text, self.language).kind not in ("negated", "question", "conditional")
        if skill in _AT_REST:
            text = skill_frames.plainly_meant(text, self.language)
        mood = judge_mood(text, self.language)
        # "go back to where you were": of what was, but to be done now.
        return mood.is_command or (mood.kind == "past" and skill in _OF_THE_PAST)

    def _prepared(self, words: str) -> str:
        """The words without fillers."""
        if self.language == "zh":
            words = words.replace(" ", "")
            words = re.sub(self._anywhere.pattern, "", words)
            return self._stripped(words)
        if self._anywhere:
            words = " ".join(re.sub(rf"\b(?:{self._anywhere.pattern})(?![\w'])", " ", words).split())
        return self._stripped(words)

    def _stripped(self, words: str) -> str:
        boundary = "" if self.language == "zh" else r"(?![\w'])"
        before = "" if self.language == "zh" else r"(?<![\w'])"
        first = re.compile(rf"^(?:(?:{self._first.pattern}){boundary} ?)+") if self._first else None
        last = re.compile(rf"(?: ?{before}(?:{self._last.pattern}))+$") if self._last else None
        words = first.sub("", words) if first else words
        return (last.sub("", words) if last else words).strip() or words.strip()

    def _readings(self, words: str, tokens: Tokens, scene: Scene) -> list[_Reading]:
        from hassil import recognize_all

        said = _said_lists(words, tokens, self.language)
        taught = tuple(place.name for place in scene.places)
        known = _known_lists(tuple(dict.fromkeys(scene.names)), scene.poses, taught, self.language)
        for intents, lists in ((self._known, known), (self._open, {**known, **_open_lists()})):
            matches = recognize_all(words, intents, slot_lists={**lists, **said})
            readings = [reading for match in matches if (reading := self._reading(match, scene))]
            if readings:
                return readings
        return []

    def _reading(self, match: Any, scene: Scene) -> _Reading | None:
        """What a match says; None if one of its names cannot be a name."""
        arguments: dict[str, Any] = {}
        meant: dict[str, tuple[str, ...]] = {}
        unknown = 0
        for slot, entity in match.entities.items():
            if not entity.is_wildcard:
                value = entity.value
                arguments[slot] = value
                if slot in _NAMED and isinstance(value, tuple):
                    meant[slot], arguments[slot] = value, value[0]
                continue
            name = without_determiner(entity.text, self.language)
            names = resolve(name, scene, self.language) if slot in _NAMED else ()
            arguments[slot] = names[0] if names else name
            if names:
                meant[slot] = names
                continue
            size = len(name.split()) if self.language == "en" else len(name)
            if not name or size > _MAX_UNKNOWN[self.language]:
                return None
            if slot in _FREE:
                if _NEVER_FREE.search(name):
                    return None
                unknown += size  # the shortest name that leaves nothing over
                continue
            if self._no_name.search(name) or self._says_more(name, scene):
                return None
            if slot in _NAMED and not is_thing(name, self.language):
                return None
            unknown += size
        for slot, value in SKILLS[match.intent.name].defaults.items():
            arguments.setdefault(slot, value)
        return _Reading(match.intent.name, signed(arguments), meant, unknown)

    def _says_more(self, name: str, scene: Scene) -> bool:
        """Whether an unknown name goes on after a known one: "red cube sitting" is more than a name."""
        known = [*references(scene, self.language), *pose_references(scene.poses, self.language)]
        if self.language == "zh":
            return any(name.startswith(phrase) for phrase in known if phrase)
        return any(
            name == phrase or re.search(rf"\b{re.escape(phrase)} \w", name) for phrase in known if phrase
        )

    def _result(self, reading: _Reading) -> GrammarResult:
        for slot, names in reading.meant.items():
            if len(names) > 1:
                rest = tuple((key, value) for key, value in reading.arguments.items() if key != slot)
                return GrammarResult(ambiguous=names, skill=reading.skill, arguments=rest, slot=slot)
        try:
            return GrammarResult((parse_call(reading.skill, reading.arguments),))
        except SkillError as error:
            return GrammarResult(problem=error.message, skill=reading.skill)


class SentenceGrammars:
    """The grammars of all languages. The language is the transcript's, or told from the script."""

    def __init__(self) -> None:
        self._grammars = {language: SentenceGrammar(language) for language in LANGUAGES}

    def parse(
        self,
        text: str,
        language: str,  # noqa: ARG002
        scene: Scene,
        said: Discourse | None = None,
    ) -> GrammarResult:
        """Parse in the language that the text is written in; the transcript's own tag may be wrong."""
        return self._grammars[script_of(text)].parse(text, scene, said)

    def prepare(self, scene: Scene) -> None:
        """Build what depends on the names of a scene, so that no sentence waits for it."""
        self._grammars["en"].parse("raise the arm by ten centimetres", scene)
        self._grammars["zh"].parse("向上移动十厘米", scene)

    def completed(self, texts: Sequence[str], scene: Scene) -> tuple[SkillCall, ...]:
        """What the last of several utterances makes of a command with a gap; nothing if it does not answer."""
        language = script_of(texts[-1])

        def parse(text: str) -> GrammarResult:
            return self.parse(text, language, scene)

        result = completed_by_all(texts, language, scene, parse)
        return result.calls if result is not None else ()

    def calls(
        self, text: str, language: str, scene: Scene, said: Discourse | None = None
    ) -> tuple[SkillCall, ...]:
        """The calls alone."""
        return self.parse(text, language, scene, said).calls


def _alternatives(phrases: Iterable[str]) -> re.Pattern[str]:
    """A pattern of any of the phrases (regular expressions), the longest first."""
    return re.compile("|".join(sorted((str(phrase) for phrase in phrases), key=len, reverse=True)) or r"(?!)")


def _sentences(language: str, added: Mapping[str, Any] | None) -> dict[str, Any]:
    """The templates of all skills, and those that the sentence file adds to them."""
    intents = {name: {"data": list(skill.sentences.get(language, ()))} for name, skill in SKILLS.items()}
    for name, intent in (added or {}).items():
        if name not in intents:
            raise ValueError(f"there are sentences for {name!r}, which is no skill")
        intents[name]["data"] += intent["data"]
    return {name: intent for name, intent in intents.items() if intent["data"]}


def _with_open_names(intents: Mapping[str, Any]) -> dict[str, Any]:
    """Only the templates that can take a name nobody knows: trying them is slow."""
    found: dict[str, Any] = {}
    for name, intent in intents.items():
        blocks = [
            {**block, "sentences": kept}
            for block in intent["data"]
            if (kept := [text for text in block["sentences"] if _OPEN_NAME.search(text)])
        ]
        if blocks:
            found[name] = {"data": blocks}
    return found


@lru_cache(maxsize=64)
def _known_lists(
    names: tuple[str, ...], poses: tuple[str, ...], taught: tuple[str, ...], language: str
) -> dict[str, Any]:
    from hassil.intents import TextSlotList

    from voice_agent_ros.intent.scene import SceneObject

    scene = Scene(tuple(SceneObject(name, (0.0, 0.0, 0.0)) for name in names), poses)
    things = dict(references(scene, language))
    if language == "en":  # "stack red on blue"
        for colour in {colour_of(name) for name in names} - {"", *things}:
            things[colour] = tuple(name for name in names if colour_of(name) == colour)
    # A thing's name, and a pose's, comes before that of a taught place.
    places = list({**{bare(name): name for name in taught}, **pose_references(poses, language)}.items())
    targets = {**{bare(name): (name,) for name in taught}, **things}
    lists = {
        "object": TextSlotList.from_tuples(list(things.items()), allow_template=False, name="object"),
        "target": TextSlotList.from_tuples(list(targets.items()), allow_template=False, name="target"),
        "pose": TextSlotList.from_tuples(places, allow_template=False, name="pose"),
    }
    # A template that would fit anything asks for what is known.
    return {**lists, **{f"known_{name}": values for name, values in lists.items()}}


def _said_lists(words: str, tokens: Tokens, language: str) -> dict[str, Any]:
    from hassil.intents import TextSlotList

    lists = {
        slot: TextSlotList.from_tuples(tokens.get(slot, ()), allow_template=False, name=slot)
        for slot in ("distance", "angle", "factor", "joint")
    }
    return {**lists, **_fixed_lists(language, _NAMING.search(words) is not None)}


@lru_cache(maxsize=4)
def _fixed_lists(language: str, is_naming: bool) -> dict[str, Any]:
    from hassil.intents import TextSlotList, WildcardSlotList

    turn = TextSlotList.from_tuples(list(senses(language)), allow_template=False, name="turn")
    # Trying names that may be anything takes time; only few words announce one.
    return {"turn": turn, "name": WildcardSlotList("name") if is_naming else TextSlotList("name", [])}


@lru_cache(maxsize=1)
def _open_lists() -> dict[str, Any]:
    from hassil.intents import WildcardSlotList

    return {name: WildcardSlotList(name) for name in ("object", "target", "pose")}
