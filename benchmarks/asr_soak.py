# SPDX-License-Identifier: Apache-2.0
"""Sentences without end through asr_node, faster than real time, with the spotter armed: is anything lost, does it grow?

Two minutes of sound; ASR_HOUR=1 for an hour; ASR_SOAK_S=300 for so many seconds; ASR_PACE=1 at real time. A microphone
cannot be held back and the spotter keeps up with it; a feed that is faster waits while the spotter is behind.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

from benchmarks.row import Row

GROUP = "asr_soak"
SOAK_S = 3600.0 if os.environ.get("ASR_HOUR") else float(os.environ.get("ASR_SOAK_S", "120"))
PACE = float(os.environ.get("ASR_PACE", "6"))  # times real time, at most
TIMEOUT_S = 2.0 * SOAK_S + 120.0
GROWTH_BUDGET_MB = 25.0
PROCESS = """
import os, signal, sys, threading, time
import numpy as np, psutil
from rclpy.parameter import Parameter
from benchmarks.speech_sets import synthesised
from voice_agent_ros.audio import in_process
from voice_agent_ros.nodes import spin
from voice_agent_ros.nodes.asr_node import AsrNode

RATE, CHUNK = 16000, 320
SOAK_S, FASTEST = float(sys.argv[1]), float(sys.argv[2])
BEHIND_S = 2.0  # the spotter's queue holds 4 s
PAUSE_S = 1.4  # ends every sentence
ANSWER_S = 30.0

def feed(node):
    dice = np.random.default_rng(0)
    sentences = [one.audio for one in synthesised("test", "en") if "stop" not in one.text.lower()]
    topic, me = node.resolve_topic_name("audio/in"), psutil.Process()
    sequence = said = 0
    behind = 0.0
    began, settled = time.monotonic(), 0
    while sequence * CHUNK / RATE < SOAK_S:
        sentence = sentences[int(dice.integers(0, len(sentences)))]
        sound = np.concatenate([sentence, np.zeros(round((PAUSE_S + dice.uniform(0, 1)) * RATE))])
        sound = np.rint(sound * 32767 + dice.normal(0, 10, len(sound))).astype(np.int16)
        answers = answered(node)
        at = time.monotonic()
        for offset in range(0, len(sound) - CHUNK + 1, CHUNK):
            stamp = sequence * CHUNK / RATE
            in_process.deliver(topic, in_process.Heard("soak-1", sequence, sound[offset:offset + CHUNK], stamp))
            sequence += 1
            at += CHUNK / RATE / FASTEST
            time.sleep(max(0.0, at - time.monotonic()))
            end = time.monotonic() + ANSWER_S
            while node._stops.behind_s > BEHIND_S and FASTEST > 1.0 and time.monotonic() < end:
                time.sleep(0.005)
            behind = max(behind, node._stops.behind_s)
        said += 1
        end = time.monotonic() + ANSWER_S
        while answered(node) == answers and time.monotonic() < end:
            time.sleep(0.01)
        if not settled and sequence * CHUNK / RATE > SOAK_S / 5:
            settled = me.memory_info().rss
    values = node._health().values
    print(f"RESULT seconds={sequence * CHUNK / RATE} took={time.monotonic() - began} said={said} "
          f"heard={values['utterances']} nothing={values['not understood']} failures={values['failures']} "
          f"lost={values['chunks lost']} spotters={values['chunks the spotters lost']} "
          f"behind={behind} grown={(me.memory_info().rss - settled) / 1e6} rss={me.memory_info().rss / 1e6}", flush=True)
    os.kill(os.getpid(), signal.SIGINT)

def answered(node):
    values = node._health().values
    return values["utterances"] + values["not understood"] + values["failures"]

def ears():
    node = AsrNode()
    node.set_parameters([Parameter("stop_armed", value="always")])
    node.trigger_configure()
    node.trigger_activate()
    threading.Thread(target=feed, args=(node,), daemon=True).start()
    return node

spin.run([ears])
"""


def rows() -> list[Row]:
    """One long run."""
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, str(SOAK_S), str(PACE)],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    found = {name: float(value) for name, value in re.findall(r"(\w+)=([\d.e+-]+)", _result(done.stdout))}
    if not found:
        raise RuntimeError(f"The soak broke off: {done.stderr[-2000:]}")
    minutes = f"{found['seconds'] / 60:.0f} min through asr_node"
    return [
        Row(GROUP, f"{minutes}: chunks lost", found["lost"], "chunks", 0.0, round(found["seconds"] * 50)),
        Row(GROUP, f"{minutes}: chunks the stop spotter lost", found["spotters"], "chunks", 0.0),
        Row(GROUP, f"{minutes}: the stop spotter was behind at most", found["behind"], "s"),
        Row(GROUP, f"{minutes}: sentences said", found["said"], "sentences"),
        Row(GROUP, f"{minutes}: final transcripts", found["heard"], "transcripts"),
        Row(GROUP, f"{minutes}: nothing understood", found["nothing"], "utterances"),
        Row(GROUP, f"{minutes}: failures of the recognizer", found["failures"], "utterances", 0.0),
        Row(GROUP, f"{minutes}: growth after the first fifth", found["grown"], "MB", GROWTH_BUDGET_MB),
        Row(GROUP, f"{minutes}: memory of the process", found["rss"], "MB"),
        Row(GROUP, f"{minutes}: speed", found["seconds"] / found["took"], "× real time"),
    ]


def _result(text: str) -> str:
    return next((line for line in text.splitlines() if line.startswith("RESULT")), "")
