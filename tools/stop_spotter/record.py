# SPDX-License-Identifier: Apache-2.0
"""Packs the sentences of the test voices into the files that `benchmarks/asr_stop.py` measures with.

Example:
    PYTHONPATH=.:tools python -m stop_spotter.record --said ~/stop --out benchmarks/data/stops
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile
import yaml

from stop_spotter.sayings import FRESH_VOICES
from stop_spotter.scenes import Clip, clips
from stop_spotter.voices import RATE

GAP_S = 0.5
COMPRESSION = 0.9  # about 20 kbit/s
HEAD = """# SPDX-License-Identifier: Apache-2.0
# Stops, and talk without one, by voices that the stop spotter was not trained with: Kokoro-82M (Apache-2.0) and flite
# (BSD-style licence), Ogg Opus. Made by tools/stop_spotter. Times are s. Fresh voices had no part in any decision.
"""


def main() -> None:
    """Write one file per voice, and the manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--said", type=Path, required=True, help="the folder of synthesise")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    by_voice: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips(options.said, "test"):
        by_voice[clip.voice].append(clip)
    manifest = {}
    for voice, said in sorted(by_voice.items()):
        name = f"{voice}.opus"
        parts, sentences, at = [np.zeros(round(GAP_S * RATE), np.float32)], [], GAP_S
        for clip in said:
            end = at + len(clip.sound) / RATE
            sentences.append({"at": [round(at, 3), round(end, 3)], "text": clip.text, "stop": clip.is_stop})
            parts += [clip.sound, np.zeros(round(GAP_S * RATE), np.float32)]
            at = end + GAP_S
        soundfile.write(
            options.out / name,
            np.concatenate(parts),
            RATE,
            format="OGG",
            subtype="OPUS",
            compression_level=COMPRESSION,
        )
        language = said[0].language
        fresh = {"fresh": True} if voice in FRESH_VOICES[language] else {}
        manifest[name] = {"voice": voice, "language": language, "sentences": sentences, **fresh}
    text = yaml.safe_dump(manifest, allow_unicode=True, sort_keys=True, default_flow_style=None, width=120)
    (options.out / "manifest.yaml").write_text(HEAD + text, encoding="utf-8")


if __name__ == "__main__":
    main()
