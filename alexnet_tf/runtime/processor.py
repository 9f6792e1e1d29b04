"""The processor of this machine, from Linux's /proc/cpuinfo."""

import functools
import platform
import re
import sys
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
# Without these instructions TensorFlow emulates bfloat16: it computes in float32 and rounds each value. On a
# processor with AVX2, a training step then takes many times as long as in float32 (benchmarks/LOG.md).
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


def processor_name() -> str:
    """Name of the processor; its architecture if the name is unknown."""
    return processor_field("model name") or platform.machine()


def processor_generation() -> str:
    """Name, family and model of the processor; several generations may share a name."""
    parts = [processor_name()]
    for word, field in (("family", "cpu family"), ("model", "model")):
        if number := processor_field(field):
            parts.append(f"{word} {number}")
    return ", ".join(parts)


def processor_field(name: str) -> str:
    """The first value of a field of /proc/cpuinfo; empty if absent."""
    found = re.search(rf"^{name}[ \t]*:[ \t]*(.+)$", _cpuinfo(), re.MULTILINE)
    return found[1].strip() if found else ""


def processor_flags() -> frozenset[str]:
    """CPU flags, such as `avx2`; empty if unknown."""
    return frozenset((processor_field("flags") or processor_field("Features")).split())


def has_bfloat16() -> bool:
    """Whether the processor has bfloat16 instructions; true if unknown."""
    flags = processor_flags()
    return not flags or bool(flags & BFLOAT16_FLAGS)


@functools.cache
def warn_of_emulation() -> None:
    """Warns, once per process, that `mixed_bfloat16` is slow on a processor without bfloat16 instructions."""
    print(
        "WARNING: mixed_bfloat16 can be many times slower than float32 here, because this processor has no "
        "bfloat16 instructions",
        file=sys.stderr,
    )


@functools.cache
def _cpuinfo() -> str:
    try:
        return CPUINFO.read_text()
    except OSError:
        return ""
