# SPDX-License-Identifier: Apache-2.0
"""llama.cpp's own server over a GGUF file, on the loopback interface: a second kind of peer to measure and test with.

Example:
    python -m voice_agent_ros.commands.llama_server --gguf MODEL.gguf --port 8081
"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gguf", type=Path, required=True, help="the weights")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--context-tokens", type=int, default=4096)
    options = parser.parse_args()
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # for the server's own threads, too

    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(options.gguf)
    parameters.n_ctx = options.context_tokens
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = options.threads
    parameters.cpuparams_batch.n_threads = options.threads
    parameters.port = options.port
    parameters.verbosity = -1
    parameters.ui = False
    server = xllamacpp.Server(parameters)
    print(f"{server.listening_address}/v1", flush=True)
    signal.sigwait(signals)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
