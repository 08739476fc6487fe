# SPDX-License-Identifier: Apache-2.0
"""Whether recognized words were said at all: Whisper finds words in noise, and always the same ones."""

from __future__ import annotations

import re

from voice_agent_ros.asr.recognizer import Recognition

# Both together are Whisper's own criterion for silence (Radford et al. 2022, section 4.5).
NO_SPEECH_PROBABILITY = 0.6
NO_SPEECH_LOG_PROBABILITY = -1.0
# Nobody speaks faster: 8 words/s, with some for a short burst.
WORDS_PER_S = 8.0
WORDS_AT_ONCE = 2.0
# What subtitles say where nobody speaks; believed only if the recognizer is sure of it.
SUBTITLE_WORDS = frozenset(
    {
        "thank you",
        "thanks",
        "thank you very much",
        "thanks for watching",
        "thank you for watching",
        "please subscribe",
        "bye",
        "bye bye",
        "you",
        "the end",
        "i'm sorry",
        "so",
        "oh",
        "hmm",
        "谢谢观看",
        "谢谢大家",
        "字幕志愿者",
    }
)
SUBTITLE_CONFIDENCE = 0.5


def is_credible(recognition: Recognition, voiced_s: float) -> bool:
    """Whether the words of a recognition may be acted on.

    Args:
        voiced_s: how much of the audio the voice detector took for speech, s.
    """
    bare = " ".join(re.findall(r"[\w']+", recognition.text.lower()))
    if not bare:
        return False
    is_silence = (
        recognition.no_speech_probability > NO_SPEECH_PROBABILITY
        and recognition.mean_log_probability < NO_SPEECH_LOG_PROBABILITY
    )
    count = len(re.findall(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+", bare))
    is_too_much = count > WORDS_AT_ONCE + WORDS_PER_S * voiced_s
    is_subtitle = bare in SUBTITLE_WORDS and recognition.confidence < SUBTITLE_CONFIDENCE
    return not (is_silence or is_too_much or is_subtitle)
