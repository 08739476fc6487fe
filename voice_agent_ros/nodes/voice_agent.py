# SPDX-License-Identifier: Apache-2.0
"""The composed process: audio, ASR, LLM and TTS, one executor thread each. Motion is never in it."""

from __future__ import annotations

from voice_agent_ros.nodes import spin
from voice_agent_ros.nodes.asr_node import AsrNode
from voice_agent_ros.nodes.audio_node import AudioNode
from voice_agent_ros.nodes.llm_node import LlmNode
from voice_agent_ros.nodes.tts_node import TtsNode


def main() -> None:
    """Run the four nodes until a signal ends them, the listening ones first."""
    spin.main(AsrNode, LlmNode, TtsNode, AudioNode)
