# SPDX-License-Identifier: Apache-2.0
"""What the ears report, as messages."""

from __future__ import annotations

from typing import Any

from rclpy.time import Time

from voice_agent_ros.asr.heard import SpeechEnded, SpeechStarted, StopHeard, Words
from voice_agent_ros.msg import ReplyChunk, StopRequest, Transcript, VoiceActivity

_IN_DOUBT = {
    "en": "I thought I heard stop, so I stopped.",
    "zh": "我好像听到有人喊停，所以停下了。",
}


def stamp(at: float) -> Any:
    """A time in s as builtin_interfaces/Time."""
    return Time(nanoseconds=round(at * 1e9)).to_msg()


def transcript(words: Words, session_id: str, now: Any) -> Transcript:
    """A partial or final transcript."""
    message = Transcript(
        session_id=session_id,
        turn_id=words.turn_id,
        revision=words.revision,
        text=words.text,
        stable_length=words.stable_length,
        is_final=words.is_final,
        is_speculative=words.is_speculative,
        confidence=words.confidence,
        language=words.language,
        engine=words.engine,
        audio_hash=words.audio_hash,
    )
    message.header.stamp = now
    message.speech_start, message.speech_end = stamp(words.speech_start), stamp(words.speech_end)
    return message


def stop_in_words(event: StopHeard, session_id: str, now: Any) -> StopRequest:
    """A stop phrase in a transcript."""
    message = StopRequest(scope=StopRequest.SCOPE_ALL, phrase=event.phrase, turn_id=event.turn_id)
    message.source = "final_transcript" if event.is_final else "partial_transcript"
    message.session_id = session_id
    message.header.stamp = now
    return message


def stop_in_sound(phrase: str, session_id: str, turn_id: str, now: Any) -> StopRequest:
    """A stop that the keyword spotter heard; of no turn (""), if it was quicker than whoever notices voices."""
    message = StopRequest(
        scope=StopRequest.SCOPE_ALL, phrase=phrase, turn_id=turn_id, source="keyword_spotter"
    )
    message.session_id = session_id
    message.header.stamp = now
    return message


def activity(event: SpeechStarted | SpeechEnded, stream_id: str) -> VoiceActivity:
    """Speech begins or ends."""
    message = VoiceActivity(stream_id=stream_id, turn_id=event.turn_id)
    message.is_speech = isinstance(event, SpeechStarted)
    message.probability = event.probability
    message.header.stamp = stamp(event.at)
    return message


def stopped_in_doubt(reply_id: str, session_id: str, language: str) -> ReplyChunk:
    """Tells that there may have been no reason to stop."""
    base = language.split("-", maxsplit=1)[0]
    return ReplyChunk(
        session_id=session_id,
        reply_id=reply_id,
        text=_IN_DOUBT.get(base, _IN_DOUBT["en"]),
        language=base if base in _IN_DOUBT else "en",
        kind=ReplyChunk.KIND_NOTICE,
        is_last=True,
    )
