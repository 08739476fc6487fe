# SPDX-License-Identifier: Apache-2.0
"""The Python packages that do the work, and whether the sentence grammar understands a sentence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module, metadata

from voice_agent_ros.doctor.check import Check, Installation, Purpose

AREA = "engines"


@dataclass(frozen=True)
class Need:
    """A Python package.

    Attributes:
        job: what for.
        module: to be imported.
        distribution: as pip calls it.
        extra: of ours, that brings it; empty: always needed.
        purposes: for which it is needed.
        is_optional: without it something works less well.
    """

    job: str
    module: str
    distribution: str
    extra: str = ""
    purposes: tuple[Purpose, ...] = ("robot", "demo")
    is_optional: bool = False


NEEDS = (
    Need("arrays", "numpy", "numpy"),
    Need("settings", "pydantic", "pydantic"),
    Need("sentences", "hassil", "hassil"),
    Need("language model client", "openai", "openai"),
    Need("recognition", "faster_whisper", "faster-whisper", "speech"),
    Need("voice activity", "onnxruntime", "onnxruntime", "speech"),
    Need("synthesis", "hibari", "hibari-tts", "speech"),
    Need("sample rates", "soxr", "soxr", "speech"),
    Need("kinematics", "pinocchio", "pin", "motion"),
    Need("smooth movements", "ruckig", "ruckig", "smooth", is_optional=True),
    Need("server", "fastapi", "fastapi", "server", is_optional=True),
    Need("simulated arm", "mujoco", "mujoco", "sim", purposes=("demo",)),
)


def examine(installation: Installation) -> Iterator[Check]:
    """Whether everything can be imported, and the grammar works."""
    synthesizer = installation.parameter("tts_node", "synthesizer", "hibari")
    recognizer = installation.parameter("asr_node", "recognizer", "whisper_local")
    unused = {
        need
        for need in NEEDS
        if (need.module == "hibari" and synthesizer != "hibari")
        or (need.module == "faster_whisper" and recognizer != "whisper_local")
    }
    for need in NEEDS:
        if installation.purpose in need.purposes and need not in unused:
            yield _import(need)
    yield _grammar()


def _import(need: Need) -> Check:
    name = f"{need.job} ({need.distribution})"
    try:
        import_module(need.module)
    except Exception as error:  # noqa: BLE001  compiled packages raise what they like when they do not fit
        extra = f"voice_agent_ros[{need.extra}]" if need.extra else need.distribution
        return Check(
            AREA,
            name,
            "WARN" if need.is_optional else "FAIL",
            f"{type(error).__name__}: {error}",
            f'pip install "{extra}" (in the environment of this Python; on Humble with -c constraints/humble.txt)',
        )
    return Check(AREA, name, "PASS", _version(need.distribution))


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "version unknown"


def _grammar() -> Check:
    from voice_agent_ros.intent.grammar import SentenceGrammars
    from voice_agent_ros.intent.scene import Scene

    began = time.monotonic()
    calls = SentenceGrammars().calls("open the gripper", "en", Scene())
    took_s = time.monotonic() - began
    if [call.skill for call in calls] != ["open_gripper"]:
        fix = "Correct config/sentences/ (or what VOICE_AGENT_ROS_CONFIG names)."
        return Check(AREA, "sentence grammar", "FAIL", f'"open the gripper" became {calls}', fix)
    return Check(AREA, "sentence grammar", "PASS", f"built and asked in {took_s:.1f} s")
