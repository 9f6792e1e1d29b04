import pytest

from alexnet_tf.runtime import processor

AMD = "processor\t: 0\ncpu family\t: 25\nmodel name\t: AMD EPYC\nflags\t\t: fpu sse2 avx2 fma\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16\n"


@pytest.fixture
def cpuinfo(tmp_path, monkeypatch):
    def write(text):
        path = tmp_path / "cpuinfo"
        if text is not None:
            path.write_text(text)
        monkeypatch.setattr(processor, "CPUINFO", path)
        processor._cpuinfo.cache_clear()

    yield write
    processor._cpuinfo.cache_clear()


@pytest.mark.parametrize(
    ("text", "has_bfloat16"),
    [
        (AMD, False),
        (AMD.replace("fma", "fma avx512_bf16"), True),
        (AMD.replace("fma", "fma amx_tile amx_bf16"), True),
        (ARM, True),
        (ARM.replace(" bf16", ""), False),
        ("processor : 0\n", True),
        (None, True),
    ],
)
def test_bfloat16_is_read_from_the_flags_and_assumed_without_them(cpuinfo, text, has_bfloat16):
    cpuinfo(text)

    assert processor.has_bfloat16() is has_bfloat16


def test_name_flags_and_generation_are_read(cpuinfo):
    cpuinfo(AMD)

    assert processor.processor_name() == "AMD EPYC"
    assert processor.processor_field("cpu family") == "25"
    assert processor.processor_field("stepping") == ""
    cpuinfo("flags\t:\nbogomips\t: 1\n")
    assert processor.processor_flags() == frozenset()
    cpuinfo(AMD)
    assert processor.processor_flags() == {"fpu", "sse2", "avx2", "fma"}

    cpuinfo(AMD.replace("model name", "model\t\t: 17\nmodel name"))
    assert processor.processor_generation() == "AMD EPYC, family 25, model 17"
    cpuinfo(ARM)
    assert processor.processor_generation() == processor.processor_name()
