# SPDX-License-Identifier: Apache-2.0
"""From a stream of audio to partial and final transcripts. Knows neither threads nor clocks: time is the audio's.

Decoding begins on suspicion in every short pause; if the pause turns out to be the end, that result is the
final one and no time was lost. Partials are begun only while a voice is heard, and one at a time.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.asr.agreement import StablePrefix
from voice_agent_ros.asr.credibility import is_credible
from voice_agent_ros.asr.decoding import Decode, Decoded, Decoder
from voice_agent_ros.asr.ending import Ending
from voice_agent_ros.asr.endpointing import FRAME_S, Change, Endpointer, EndpointOptions
from voice_agent_ros.asr.heard import Event, NothingHeard, SpeechEnded, SpeechStarted, StopHeard, Words
from voice_agent_ros.asr.recognizer import Recognition
from voice_agent_ros.asr.vad import FRAME_SAMPLES, SAMPLE_RATE, VoiceDetector
from voice_agent_ros.intent.stop_phrases import find_stop_phrase

FAINT = 40  # of 32768, -58 dB: too faint for words, so that nobody need judge it
MAX_AWAITED = 8  # utterances that are over and not yet decoded


@dataclass(frozen=True)
class StreamingOptions:
    """How often partials come, and where speech ends.

    Attributes:
        partial_interval_s: new audio between two partials.
        pre_roll_s: audio before the voice was noticed that is decoded too.
        tail_s: silence after the voice that is decoded too.
        tells_early: in a pause, report what would be final if no more were said.
    """

    partial_interval_s: float = 0.3
    pre_roll_s: float = 0.3
    tail_s: float = 0.15
    tells_early: bool = True
    endpoint: EndpointOptions = field(default_factory=EndpointOptions)


@dataclass
class _Utterance:
    turn_id: str
    start: float
    is_stop_only: bool
    end: float
    frames: list[NDArray[np.int16]] = field(default_factory=list)
    samples: int = 0
    voiced_until: int = 0  # samples up to the end of the last voiced frame
    voiced_s: float = 0.0
    decoded_until: int = 0  # samples in the latest decode that was begun
    is_decoding: bool = False
    shown_serial: int = -1
    last_serial: int = -1
    suspected_until: int = -1  # voiced_until when the last urgent decode was begun
    suspected: Decoded | None = None  # its result
    is_over: bool = False
    revision: int = 0
    shown: tuple[str, int] = ("", 0)
    has_stopped: bool = False
    prefix: StablePrefix = field(default_factory=StablePrefix)

    def append(self, frame: NDArray[np.int16]) -> None:
        self.frames.append(frame)
        self.samples += len(frame)

    def audio(self, samples: int) -> NDArray[np.int16]:
        return np.concatenate(self.frames)[:samples]

    def after_voice(self) -> list[NDArray[np.int16]]:
        silent = (self.samples - self.voiced_until) // FRAME_SAMPLES
        return self.frames[len(self.frames) - silent :]


class StreamingRecognizer:
    """Feed it audio and the results of the decodes that it orders, all from one thread; it returns events.

    Args:
        decoder: takes the decodes; its results come back through `decoded`.
        new_turn_id: makes the ids of utterances.

    Attributes:
        hints: likely words.
        keep: told the sound of each utterance, if somebody wants it.
    """

    def __init__(
        self,
        detector: VoiceDetector,
        decoder: Decoder,
        options: StreamingOptions | None = None,
        new_turn_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._detector, self._decoder = detector, decoder
        self._options = options or StreamingOptions()
        self._new_turn_id = new_turn_id
        self._endpointer = Endpointer(self._options.endpoint)
        self._rest: NDArray[np.int16] = np.zeros(0, np.int16)
        self._preroll: list[NDArray[np.int16]] = []
        self._utterance: _Utterance | None = None
        self._awaited: OrderedDict[str, _Utterance] = OrderedDict()
        self._serial = 0
        self._is_attentive = True
        self.hints: Sequence[str] = ()
        self.keep: Callable[[str, NDArray[np.int16]], None] | None = None

    @property
    def is_hearing(self) -> bool:
        """Within an utterance."""
        return self._utterance is not None

    @property
    def turn_id(self) -> str:
        """Of the utterance that is being heard, or else of the last one that is not decoded yet; or ""."""
        if self._utterance is not None:
            return self._utterance.turn_id
        return next(reversed(self._awaited), "")

    def attend(self, is_attentive: bool) -> list[Event]:
        """Whether what is said from now on counts.

        Speech that begins without attention (the robot's own voice, talk that is not meant for it) can still say
        stop, but gives no other event. When attention returns, speech that goes on is a new utterance, and what
        was said before is still listened to for a stop.
        """
        events: list[Event] = []
        returns = is_attentive and not self._is_attentive
        self._is_attentive = is_attentive
        if returns and self._utterance is not None and self._utterance.is_stop_only:
            self._end(self._utterance, 0.0, events)
            self._preroll = []
            self._endpointer = Endpointer(self._options.endpoint)
        return events

    def feed(self, samples: NDArray[np.int16], at: float) -> list[Event]:
        """Hear more audio.

        Args:
            samples: (n,) at 16 kHz.
            at: time of the first one, s.
        """
        events: list[Event] = []
        begin = at - len(self._rest) / SAMPLE_RATE
        audio = np.concatenate([self._rest, samples])
        whole = len(audio) // FRAME_SAMPLES * FRAME_SAMPLES
        for offset in range(0, whole, FRAME_SAMPLES):
            self._frame(audio[offset : offset + FRAME_SAMPLES], begin + offset / SAMPLE_RATE, events)
        self._rest = audio[whole:]
        return events

    def cut(self) -> list[Event]:
        """The stream ends here: an utterance ends with it, and what comes next is another stream."""
        events: list[Event] = []
        if self._utterance is not None:
            self._end(self._utterance, 0.0, events)
        self._rest, self._preroll = np.zeros(0, np.int16), []
        self._endpointer = Endpointer(self._options.endpoint)
        self._detector.reset()
        return events

    def decoded(self, result: Decoded) -> list[Event]:
        """A decode that was ordered is done."""
        request = result.request
        utterance = self._utterance
        if utterance is None or utterance.turn_id != request.turn_id:
            utterance = self._awaited.get(request.turn_id)
        if utterance is None or request.serial < utterance.shown_serial:
            return []
        utterance.shown_serial = request.serial
        if request.serial == utterance.last_serial:
            utterance.is_decoding = False
            if request.is_urgent:
                utterance.suspected = result
                if utterance.is_over:
                    return self._finish(utterance)
                self._endpointer.judge(result.ending)
        if utterance.is_over or result.recognition is None:
            return []
        return self._partial(utterance, result.recognition, is_whole=self._may_be_whole(utterance, result))

    # Audio.

    def _frame(self, frame: NDArray[np.int16], at: float, events: list[Event]) -> None:
        probability = 0.0
        if self._utterance is not None or np.max(frame) >= FAINT or np.min(frame) <= -FAINT:
            probability = self._detector.probability(frame.astype(np.float32) / 32768.0)
        change = self._endpointer.advance(probability)
        utterance = self._utterance
        if utterance is None:
            self._preroll = [*self._preroll[-round(self._options.pre_roll_s / FRAME_S) :], frame]
            if change is Change.STARTED:
                self._start(at + FRAME_S, probability, events)
            return
        utterance.append(frame)
        is_voiced = self._endpointer.silence_s == 0.0
        if is_voiced:
            utterance.voiced_until = utterance.samples
            utterance.voiced_s += FRAME_S
            utterance.end = at + FRAME_S
        if change is Change.ENDED:
            self._end(utterance, probability, events)
            self._detector.reset()
        elif change is Change.PAUSED:
            self._order(utterance, is_urgent=True)
        elif is_voiced and not utterance.is_decoding:
            fresh = utterance.samples - utterance.decoded_until
            if fresh >= self._options.partial_interval_s * SAMPLE_RATE:
                self._order(utterance, is_urgent=False)

    def _start(self, now: float, probability: float, events: list[Event]) -> None:
        voiced_s = self._options.endpoint.min_speech_s
        utterance = _Utterance(self._new_turn_id(), now - voiced_s, not self._is_attentive, now)
        for frame in self._preroll:
            utterance.append(frame)
        utterance.voiced_until, utterance.voiced_s = utterance.samples, voiced_s
        self._preroll, self._utterance = [], utterance
        if not utterance.is_stop_only:
            events.append(SpeechStarted(utterance.turn_id, utterance.start, probability))

    def _end(self, utterance: _Utterance, probability: float, events: list[Event]) -> None:
        self._utterance = None
        utterance.is_over = True
        self._preroll = utterance.after_voice()  # the next one may have begun already
        if not utterance.is_stop_only:
            events.append(SpeechEnded(utterance.turn_id, utterance.end, probability))
        self._awaited[utterance.turn_id] = utterance
        if utterance.suspected_until != utterance.voiced_until:
            self._order(utterance, is_urgent=True)
        elif utterance.suspected is not None:
            events += self._finish(utterance)
        while len(self._awaited) > MAX_AWAITED:
            turn_id, _ = self._awaited.popitem(last=False)
            events.append(NothingHeard(turn_id, "the recognizer does not answer", is_failure=True))

    def _order(self, utterance: _Utterance, *, is_urgent: bool) -> None:
        length = utterance.samples
        if is_urgent:
            length = utterance.voiced_until + round(self._options.tail_s * SAMPLE_RATE)
            utterance.suspected_until, utterance.suspected = utterance.voiced_until, None
        utterance.decoded_until = utterance.samples
        utterance.is_decoding = True
        utterance.last_serial = self._serial
        request = Decode(
            utterance.turn_id, self._serial, is_urgent, utterance.audio(length), tuple(self.hints)
        )
        self._serial += 1
        self._decoder.submit(request)

    # Words.

    def _may_be_whole(self, utterance: _Utterance, result: Decoded) -> bool:
        """Whether these words become final as they are if no more is said, and do not promise more."""
        return (
            self._options.tells_early
            and result.request.is_urgent
            and result.request.serial == utterance.last_serial
            and utterance.suspected_until == utterance.voiced_until
            and result.ending is not Ending.UNFINISHED
        )

    def _partial(self, utterance: _Utterance, recognition: Recognition, *, is_whole: bool) -> list[Event]:
        if not is_credible(recognition, utterance.voiced_s):
            return []
        events = self._stop(utterance, recognition, is_final=False)
        shown = utterance.prefix.update(recognition.text)
        if is_whole:  # in the very words of the final, so that what is made of them can be kept
            stable = shown[0][: shown[1]]
            shown = (recognition.text, len(stable) if recognition.text.startswith(stable) else 0)
        if (shown != utterance.shown or is_whole) and not utterance.is_stop_only:
            utterance.shown = shown
            events.append(self._words(utterance, recognition, shown, is_speculative=is_whole))
        return events

    def _finish(self, utterance: _Utterance) -> list[Event]:
        del self._awaited[utterance.turn_id]
        result = utterance.suspected
        assert result is not None
        recognition = result.recognition
        if self.keep is not None:
            self.keep(utterance.turn_id, result.request.audio)
        if recognition is None:
            return [NothingHeard(utterance.turn_id, result.problem, is_failure=True)]
        if not is_credible(recognition, utterance.voiced_s):
            return [NothingHeard(utterance.turn_id, "no words in it that can be believed")]
        events = self._stop(utterance, recognition, is_final=True)
        if not utterance.is_stop_only:
            pcm = hashlib.sha256(result.request.audio.tobytes()).hexdigest()
            shown = (recognition.text, len(recognition.text))
            events.append(self._words(utterance, recognition, shown, pcm))
        return events

    @staticmethod
    def _stop(utterance: _Utterance, recognition: Recognition, *, is_final: bool) -> list[Event]:
        phrase = find_stop_phrase(recognition.text, recognition.language)
        if phrase is None or utterance.has_stopped:
            return []
        utterance.has_stopped = True
        return [StopHeard(utterance.turn_id, phrase, is_final)]

    @staticmethod
    def _words(
        utterance: _Utterance,
        recognition: Recognition,
        shown: tuple[str, int],
        audio_hash: str = "",
        *,
        is_speculative: bool = False,
    ) -> Words:
        utterance.revision += 1
        return Words(
            turn_id=utterance.turn_id,
            text=shown[0],
            is_final=bool(audio_hash),
            revision=utterance.revision,
            stable_length=shown[1],
            confidence=recognition.confidence,
            language=recognition.language,
            speech_start=utterance.start,
            speech_end=utterance.end,
            audio_hash=audio_hash,
            is_speculative=is_speculative,
            engine=recognition.engine,
        )
