# SPDX-License-Identifier: Apache-2.0
"""Scenarios of the mind: what a scenario file may say, and besides that two speakers, a model that streams, and a
link to the bridge that fails. See test/scenarios/mind/README.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from scenario_file import STEPS, Claim, Expect, Expectation, Hear, Scenario, Seconds, _Strict, load

Link = Literal["works", "gone", "loses results", "delays results", "repeats results"]


class Utters(_Strict):
    """One thing a model sends."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = ""
    times: int = Field(default=1, ge=1, le=2_000_000)
    wait: float = Field(default=0.0, ge=0.0)
    call: Claim | None = None
    raw_call: dict[str, str] | None = None
    thought: str = ""
    fails: Literal["", "unreachable", "no_first_token", "too_slow", "refused", "busy", "broken"] = ""
    ends: bool = False  # the reply is complete; by itself it is after the last of these


Item = Annotated[Utters, BeforeValidator(lambda it: {"text": it} if isinstance(it, str) else it)]


class MindHear(Hear):
    """See Hear.

    Attributes:
        session: who speaks.
        model: what the model sends, request by request; each a list of texts, waits, calls and failures.
        typed: it was typed.
    """

    session: str = "session"
    model: list[list[Item]] | None = None
    typed: bool = False


class Speak(_Strict):
    """Somebody begins to speak, or goes on: a partial transcript. The next `hear` makes it final.

    Attributes:
        complete: the recognizer believes that these are all the words.
        ends: the voice has ended.
    """

    speak: str
    session: str = "session"
    complete: bool = False
    ends: bool = False
    model: list[list[Item]] | None = None


class Endpoint(_Strict):
    """The language model's endpoints are all gone, or back."""

    endpoints: Literal["gone", "back"]


class BridgeLink(_Strict):
    """What the link between dialogue and bridge does from now on."""

    link: Link
    delay: Seconds = 5.0


class Complains(_Strict):
    """What diagnostics say."""

    diagnostics: list[str]


class Repeat(_Strict):
    """The same steps again and again; {n} in a text is the number of the round."""

    repeat: int = Field(ge=1, le=1000)
    steps: list[dict[str, Any]] = Field(min_length=1)


class MindExpectation(Expectation):
    """See Expectation; counted since the last `expect`.

    Attributes:
        chats: requests to the model.
        aborted: of all requests there were, how many were given up.
        signs: earcons.
        shown: a pattern of what was offered as text.
        told, never_told: patterns of what the last request told the model.
        proposed: goals that the dialogue sent to the bridge.
        reports: utterances of which was reported what became of them.
        spoken_in: language of everything that was said.
    """

    chats: int | None = None
    aborted: int | None = None
    signs: int | None = None
    shown: str | None = None
    told: str | None = None
    never_told: str | None = None
    proposed: int | None = None
    reports: int | None = None
    spoken_in: Literal["en", "zh"] | None = None


class MindExpect(Expect):
    """See `MindExpectation`."""

    expect: Annotated[MindExpectation, BeforeValidator(lambda it: {"goals": 0} if it == "no goals" else it)]  # type: ignore[assignment]


MIND_STEPS: dict[str, type[_Strict]] = {
    **STEPS,
    "hear": MindHear,
    "speak": Speak,
    "endpoints": Endpoint,
    "link": BridgeLink,
    "diagnostics": Complains,
    "repeat": Repeat,
    "expect": MindExpect,
}


def load_mind(path: Path) -> list[Scenario]:
    """The scenarios of a file."""
    return load(path, MIND_STEPS)
