# SPDX-License-Identifier: Apache-2.0
"""The verbs of voice-agent, one module each: HELP, add_arguments(parser) and run(arguments) -> exit code."""
