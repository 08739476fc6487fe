# SPDX-License-Identifier: Apache-2.0
"""Speaks a text into a WAV file: for `voice-agent speak`, and for what a virtual microphone is to hear."""

from __future__ import annotations

import os
import wave
from pathlib import Path

from voice_agent_ros.errors import EngineError
from voice_agent_ros.tts.engines import load_synthesizer
from voice_agent_ros.tts.segmentation import Segmenter
from voice_agent_ros.tts.speakable import speakable
from voice_agent_ros.tts.synthesizer import Synthesizer


def say_to_file(
    text: str, path: str | os.PathLike[str], *, synthesizer: Synthesizer | None = None, speed: float = 1.0
) -> float:
    """Write the spoken text as mono 16-bit PCM; the file appears when it is complete.

    Args:
        synthesizer: a loaded one; by default hibari is loaded for this call.

    Returns:
        Duration of the audio, s.

    Raises:
        EngineError: nothing in the text can be spoken, the synthesizer failed, or the file cannot be written.
    """
    own = synthesizer or load_synthesizer()
    segmenter = Segmenter()
    segments = [speakable(segment) for segment in [*segmenter.feed(text), *segmenter.finish()]]
    if not any(segments):
        raise EngineError("There is nothing to speak in this text.", "Give words.")
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    count = 0
    try:
        # wave opens a path in a constructor that complains when it fails, so it is given an open file.
        with unfinished.open("wb") as file, wave.open(file, "wb") as sink:
            sink.setnchannels(1)
            sink.setsampwidth(2)
            sink.setframerate(own.sample_rate)
            for segment in filter(None, segments):
                for block in own.synthesize(segment, speed=speed):
                    sink.writeframes(block.astype("<i2", copy=False).tobytes())
                    count += len(block)
        if count == 0:
            raise EngineError(
                f"{own.name} has no voice for this text.", f"It speaks: {', '.join(own.languages)}."
            )
        unfinished.replace(target)
    except OSError as error:
        raise EngineError(
            f"{target} cannot be written: {error.strerror or error}.", "Choose another file."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
        if synthesizer is None:
            own.close()
    return count / own.sample_rate
