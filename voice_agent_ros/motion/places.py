# SPDX-License-Identifier: Apache-2.0
"""Places that people have taught by name, kept in a file: "remember this as the tray"."""

from __future__ import annotations

import contextlib
import math
import os
import re
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.names import without_determiner
from voice_agent_ros.intent.scene import Scene, SceneObject, Vector3
from voice_agent_ros.intent.stop_phrases import find_stop_phrase
from voice_agent_ros.intent.wordings import bare, script_of
from voice_agent_ros.motion.policy import readable
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.scene_file import Coordinate

MAX_PLACES = 64
SPOT: Vector3 = (0.10, 0.10, 0.02)  # m: how far something put there may come to rest beside it
_NAME = re.compile(r"[^\W_](?:[^\W_]|[ '-](?=[^\W_])){0,39}")
_NO_NAME = re.compile(
    r"(?:it|this|that|them|there|here|one|place|position|spot|point|location|it is|me|you|left|right|up|down|forward"
    r"|back|backward|yes|no|home|everything|nothing|something|other|other one|last one|arm|robot|gripper|hand"
    r"|它|这|那|这里|那里|这边|那边|这个|那个|这儿|那儿|上|下|左|右|前|后|位置|地方|手|夹爪|机器人|机械臂|左边|右边)"
)


def place_name(text: str) -> str:
    """How a place is called: folded, without article. "" if that cannot be a name."""
    name = without_determiner(text, script_of(text))
    if any(_NO_NAME.fullmatch(words) for words in (bare(text).replace(" ", ""), bare(text), name)):
        return ""
    if not _NAME.fullmatch(name) or not re.search(r"[^\W\d]", name):
        return ""
    return "" if any(find_stop_phrase(name, language) for language in ("en", "zh")) else name


def _checked(name: str) -> str:
    if place_name(name) != name:
        raise ValueError(f"{name!r} cannot be the name of a place")
    return name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Strict):
    """Where the hand was when it was taught, in the arm's base frame."""

    name: Annotated[str, AfterValidator(_checked)]
    position: tuple[Coordinate, Coordinate, Coordinate]  # of the tool, m
    yaw: Annotated[float, Field(ge=-6.3, le=6.3, allow_inf_nan=False)] = 0.0  # of the tool, rad

    def scene_object(self) -> SceneObject:
        """As everything else knows it."""
        turned = (0.0, 0.0, math.sin(self.yaw / 2), math.cos(self.yaw / 2))
        return SceneObject(self.name, self.position, turned, SPOT, "taught", is_fixed=True)


class PlacesFile(_Strict):
    """The whole file."""

    places: list[Place] = Field(max_length=MAX_PLACES)

    @model_validator(mode="after")
    def _names_differ(self) -> PlacesFile:
        if len({place.name for place in self.places}) != len(self.places):
            raise ValueError("two places have the same name")
        return self


def default_path(arm: str) -> Path:
    """Where the places of an arm are unless that is configured: under XDG_STATE_HOME."""
    state_home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    return state_home / "voice_agent_ros" / arm / "places.yaml"


class Places:
    """The taught places of one arm. Thread-safe; one process writes, others may read along.

    Args:
        path: of the file; it is made with the first place.

    Raises:
        ConfigurationError: the file is there and cannot be read, or does not fit.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._places: tuple[Place, ...] = ()
        self._read()

    def objects(self) -> tuple[SceneObject, ...]:
        """All places, in the order taught."""
        return tuple(place.scene_object() for place in self._places)

    def refresh(self) -> None:
        """Read the file again if it has changed; one that does not fit leaves everything as it was."""
        with self._lock, contextlib.suppress(ConfigurationError):
            if self._stamp != self._stat():
                self._read()

    def remember(self, text: str, position: Sequence[float], yaw: float, scene: Scene) -> str:
        """Teach a place; one of that name is replaced.

        Returns:
            its name.

        Raises:
            Refusal: `bad_name`, `name_taken` by a pose or something seen, `too_many_places`, or `places_file`.
        """
        name = place_name(text)
        if not name:
            raise Refusal("bad_name", place=text)
        found = scene.find(name)
        is_pose = any(place_name(pose.replace("_", " ")) == name or pose == name for pose in scene.poses)
        if is_pose or (found is not None and found.source != "taught"):
            raise Refusal("name_taken", place=name)
        x, y, z = (round(float(value), 6) for value in position)
        with self._lock:
            others = [place for place in self._places if place.name != name]
            if len(others) >= MAX_PLACES:
                raise Refusal("too_many_places", count=len(others))
            try:
                place = Place(name=name, position=(x, y, z), yaw=round(yaw, 6))
            except ValidationError as error:
                raise Refusal("bad_name", place=text, reason=readable(error)) from error
            self._write((*others, place))
        return name

    def forget(self, text: str) -> str:
        """Forget a place.

        Returns:
            its name.

        Raises:
            Refusal: `unknown_place` or `places_file`.
        """
        name = place_name(text)
        with self._lock:
            others = tuple(place for place in self._places if place.name != name)
            if len(others) == len(self._places):
                raise Refusal("unknown_place", place=text, known=[place.name for place in self._places])
            self._write(others)
        return name

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _read(self) -> None:
        fix = "Correct it, or move it away: the places in it must be taught again then."
        stamp = self._stat()
        try:
            data = yaml.safe_load(self._path.read_text(encoding="utf-8"))
            self._places = tuple(PlacesFile.model_validate(data).places)
        except FileNotFoundError:
            self._places = ()
        except ValidationError as error:
            raise ConfigurationError(
                f"The places in {self._path} do not fit:\n{readable(error)}\n", fix
            ) from error
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigurationError(f"The places in {self._path} cannot be read: {error}.", fix) from error
        self._stamp = stamp

    def _write(self, places: tuple[Place, ...]) -> None:
        """All or nothing: whatever happens, the file is the old one or the new one."""
        document = {"places": [place.model_dump(mode="json") for place in places]}
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
        temporary = ""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise Refusal("places_file", reason=str(error)) from error
        self._places, self._stamp = places, self._stat()
