"""Code of launches: for a GPU, and the same for this processor."""

import os
import re
import shutil
import subprocess

import numpy as np
import pytest
from numba import typeof

from launching import TOYS, Launch, Work, compiled_toys, run_on, run_on_cpu, toy_program, toy_worlds
from technopole.device.emulated import EmulatedDevice
from technopole_kernels._jit import stage
from technopole_kernels.grid.arguments import example_arguments
from technopole_kernels.grid.emit import ORDERS, DeviceCodeError, Program, struct_bytes
from worlds import assert_same_bits, make_records, mixed


@pytest.fixture(scope="module")
def ptx():
    """Code of the toys for a GPU."""
    return compiled_toys().ptx()


@pytest.mark.parametrize("order", ORDERS)
def test_launches_return_the_bits_of_the_cpu_in_any_order(order):
    worlds, records = run_on(EmulatedDevice(compiled_toys(), order=order))
    for world, record, expected in zip(worlds, records, run_on_cpu(), strict=True):
        assert_same_bits(world._asdict(), expected._asdict())
        assert np.array_equal(record.cells[0, 0], expected.cells[0]) and expected.cells[0].any()


def test_orders_take_every_item_once():
    from technopole_kernels.grid.emit import _course

    for total in (1, 2, 3, 12, 97, 1000):
        for order in ORDERS:
            first, stride = _course(total, order)
            assert sorted((first + step * stride) % total for step in range(total)) == list(range(total))
        first, stride = _course(total, "backward")
        assert [(first + step * stride) % total for step in range(total)] == list(range(total))[::-1]


def test_worlds_that_stand_still_are_left_alone():
    worlds, _ = run_on(EmulatedDevice(compiled_toys()), skipped={1})
    _, untouched = toy_worlds()
    assert_same_bits(worlds[1]._asdict(), untouched[1]._asdict())
    assert_same_bits(worlds[2]._asdict(), run_on_cpu()[2]._asdict())


def test_launches_without_items_or_worlds_do_nothing():
    host = compiled_toys().host()
    for order in ORDERS:
        for count, items in ((0, 5), (5, 0), (0, 0)):
            host.launch("evaluate", 0, 0, 0, 0, count, items, order)


def test_example_arguments_are_like_those_of_real_worlds():
    blueprint = mixed()
    real = blueprint.setting(1), blueprint.new_world(), make_records(blueprint, 2)
    for example, values in zip(example_arguments(), real, strict=True):
        assert typeof(example) == typeof(values)


def test_structs_are_as_large_as_their_descriptors():
    world = example_arguments()[1]
    assert struct_bytes(typeof(world)) == sum(8 * (5 + 2 * array.ndim) for array in world)


def test_every_launch_is_an_entry(ptx):
    entries = re.findall(r"\.visible \.entry launch_(\w+)\(", ptx)
    assert entries == [launch.name for launch in TOYS]
    for entry in ptx.split(".visible .entry")[1:]:
        assert re.findall(r"\.param \.u64", entry.split(")")[0]) == [".param .u64"] * 6


def test_numbers_are_rounded_as_on_the_cpu(ptx):
    instructions = set(re.findall(r"^\s+(?:@!?%p\d+ )?([a-z][\w.]*)\s", ptx, re.MULTILINE))
    arithmetic = {
        name for name in instructions if re.match(r"(add|sub|mul|div|sqrt|fma|mad)\..*f(32|64)", name)
    }
    assert arithmetic == {"add.rn.f64", "sub.rn.f64", "mul.rn.f64", "div.rn.f64", "sqrt.rn.f64"}
    assert not {name for name in instructions if "approx" in name or "ftz" in name}


def test_a_thread_is_one_function_without_memory_of_its_own(ptx):
    assert not re.search(r"\.(extern|func|local|shared)\b|\bcall\b", ptx)
    accesses = set(re.findall(r"\b((?:ld|st)\.[\w.]+)", ptx))
    assert accesses and not {name for name in accesses if not re.match(r"(ld|st)\.(global|param)\.", name)}


def test_descriptors_and_parameters_are_read_as_constants(ptx):
    evaluate = ptx.split(".visible .entry launch_evaluate")[1].split(".visible .entry")[0]
    assert len(re.findall(r"ld\.global\.nc\.b64", evaluate)) > 5
    assert not re.search(r"ld\.global\.(nc\.)?b8", evaluate)  # a parameter byte by byte
    assert re.search(r"ld\.global\.b64", evaluate)  # the firms are not constant


def test_target_and_version_can_be_chosen():
    code = toy_program(TOYS[:1]).ptx("sm_70", "ptx63")
    assert ".version 6.3" in code and ".target sm_70" in code


@stage
def call_library(setting, world, work, records, i):
    """A sine is not the same everywhere."""
    world.firms[0, i] = np.sin(world.firms[1, i])


@stage
def take_remainder(setting, world, work, records, i):
    """Nor is a remainder of numbers."""
    world.firms[0, i] = np.fmod(world.firms[1, i], 0.7)


@pytest.mark.parametrize("thread, reason", [(call_library, "sin"), (take_remainder, "frem|fmod")])
def test_what_a_device_has_not_is_refused(thread, reason):
    with pytest.raises(DeviceCodeError, match=f"^launch wrong: .*({reason})$"):
        toy_program([Launch("wrong", thread, "firms")]).ptx()


@stage
def take_extremes(setting, world, work, records, i):
    """What becomes ``min`` and ``max`` of PTX, which tell -0 from 0: only beside other numbers than 0."""
    a, b, c = world.firms[0, i], world.firms[1, i], world.firms[2, i]
    world.firms[0, i] = a if a < 0.0 else 0.0
    world.firms[1, i] = b if b > 0.0 else 0.0
    world.firms[2, i] = c if c < 1.0 else 1.0


@stage
def take_extremes_of_negative_zero(setting, world, work, records, i):
    """This has no exact form."""
    a = world.firms[0, i]
    world.firms[0, i] = a if a > -0.0 else -0.0


def test_zeros_keep_their_sign():
    code = toy_program([Launch("extremes", take_extremes, "firms")]).ptx()
    assert [line.split()[-1] for line in re.findall(r"m(?:in|ax)\.f64 .*;", code)] == ["0d3FF0000000000000;"]
    with pytest.raises(DeviceCodeError, match="max.f64 of what may be zeros"):
        toy_program([Launch("wrong", take_extremes_of_negative_zero, "firms")]).ptx()


def test_records_that_may_be_written_are_refused():
    setting, world, records = example_arguments()
    with pytest.raises(TypeError, match="Work.*records are read as if nobody wrote"):
        Program(TOYS, setting, world, Work(status=np.zeros(1, dtype=[("code", np.int64)])), records)


def test_code_is_kept_on_disk(tmp_path, monkeypatch):
    launches = TOYS[:1]
    first = toy_program(launches, tmp_path)
    code = first.ptx()
    first.host()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".bc", ".o", ".ptx"]
    monkeypatch.setattr("technopole_kernels.grid.emit.stage_module", None)  # so that compiling would fail
    again = toy_program(launches, tmp_path)
    assert again.ptx() == code
    again.host().launch("draw_words", 0, 0, 0, 0, 0, 0)
    assert ".target sm_75" in again.ptx("sm_75")  # made from what is stored
    with pytest.raises(TypeError):
        toy_program(TOYS[1:2], tmp_path).ptx()


def test_code_of_other_packages_is_not_kept_beside_the_kernels():
    from technopole_kernels._jit import cache_directory

    before = set(cache_directory().glob("grid-*"))
    toy_program(TOYS[:1]).ptx()
    assert set(cache_directory().glob("grid-*")) == before


def _assembler():
    """NVIDIA's assembler, if the environment variable says where or it is on the path."""
    return os.environ.get("PTXAS") or shutil.which("ptxas")


@pytest.mark.skipif(_assembler() is None, reason="no ptxas (set PTXAS to its path)")
@pytest.mark.parametrize("processor", ["sm_80", "sm_90"])
def test_the_assembler_of_nvidia_takes_it(ptx, processor, tmp_path):
    source = tmp_path / "toys.ptx"
    source.write_text(ptx)
    command = [_assembler(), f"-arch={processor}", "-v", str(source), "-o", str(tmp_path / "toys.cubin")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.count("0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads") == len(TOYS)
