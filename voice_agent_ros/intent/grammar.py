# SPDX-License-Identifier: Apache-2.0
"""The sentence grammar: words → skill calls in milliseconds, from templates in config/sentences/<language>.yaml."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import yaml

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent import clause_en, clause_zh, scene_questions, skill_clauses, skill_frames
from voice_agent_ros.intent.bag import Meaning
from voice_agent_ros.intent.broken_off import what_is_left_out
from voice_agent_ros.intent.cues import is_a_height, is_hint, is_no_way
from voice_agent_ros.intent.discourse import Discourse
from voice_agent_ros.intent.ellipsis import filled_in
from voice_agent_ros.intent.gaps import completed_by_all, gap
from voice_agent_ros.intent.lexicon import load_words
from voice_agent_ros.intent.misheard import as_meant
from voice_agent_ros.intent.mood import judge_mood
from voice_agent_ros.intent.people import OF_THE_ARM, is_a_persons
from voice_agent_ros.intent.requests import without_frame, without_reason
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.scene_questions import asks_what_is_seen
from voice_agent_ros.intent.skills import SKILLS, SkillCall, SkillError, parse_call
from voice_agent_ros.intent.slots import Tokens, tokenised
from voice_agent_ros.intent.stop_phrases import find_stop_phrase
from voice_agent_ros.intent.templates import Reading, Templates
from voice_agent_ros.intent.utterance import GrammarResult, Utterance
from voice_agent_ros.intent.wordings import MAX_LENGTH, bare, folded, plainly, script_of, without_leading_no

__all__ = ["LANGUAGES", "GrammarResult", "SentenceGrammar", "SentenceGrammars"]

LANGUAGES = ("en", "zh")
_A_SENTENCE = {"en": "raise the arm by ten centimetres", "zh": "向上移动十厘米"}
_MAX_WORDS = 60  # longer speech is no command, and matching must stay fast
_BROKEN_OFF = 4  # words or characters
_OPEN_END = re.compile(
    r"(?: (?:by|to|as|called|named)|(?<=转)(?:动|过)?到|叫[做作]?|(?<=[记存称命名标定])(?:下来)?[为作成]|名为)[ ,.…。—-]*$"
)
_OPEN_SLOTS = {
    "rotate_gripper": "angle",
    "move_by": "distance",
    "move_joint": "angle",
    "remember_place": "name",
    "forget_place": "name",
}
_NUMBER = re.compile(
    r"\d[\d.]*|one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|twenty|thirty|forty|fifty|by|(?:joint|angle|factor)\d+"
)
_ORDERED = re.compile(
    r"\bplease\b|^(?:and |ok(?:ay)? |so )*(?:now|then|next)\b(?! (?:it|that|there|what|is|the \w+ is)\b)"
)
_NAMING_SKILLS = ("remember_place", "forget_place")
_AT_REST = ("pause", "set_speed", "continue", "repeat", "undo", "resume", "wave")
_OF_THE_PAST = ("undo", "repeat", "continue")


def _with_open_end(whole: GrammarResult) -> GrammarResult:
    """ "Turn the gripper by", "remember this as": a whole command before it, but another one was going to be said."""
    if not whole.calls:
        return whole
    call = whole.calls[0]
    slot = _OPEN_SLOTS.get(call.skill, "") if len(whole.calls) == 1 else ""
    settled = {key: value for key, value in call.as_dict()["arguments"].items() if key != slot}
    return gap(call.skill, slot, settled) if slot else GrammarResult()


class SentenceGrammar:
    """The grammar of one language.

    Args:
        language: "en" or "zh".
        sentences: text of a sentence file; None: the configured one.

    Raises:
        ConfigurationError: there is no such language, or its file does not fit.
    """

    def __init__(self, language: str, sentences: str | None = None) -> None:
        if language not in LANGUAGES:
            raise ConfigurationError(
                f"There are no sentences in {language!r}.", f"Languages: {', '.join(LANGUAGES)}."
            )
        self.language = language
        try:
            data = yaml.safe_load(sentences) if sentences else load_words(language)
            begin, before, end = ("", "", "") if language == "zh" else (r"\b", r"(?<![\w'])", r"(?![\w'])")
            anywhere, first, last = (
                _alternatives(data.get(key, ())).pattern
                for key in ("leave_out", "leave_out_first", "leave_out_last")
            )
            self._anywhere = re.compile(rf"{begin}(?:{anywhere}){end}")
            self._first = re.compile(rf"^(?:(?:{first}){end} ?)+")
            self._last = re.compile(rf"(?: ?{before}(?:{last}))+$")
            no_name = _alternatives(data["never_in_a_name"])
            self._templates_of_skills = Templates(language, data, no_name)
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(
                f"The sentences of {language!r} do not fit: {error}.",
                "Compare with config/sentences/en.yaml.",
            ) from error
        # The first sentence must not wait for what is built on first use.
        skill_frames.skill_words(language)
        self.parse(_A_SENTENCE[language], Scene())

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
        if len(text) > MAX_LENGTH:
            return GrammarResult()  # what is not read could forbid it
        text = filled_in(as_meant(folded(text), self.language), self.language)
        return Utterance(text, self.language, scene, self._sentence, self._covers).understood(said)

    def _sentence(self, text: str, scene: Scene) -> GrammarResult:
        """A single command in its own words."""
        said = without_reason(folded(text), self.language)
        if is_hint(said):
            return GrammarResult()
        plain, tokens = tokenised(plainly(bare(without_leading_no(said)), self.language))
        if not plain or len(plain.split()) > _MAX_WORDS:
            return GrammarResult()
        open_end = _OPEN_END.search(said)
        if open_end:
            whole = self._sentence(said[: open_end.start()], scene)
            if whole.calls or (whole.slot and whole.slot == _OPEN_SLOTS.get(whole.skill)):
                return _with_open_end(whole)
        meaning = self._core(plain, dict(tokens.get("distance", ())), scene)
        if meaning is not None and meaning.skill == "move_by" and is_no_way(said):
            meaning = None
        if meaning is not None and meaning.skill in OF_THE_ARM and is_a_persons(bare(said)):
            meaning = None  # "put it in my hand" hands it over
        if meaning is not None and not meaning.missing:
            return self._meant(meaning, said, scene)
        meaning = skill_clauses.read(plain, self._prepared(plain), tokens, scene, self.language) or meaning
        if meaning is not None and not meaning.missing:
            return self._meant(meaning, said, scene)
        readings = self._templates(plain, tokens, scene)
        if not readings:
            meaning = meaning or self._without_verb(plain, tokens, scene, said)
            meaning = meaning or self._left_out(plain, tokens, scene)
            return self._meant(meaning, said, scene) if meaning is not None else GrammarResult()
        best = min(readings, key=lambda r: (r.unknown_words, -len(r.arguments), -len(r.skill)))
        if not self._may_be_meant(best.skill, said):
            return GrammarResult()
        return self._result(best)

    def _without_verb(self, plain: str, tokens: Tokens, scene: Scene, said: str) -> Meaning | None:
        """ "The red cube in the bowl, please", "and now in the bowl": said of what is there it would be no order."""
        if self.language == "zh" or _ORDERED.search(said) is None:
            return None
        words, distances = without_frame(plain).core.split(), dict(tokens.get("distance", ()))
        for verb in ("pick",) if words[-1:] == ["up"] else ("put", "put it"):
            meaning = clause_en.read([*verb.split(), *words], scene, distances)
            if meaning is not None and not meaning.missing:
                return meaning
        return None

    def _left_out(self, plain: str, tokens: Tokens, scene: Scene) -> Meaning | None:
        """What a sentence that breaks off leaves open."""
        words = self._prepared(plain) if self.language == "zh" else without_frame(plain).core

        def read(text: str) -> Meaning | None:
            core = self._core(text, dict(tokens.get("distance", ())), scene)
            return core or skill_clauses.read(text, self._prepared(text), tokens, scene, self.language)

        return what_is_left_out(words, self.language, read)

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
        if len(plain.split()) > _MAX_WORDS:
            return False  # talk
        distances = dict(tokens.get("distance", ()))
        if self.language == "zh":
            words = self._prepared(plain).replace(" ", "")
            return any(
                clause_zh.covers(words[: len(words) - cut], scene, distances) for cut in range(_BROKEN_OFF)
            )
        core = [word for word in without_frame(plain).core.split() if not _NUMBER.fullmatch(word)]
        return any(clause_en.covers(core[: len(core) - cut], scene, distances) for cut in range(_BROKEN_OFF))

    def _templates(self, plain: str, tokens: Tokens, scene: Scene) -> list[Reading]:
        """What the templates read."""
        ways = [plain] if self.language == "zh" else [plain, without_frame(plain).core]
        for words in dict.fromkeys(self._prepared(way) for way in ways):
            if words and (readings := self._templates_of_skills.read(words, tokens, scene)):
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
        return self._result(Reading(meaning.skill, arguments, names, 0))

    def _may_be_meant(self, skill: str, text: str) -> bool:
        if skill == "describe_scene":
            return True
        if skill == "move_by" and (is_no_way(text) or is_a_height(bare(text))):
            return False
        if skill in OF_THE_ARM and is_a_persons(bare(text)):
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
            return self._stripped(self._anywhere.sub("", words))
        return self._stripped(" ".join(self._anywhere.sub(" ", words).split()))

    def _stripped(self, words: str) -> str:
        words = self._first.sub("", words)
        return self._last.sub("", words).strip() or words.strip()

    def _result(self, reading: Reading) -> GrammarResult:
        for slot, names in reading.meant.items():
            if len(names) > 1:
                rest = tuple((key, value) for key, value in reading.arguments.items() if key != slot)
                return GrammarResult(ambiguous=names, skill=reading.skill, arguments=rest, slot=slot)
        try:
            return GrammarResult((parse_call(reading.skill, reading.arguments),))
        except SkillError as error:
            return GrammarResult(problem=error.message, skill=reading.skill)


class SentenceGrammars:
    """The grammars of all languages. The language is the transcript's, or told from the script.

    Args:
        language: the one that is expected, built beforehand as English is; others when they are first spoken.
    """

    def __init__(self, language: str = "en") -> None:
        self._grammars = {name: SentenceGrammar(name) for name in LANGUAGES if name in ("en", language)}

    def parse(
        self,
        text: str,
        language: str,  # noqa: ARG002
        scene: Scene,
        said: Discourse | None = None,
    ) -> GrammarResult:
        """Parse in the language that the text is written in; the transcript's own tag may be wrong."""
        return self._of(script_of(text)).parse(text, scene, said)

    def prepare(self, scene: Scene) -> None:
        """Build what depends on the names of a scene, so that no sentence waits for it."""
        for language, grammar in self._grammars.items():
            scene_questions.prepare(language)
            grammar.parse(_A_SENTENCE[language], scene)

    def _of(self, language: str) -> SentenceGrammar:
        if language not in self._grammars:
            self._grammars[language] = SentenceGrammar(language)
        return self._grammars[language]

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
