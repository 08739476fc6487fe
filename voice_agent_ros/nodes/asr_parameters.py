# SPDX-License-Identifier: Apache-2.0
"""The parameters of asr_node, and what they mean to the ears."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from voice_agent_ros.asr.attention import MODES, AttentionOptions
from voice_agent_ros.asr.debug_recordings import DebugRecordings, Retention
from voice_agent_ros.asr.endpointing import EndpointOptions
from voice_agent_ros.asr.streaming import StreamingOptions
from voice_agent_ros.nodes.parameters import Parameter

LISTENING = (
    Parameter("vad_threshold", 0.5, "Voice activity from this probability on.", (0.05, 0.95)),
    Parameter("endpoint_silence_s", 0.65, "Silence that ends an utterance, s.", (0.2, 3.0)),
    Parameter("endpoint_short_s", 0.4, "The same after a whole command, s.", (0.2, 3.0)),
    Parameter(
        "endpoint_long_s",
        1.2,
        "The same after words that promise more (and, the, um, ...), and as long as no words are known, s.",
        (0.2, 5.0),
    ),
    Parameter("pause_s", 0.13, "Silence after which decoding starts on suspicion, s.", (0.05, 1.0)),
    Parameter(
        "speculative",
        True,
        "Publish in a pause what will be final if no more is said (is_speculative), so that the model may think ahead.",
    ),
    Parameter("partial_interval_s", 0.3, "New audio between two partials, s.", (0.1, 5.0)),
    Parameter("max_speech_s", 20.0, "Longest utterance, s.", (2.0, 28.0)),
)
ATTENTION = (
    Parameter(
        "attention",
        "open",
        "open: everything said counts. push_to_talk: the utterance after ~/listen does. wake_word: what follows the "
        "wake word or ~/listen, and the conversation from there on. off: nothing. A stop counts always.",
        choices=MODES,
    ),
    Parameter("attention_timeout_s", 0.0, "open: until so long without speech, s; 0: always.", (0.0, 3600.0)),
    Parameter(
        "listen_s", 8.0, "How long speech is waited for after ~/listen or the wake word, s.", (1.0, 60.0)
    ),
    Parameter("follow_up_s", 6.0, "wake_word: how long more is expected after speech, s.", (0.0, 60.0)),
    Parameter(
        "wake_word", "hey_jarvis", "alexa, hey_jarvis, hey_mycroft, okay_nabu, or a microWakeWord JSON file."
    ),
)
STOPPING = (
    Parameter(
        "stop_spotter",
        "auto",
        "Who listens for stop in the sound itself: learned (a network of ours on speech embeddings), pocketsphinx, "
        "micro_wake_word, or off. auto: learned and pocketsphinx together, or the one that is installed. Stop in a "
        "transcript counts always.",
        choices=("auto", "learned", "pocketsphinx", "micro_wake_word", "off"),
    ),
    Parameter("stop_spotter_model", "", "JSON file of a microWakeWord model (stop_spotter micro_wake_word)."),
    Parameter(
        "stop_sensitivity",
        1.0,
        "Above 1 more is taken for stop, below less (not micro_wake_word).",
        (0.2, 3.0),
    ),
    Parameter(
        "stop_armed",
        "active",
        "When the spotter listens. active: while the robot moves, and while it speaks unless the microphone hears it "
        "undiminished. always: in silence too.",
        choices=("active", "always"),
    ),
)


KEEPING = (
    Parameter(
        "debug_audio_path",
        "",
        "Folder in which every utterance is kept as a WAV file, to find mistakes; empty: none.",
    ),
    Parameter("debug_audio_files", 200, "Of these the newest so many stay.", (1, 100_000)),
    Parameter("debug_audio_hours", 24.0, "And none that is older, h.", (0.01, 8760.0)),
)


def debug_recordings(values: Any, report: Callable[[str], None]) -> DebugRecordings | None:
    """What keeps utterances, if that is wanted.

    Raises:
        ConfigurationError: it cannot.
    """
    if not values.debug_audio_path:
        return None
    retention = Retention(values.debug_audio_files, values.debug_audio_hours)
    return DebugRecordings(Path(values.debug_audio_path).expanduser(), retention, report)


def streaming_options(values: Any) -> StreamingOptions:
    """How speech is cut and transcribed."""
    endpoint = EndpointOptions(
        threshold=values.vad_threshold,
        pause_s=values.pause_s,
        short_silence_s=min(values.endpoint_short_s, values.endpoint_silence_s),
        end_silence_s=values.endpoint_silence_s,
        long_silence_s=max(values.endpoint_long_s, values.endpoint_silence_s),
        max_speech_s=values.max_speech_s,
    )
    return StreamingOptions(
        partial_interval_s=values.partial_interval_s, tells_early=values.speculative, endpoint=endpoint
    )


def attention_options(values: Any) -> AttentionOptions:
    """Whose speech counts."""
    return AttentionOptions(
        mode=values.attention,
        listen_s=values.listen_s,
        follow_up_s=values.follow_up_s,
        timeout_s=values.attention_timeout_s,
    )
