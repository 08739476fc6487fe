# SPDX-License-Identifier: Apache-2.0
"""What the bridge writes into its record: from the sound of a sentence to where the joints were in the end.

One intent leaves, under its key: `proposed` (audio hash, keyed hash of the words, calls), `judged` or `refused` with
the rule, `asked` and `answered`, `executing` (plan hash; on the disk before the first goal), `goal` for each goal of a
controller, `ended` with what was measured. What people say is kept as a keyed hash only, unless the policy keeps it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.motion.audit import AuditLog
from voice_agent_ros.motion.audit_chain import AuditError
from voice_agent_ros.motion.audit_key import KEY_BYTES, WordsKey
from voice_agent_ros.motion.beside import readings
from voice_agent_ros.motion.controllers import Completion, JointSnapshot
from voice_agent_ros.motion.gate import Heard, Verdict
from voice_agent_ros.motion.plan import Plan
from voice_agent_ros.motion.proposal import Proposal

PUBLIC_WORDS = {"up", "down", "left", "right", "forward", "back"}
HASH_LENGTH = 16


def default_path() -> Path:
    """Where the record is unless it is configured: under XDG_STATE_HOME."""
    state_home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    return state_home / "voice_agent_ros" / "audit.jsonl"


class Record:
    """The bridge's record.

    Args:
        key: of the hashes of words; None: one that is forgotten when the process ends.
        store_text: keep what people said, too.
    """

    def __init__(self, log: AuditLog, key: WordsKey | None = None, *, store_text: bool = False) -> None:
        self._log, self._store_text = log, store_text
        self._key = key or WordsKey(secrets.token_bytes(KEY_BYTES))

    def note(self, event: str, **fields: Any) -> None:
        """Record what has happened in any case, also if the disk does not take it."""
        with contextlib.suppress(AuditError):
            self._log.write(event, **fields)

    def proposed(self, proposal: Proposal, heard: Heard | None, scene: Scene) -> None:
        """An intent came, with the sentence that it was made of.

        Raises:
            AuditError: see AuditLog.write; the same for all that follow.
        """
        fields: dict[str, Any] = {"calls": self._calls(proposal.calls, scene), "dry_run": proposal.dry_run}
        self._log.write("proposed", **_of(proposal), **self._words(heard), **fields)

    def judged(self, proposal: Proposal, verdict: Verdict) -> None:
        """The gate let it pass."""
        fields: dict[str, Any] = {"engine": verdict.engine, "risk": verdict.risk, "ask": verdict.ask}
        self._log.write("judged", **_of(proposal), **fields)

    def refused(self, proposal: Proposal, rule: str) -> None:
        """A rule forbids it."""
        self.note("refused", **_of(proposal), rule=rule)

    def asked(self, proposal: Proposal, nonce: str, digest: str) -> None:
        """A person was asked about a plan."""
        self._log.write("asked", **_of(proposal), nonce=nonce, plan=digest)

    def answered(self, proposal: Proposal, nonce: str, answer: str, heard: Heard | None) -> None:
        """And answered: with these words, by service, or not at all."""
        self._log.write("answered", **_of(proposal), nonce=nonce, answer=answer, **self._words(heard))

    def executing(self, proposal: Proposal, verdict: Verdict, plan: Plan, digest: str, scene: Scene) -> None:
        """The plan is about to be carried out. On the disk when this returns."""
        fields = {"calls": self._calls(plan.calls, scene), "engine": verdict.engine, "asked": verdict.ask}
        fields |= {"plan": digest, "steps": len(plan.steps), "duration": round(plan.duration, 3)}
        self._log.write("executing", durable=True, **_of(proposal), **fields)

    def aside(self, proposal: Proposal, call: SkillCall) -> None:
        """Something was done that moved nothing and stays."""
        if call.skill == "set_speed":
            self.note("speed", **_of(proposal), **call.arguments.model_dump(exclude_none=True))
        elif call.skill != "describe_scene":
            self.note("taught", **_of(proposal), skill=call.skill)

    def goal(self, proposal: Proposal, completion: Completion, leg: int, step: int) -> None:
        """A controller's goal is over."""
        fields = {
            "controller": completion.controller,
            "status": completion.status,
            "reason": completion.reason,
        }
        self.note("goal", **_of(proposal), leg=leg, step=step, goal=completion.goal_id, **fields)

    def ended(
        self,
        proposal: Proposal,
        outcome: str,
        rule: str,
        joints: JointSnapshot | None,
        scene: Scene,
        details: dict[str, Any],
    ) -> None:
        """It is over; where everything is now, as far as it is about this intent."""
        fields: dict[str, Any] = {"outcome": outcome, "rule": rule}
        if joints is not None:
            fields["joints"] = [round(float(angle), 4) for angle in joints.arm]
            fields["gripper"] = round(float(joints.gripper), 4)
        names = {name for call in proposal.calls for name in named_objects(call)}
        seen = [thing for thing in scene.objects if folded(thing.name) in names]
        fields["objects"] = {thing.name: [round(float(x), 4) for x in thing.position] for thing in seen}
        measured = {key: round(float(details[key]), 4) for key in ("standstill_s", "away") if key in details}
        self.note("ended", **_of(proposal), **fields, **measured)

    def _words(self, heard: Heard | None) -> dict[str, Any]:
        if heard is None:
            return {}
        fields = {
            "session": heard.session_id,
            "audio": heard.audio_hash,
            "words": self._key.digest(heard.text),
            "language": heard.language,
            "confidence": round(float(heard.confidence), 3),
        }
        return fields | ({"text": heard.text} if self._store_text else {})

    def _calls(self, calls: tuple[SkillCall, ...], scene: Scene) -> list[dict[str, Any]]:
        public = {folded(name) for name in (*scene.names, *scene.poses)} | PUBLIC_WORDS
        return [
            {"skill": call.skill, "arguments": self._kept(call.as_dict()["arguments"], public)}
            for call in calls
        ]

    def _kept(self, value: Any, public: set[str], slot: str = "") -> Any:
        """Arguments without names that are nothing but somebody's words."""
        if isinstance(value, dict):
            return {key: self._kept(item, public, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self._kept(item, public) for item in value]
        if self._store_text or not isinstance(value, str) or slot == "skill" or _is_public(value, public):
            return value
        return f"hmac:{self._key.digest(value)[:HASH_LENGTH]}"


def _of(proposal: Proposal) -> dict[str, Any]:
    return {"key": proposal.key, "turn": proposal.turn_id}


def _is_public(value: str, public: set[str]) -> bool:
    """A name that is known anyhow, or the place beside such things."""
    places = [place.names for place in readings(value)]
    return folded(value) in public or any({folded(name) for name in names} <= public for names in places)


def folded(name: str) -> str:
    """A name as it is compared: small letters, single spaces."""
    return " ".join(name.lower().split())


def named_objects(call: SkillCall) -> list[str]:
    """Names of the objects that a call is about, those of a sequence's steps among them, folded."""
    names: list[str] = []
    pending: list[Any] = [call.as_dict()["arguments"]]
    while pending:
        arguments = pending.pop()
        named = [str(arguments[slot]) for slot in ("object", "target") if slot in arguments]
        # "left of the bowl" is about the bowl.
        named += [name for target in named for place in readings(target) for name in place.names]
        names += [folded(name) for name in named]
        pending += [step.get("arguments", {}) for step in arguments.get("steps", ())]
    return names
