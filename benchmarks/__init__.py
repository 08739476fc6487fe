# SPDX-License-Identifier: Apache-2.0
"""What the parts cost: one module a group, each with `rows() -> list[Row]`; `python -m benchmarks GROUP…` runs them."""
