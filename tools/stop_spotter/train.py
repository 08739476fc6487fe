# SPDX-License-Identifier: Apache-2.0
"""Trains the network of `voice_agent_ros.asr.learned_spotter` on what `synthesise` recorded.

Where in a sentence the word is need not be known: of the windows that may hold it, the likeliest one has to be right,
and every window of everything else has to be below. Needs torch (CPU) besides the package's requirements.

Example:
    PYTHONPATH=.:tools python -m stop_spotter.train --said ~/stop
"""

from __future__ import annotations

import argparse
import multiprocessing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stop_spotter.scenes import Clip, clips, embeddings, scene
from voice_agent_ros.asr.learned_spotter import EMBEDDING, WEIGHTS

LANGUAGES = ("en", "zh")
CONTEXT = 8
HIDDEN = (128, 32)
BLUR = 0.7  # noise on the inputs, in standard deviations: voices differ
# Voices that choose the threshold and when to end; the others train.
TUNE = ("af_bella", "am_michael", "bf_emma", "bm_george", "zf_xiaobei", "zm_yunyang", "awb")
TUNE_SEED = 1_000_000
FALSE_PER_HOUR = (
    700.0  # at the threshold; the scenes hold talk that is next to nothing but words like it, in much noise
)
POSSIBLE_PER_HOUR = 2000.0  # from which on a second spotter is believed
WORD_S = 0.25  # no stop is shorter
AFTER_S = 0.3  # it has to be known so long after its end
CLEAR_S = 1.3  # windows up to so long after it still hold some of it
STOPS_A_STEP = 256
LEAST = -9.0
NONE, IGNORED = -1, -2
Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of scenes.

    Attributes:
        values: (n, context, 96).
        owner: the stop that a window may be of, NONE, or IGNORED.
        languages: by stop.
    """

    values: Array
    owner: Array
    languages: Array


def prepare(said: Path, which: str, count: int) -> Path:
    """Embeddings of scenes of the voices `train` or `tune`, in a folder; those that are there stay."""
    folder = said / "scenes" / which
    folder.mkdir(parents=True, exist_ok=True)
    with multiprocessing.Pool(initializer=_begin, initargs=(said, which)) as pool:
        pool.map(
            partial(_prepare_one, folder, TUNE_SEED if which == "tune" else 0), range(count), chunksize=4
        )
    return folder


_clips: list[Clip] = []


def _begin(said: Path, which: str) -> None:
    _clips[:] = [
        one for one in clips(said, "train") if one.kind == "own" or (one.voice in TUNE) == (which == "tune")
    ]


def _prepare_one(folder: Path, base: int, number: int) -> None:
    path = folder / f"{number}.npz"
    if path.exists():
        return
    made = scene(_clips, base + number)
    values, times = embeddings(made.sound)
    stops = np.array([(LANGUAGES.index(s[0]), s[1], s[2], s[3]) for s in made.stops], np.float32).reshape(
        -1, 4
    )
    np.savez(path, values=values.astype(np.float16), times=times, stops=stops)


def windows(folder: Path, count: int) -> Windows:
    """The first scenes of a folder."""
    values: list[Array] = []
    owners: list[Array] = []
    languages: list[int] = []
    for path in sorted(folder / f"{number}.npz" for number in range(count)):
        with np.load(path) as file:
            found, times, stops = file["values"].astype(np.float32), file["times"], file["stops"]
        views = np.lib.stride_tricks.sliding_window_view(found, CONTEXT, axis=0).transpose(0, 2, 1)
        times = times[CONTEXT - 1 :]
        owner = np.full(len(times), NONE)
        for language, is_bare, begin, end in stops:
            first = max(begin + WORD_S, end - 0.06) if is_bare else begin + WORD_S
            owner[(times > begin + 0.1) & (times < end + CLEAR_S) & (owner == NONE)] = IGNORED
            owner[(times >= first) & (times <= end + AFTER_S)] = len(languages)
            languages.append(int(language))
        values.append(views)
        owners.append(owner)
    return Windows(np.concatenate(values), np.concatenate(owners), np.array(languages))


def fit(train: Windows, tune: Windows, epochs: int, seed: int) -> tuple[Any, Array, Array]:
    """The network, and mean and scale of its inputs."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    mean = train.values.reshape(-1, EMBEDDING).mean(0)
    scale = 1.0 / np.maximum(train.values.reshape(-1, EMBEDDING).std(0), 1e-3)
    layers: list[Any] = []
    size = CONTEXT * EMBEDDING
    for hidden in HIDDEN:
        layers += [torch.nn.Linear(size, hidden), torch.nn.ReLU(), torch.nn.Dropout(0.4)]
        size = hidden
    network = torch.nn.Sequential(torch.nn.Dropout(0.2), *layers, torch.nn.Linear(size, len(LANGUAGES)))
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    data = {name: _tensors(torch, one, mean, scale) for name, one in (("train", train), ("tune", tune))}
    for epoch in range(epochs):
        network.train()
        _epoch(torch, network, optimizer, *data["train"])
        schedule.step()
        if epoch % 5 == 4:
            network.eval()
            with torch.no_grad():
                recalls, _ = judge(network(data["tune"][0]).numpy(), tune, FALSE_PER_HOUR)
            print(
                f"epoch {epoch + 1}: recall at {FALSE_PER_HOUR} false per hour: {np.round(recalls, 4)}",
                flush=True,
            )
    return network.eval(), mean, scale


def _tensors(torch: Any, some: Windows, mean: Array, scale: Array) -> tuple[Any, Any, Any]:
    values = ((some.values - mean) * scale).reshape(len(some.values), -1).astype(np.float32)
    return torch.from_numpy(values), torch.from_numpy(some.owner), torch.from_numpy(some.languages)


def _epoch(torch: Any, network: Any, optimizer: Any, values: Any, owner: Any, languages: Any) -> None:
    negatives = torch.nonzero(owner == NONE)[:, 0]
    positives = torch.nonzero(owner >= 0)[:, 0]
    order = torch.randperm(len(negatives))
    # Languages with few sentences come as often as the others.
    shares = 1.0 / torch.bincount(languages).float().sqrt()
    steps = max(1, len(negatives) // 2048)
    bags = torch.multinomial(shares[languages], steps * STOPS_A_STEP, replacement=True)
    loss_of = torch.nn.functional.binary_cross_entropy_with_logits
    for step in range(steps):
        chosen = bags[step * STOPS_A_STEP : (step + 1) * STOPS_A_STEP]
        mine = positives[torch.isin(owner[positives], chosen)]
        other = negatives[order[step * 2048 : step * 2048 + 2048]]
        given = values[torch.cat([mine, other])]
        logits = network(given + BLUR * torch.randn_like(given))
        owners = owner[mine]
        likeliest = torch.full((len(languages), len(LANGUAGES)), -30.0)
        index = owners[:, None].expand(-1, len(LANGUAGES))
        likeliest = likeliest.scatter_reduce(0, index, logits[: len(mine)], "amax", include_self=False)
        present = torch.unique(owners)
        target = torch.nn.functional.one_hot(languages[present], len(LANGUAGES)).float()
        wrong = logits[len(mine) :]
        loss = loss_of(likeliest[present], target) + 4.0 * loss_of(wrong, torch.zeros_like(wrong))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def judge(logits: Array, some: Windows, false_per_hour: float) -> tuple[Array, Array]:
    """By language: recall at the threshold that gives so many false ones, and this threshold's logit."""
    free = logits[some.owner == NONE]
    hours = len(free) * 0.08 / 3600
    recalls, levels = [], []
    for index in range(len(LANGUAGES)):
        highest = np.sort(free[:, index])[::-1]
        level = max(float(highest[min(len(highest) - 1, round(false_per_hour * hours))]), LEAST)
        stops = np.flatnonzero(some.languages == index)
        reached = [logits[some.owner == stop, index].max(initial=-30.0) > level for stop in stops]
        recalls.append(float(np.mean(reached)))
        levels.append(level)
    return np.array(recalls), np.array(levels)


def save(network: Any, mean: Array, scale: Array, sure: Array, possible: Array, path: Path) -> None:
    """In half precision: it is enough."""
    import torch

    linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    arrays: dict[str, Any] = {}
    for index, layer in enumerate(linear):
        arrays[f"weights{index}"] = layer.weight.detach().numpy().T.astype(np.float16)
        arrays[f"biases{index}"] = layer.bias.detach().numpy().astype(np.float32)
    np.savez_compressed(
        path,
        languages=np.array(LANGUAGES),
        thresholds=(1.0 / (1.0 + np.exp(-sure))).astype(np.float32),
        possible=(1.0 / (1.0 + np.exp(-possible))).astype(np.float32),
        context=np.array(CONTEXT),
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        **arrays,
    )


def main() -> None:
    """Make scenes, train, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--said", type=Path, required=True, help="the folder of synthesise")
    parser.add_argument(
        "--scenes", type=int, default=240, help="minutes to train with; a fifth more to choose with"
    )
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    count = options.scenes
    train = windows(prepare(options.said, "train", count), count)
    tune = windows(prepare(options.said, "tune", count // 5), count // 5)
    print(f"{len(train.languages)} stops and {np.sum(train.owner == NONE)} windows without one", flush=True)
    network, mean, scale = fit(train, tune, options.epochs, options.seed)
    import torch

    with torch.no_grad():
        logits = network(_tensors(torch, tune, mean, scale)[0]).numpy()
    levels = []
    for rate in (FALSE_PER_HOUR, POSSIBLE_PER_HOUR):
        recalls, level = judge(logits, tune, rate)
        levels.append(level)
        print(f"recall {np.round(recalls, 4)} at {np.round(level, 2)}: {rate:.0f} false per hour")
    save(network, mean, scale, levels[0], levels[1], options.out)


if __name__ == "__main__":
    main()
