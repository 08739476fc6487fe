# SPDX-License-Identifier: Apache-2.0
"""A room with a bridge in it: what is said in its presence, what its controllers get, and what it remembers."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from until import until

from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.skills import SkillCall, parse_call
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.audit import AuditLog
from voice_agent_ros.motion.audit_chain import entries
from voice_agent_ros.motion.bridge import IntentBridge, Progress, Proposal, Result
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.gate import Gate, Heard
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy

UP = parse_call("move_by", {"direction": "up", "distance": 0.05})
SAID_UP = "Move the arm up five centimeters."


class Room:
    """A bridge, released; close() it."""

    def __init__(
        self, planner: Planner, controllers: Any, arm: ArmConfig, policy: Policy, clock: Any, log: Path
    ) -> None:
        self.controllers, self.clock, self.log, self.audit = controllers, clock, log, AuditLog(log)
        self.planner = planner
        self.executor = Executor(controllers, controllers, arm, policy, clock)
        gate = Gate(policy, SentenceGrammars(), clock)
        self.bridge = IntentBridge(gate, planner, self.executor, controllers, policy, self.audit, clock)
        self.bridge.resume()
        self.progress: list[Progress] = []
        self._turns = 0

    @property
    def sent(self) -> list[Any]:
        return self.controllers.sent

    def entries(self, event: str) -> list[dict[str, Any]]:
        return [entry for entry in entries([self.log]) if entry["event"] == event]

    def close(self) -> None:
        self.audit.close()

    def say(self, text: str, skill: str, **arguments: Any) -> Result:
        """Say a sentence and propose the call that belongs to it."""
        return self.propose(parse_call(skill, arguments), self.hear(text))

    def hear(self, text: str, *, confidence: float = 0.9, language: str = "en", began: float = 0.0) -> str:
        self._turns += 1
        turn = f"turn-{self._turns}"
        self.bridge.on_heard(Heard(turn, "s", text, language, confidence, self.clock(), began))
        return turn

    def propose(self, call: SkillCall, turn: str, key: str = "") -> Result:
        self.clock.now += 1.0
        self.controllers.snapshot = dataclasses.replace(self.controllers.snapshot, at=self.clock())
        return self.bridge.carry_out(Proposal((call,), turn, key or turn), self.progress.append)

    def ask(self, call: SkillCall, turn: str, answer: Callable[[str], None]) -> Result:
        """Propose in a thread, answer when the question comes, and give the result."""
        results: list[Result] = []
        thread = threading.Thread(target=lambda: results.append(self.propose(call, turn)), daemon=True)
        thread.start()
        nonce = until(lambda: next((p.nonce for p in self.progress if p.nonce), ""))
        answer(nonce)
        thread.join(timeout=5.0)
        return results[0]
