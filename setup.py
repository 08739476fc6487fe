# SPDX-License-Identifier: Apache-2.0
"""Metadata, dependencies and console scripts for pip; colcon builds the same tree through CMakeLists.txt."""

from pathlib import Path

from setuptools import find_packages, setup

SERVER = [
    "fastapi>=0.115",
    "uvicorn>=0.30",
    "jinja2>=3.1",
    "jsonschema>=4.18",
    "prometheus_client>=0.20",
    "pyelftools>=0.31",
    "python-multipart>=0.0.18",  # uploads
    "regex>=2023.12",  # patterns with a time limit
]
# httptools: a faster HTTP parser, which uvicorn takes by itself where it is installed.
SERVER_FAST = ["httptools>=0.6"]
TOKENIZER = ["tokenizers>=0.20"]
CONSOLE = ["xllamacpp>=2026.1"]
SPEECH = [
    "av>=12",
    "faster-whisper>=1.2",
    "hibari-tts==0.2.1",  # carries its weights
    "onnxruntime>=1.18",
    "pymicro-wakeword>=2.5",
    "pyopen-wakeword>=1.1",  # speech embeddings for the stop spotter
    "pywebrtc-audio>=0.2",
    "soundfile>=0.12",
    "soxr>=0.3",
]
# The keyword spotter for "stop"; built from source where there is no wheel (aarch64).
SPOTTER = ["pocketsphinx>=5.0.4"]
# Spelling of transcripts: simplified or traditional characters; numbers and units as digits.
SPELLING = ["opencc>=1.1.6", "text2num>=3", "wetext>=0.1"]
# Mandarin for the voice kokoro; its weights: docs/voices.md.
KOKORO = ["hibari-tts==0.2.1", "misaki[zh]>=0.9", "onnxruntime>=1.18", "wetext>=0.1"]
# Weights are not in any package; see docs/recognizers.md.
SHERPA = ["sherpa-onnx>=1.10"]
MOTION = ["pin>=3"]
SMOOTH = ["ruckig>=0.14"]  # jerk-limited movements; built from source where there is no wheel (aarch64)
SIM = ["mujoco>=3.3.3", "pillow>=10"]
TOOLS = [
    "matplotlib>=3.7",
    "mcap>=1.1",
    "mcap-ros2-support>=0.5",
    "psutil>=5.9",
    "textual>=0.60",
]
VIEW = ["viser>=1.0", "yourdfpy"]
TEST = [
    *VIEW,
    "httpx>=0.27",
    "hypothesis>=6",
    "jiwer>=3",
    "langchain-openai>=0.3",
    "langchain-tests>=0.3",
    "mypy>=1.11",
    "psutil>=5.9",
    "pytest<9",  # launch_testing's plug-in does not load under pytest 9
    "pytest-asyncio>=0.24",
    "pytest-rerunfailures>=15",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "ruff>=0.8",
    "types-PyYAML",
]
# What the ROS 2 command line and launch need at run time where ROS does not come from apt.
ROS_TOOLS = ["argcomplete", "lark", "netifaces", "packaging", "psutil", "typing_extensions"]


def data_files(*patterns: str) -> list[tuple[str, list[str]]]:
    """Files outside the package that it reads, by the directory below share/ that they go to."""
    by_folder: dict[str, list[str]] = {}
    for pattern in patterns:
        for path in sorted(Path().glob(pattern)):
            by_folder.setdefault(f"share/voice_agent_ros/{path.parent}", []).append(str(path))
    return list(by_folder.items())


setup(
    name="voice_agent_ros",
    version="0.1.0",
    description="Drive a robot arm by talking to it, with everything on the robot's own computer",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=["voice_agent_ros", "voice_agent_ros.*"]),
    package_data={"voice_agent_ros": ["**/*.yaml", "**/*.xml", "**/*.jinja", "**/*.npz"]},
    data_files=data_files("config/**/*.yaml", "msg/*.msg", "urdf/*.urdf"),
    install_requires=[
        "hassil>=3.0",
        "httpx>=0.27",
        "numpy",
        "openai>=1.50",
        "pybreaker>=1.2",
        "pydantic>=2.7",
        "pyyaml",
        "rich>=13",
        "sounddevice>=0.4.6",
        "tenacity>=8.3",
    ],
    extras_require={
        "console": CONSOLE,
        "kokoro": KOKORO,
        "motion": MOTION,
        "smooth": SMOOTH,
        "server": [*SERVER, *SERVER_FAST],
        "tokenizer": TOKENIZER,
        "sim": SIM,
        "sherpa": SHERPA,
        "speech": SPEECH,
        "spotter": SPOTTER,
        "spelling": SPELLING,
        "tools": TOOLS,
        "view": VIEW,
        "test": TEST,
        "ros_tools": ROS_TOOLS,
        "all": [
            *SERVER,
            *SERVER_FAST,
            *TOKENIZER,
            *CONSOLE,
            *SPEECH,
            *SPOTTER,
            *SPELLING,
            *MOTION,
            *SMOOTH,
            *SIM,
            *TOOLS,
        ],
    },
    entry_points={
        "console_scripts": [
            "voice-agent = voice_agent_ros.cli:main",
            "xlm-server = voice_agent_ros.xlm.server_cli:main",
            "xlm-console-sim = voice_agent_ros.xlm.console_sim:main",
        ]
    },
    zip_safe=False,
)
