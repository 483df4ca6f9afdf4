"""The structs of arrays are what numba's compiled code reads; arrays lie one behind the other."""

import numba
import numpy as np
import pytest
from numba.core.registry import cpu_target

from devices import FakeDevice
from technopole.config.config import Config
from technopole.device.memory import ALIGNMENT, arrange, arrays_in, describe
from technopole.device.uploaded import Uploaded
from technopole.model.model import Model
from technopole.schema import RECORDS
from technopole.world.build import make_blueprint
from technopole.world.recording import Recording
from technopole_kernels._trampoline import Layout


@pytest.fixture(scope="module")
def values(two_regions):
    """What a launch gets, by name."""
    blueprint = make_blueprint(Config.from_toml(two_regions))
    recording = Recording(tuple(RECORDS), 1, 5, blueprint.n_regions, blueprint.n_sectors)
    world = blueprint.new_world()
    return {"setting": blueprint.setting(3), "world": world, "records": recording.records(0)}


def addresses_of(values):
    return [array.__array_interface__["data"][0] for array in arrays_in(values)]


def places_in(context, kind, begin=0):
    """Offset and size of all words of a type of LLVM, as the data model of the processor lays them out."""
    parts = list(getattr(kind, "elements", ()))
    if not parts:
        yield begin, context.get_abi_sizeof(kind)
    end = begin
    for part in parts:
        alignment = context.get_abi_alignment(part)
        end = -(-end // alignment) * alignment
        yield from places_in(context, part, end)
        end += context.get_abi_sizeof(part)


@pytest.mark.parametrize("name", ["setting", "world", "records"])
def test_a_struct_is_that_of_numba(values, name):
    described = describe(values[name], addresses_of(values[name]))
    context = cpu_target.target_context
    kind = numba.typeof(values[name])
    model = context.get_value_type(kind)
    assert len(described) == context.get_abi_sizeof(model)
    places = list(places_in(context, model))
    assert places == [(8 * word, 8) for word in range(len(described) // 8)]
    # and word for word what compiled hosts are given
    layout = Layout({name: kind})
    memory = np.zeros(layout.size, dtype=np.int64)
    layout.write(memory, name, values[name])
    assert described == memory[layout.starts[name] :].tobytes()


def test_as_many_addresses_as_arrays(values):
    addresses = addresses_of(values["records"])
    with pytest.raises(ValueError, match="more addresses"):
        describe(values["records"], [*addresses, 0])
    with pytest.raises(RuntimeError):
        describe(values["records"], addresses[:-1])


def test_what_is_no_array_is_refused(values):
    with pytest.raises(TypeError, match="a str has no place"):
        describe(("text",), [])


def test_arrays_do_not_overlap():
    arrays = {"a": np.zeros((3, 5)), "b": np.zeros(0, dtype=np.int8), "c": np.zeros(7, dtype=np.uint8)}
    places, nbytes = arrange(arrays)
    assert [place.offset for place in places.values()] == [0, ALIGNMENT, ALIGNMENT]
    assert nbytes == 2 * ALIGNMENT and places["a"].nbytes == 120


def test_constants_are_sent_once(two_regions):
    model = Model(two_regions)
    setting, world, _ = model.kernel_arguments()
    device = FakeDevice(setting, world, Recording((), 1, 1, 2, 3).records(0))
    uploaded = Uploaded(device, setting)
    constants = sum(array.nbytes for array in arrays_in(setting.constants))
    before = device.uploaded
    uploaded.replace(setting._replace(seed=setting.seed + np.uint64(1)))
    assert 0 < device.uploaded - before < before - constants + 1
    seen = device._read(setting, uploaded.struct, 0)
    assert seen.seed[0] == setting.seed[0] + 1
    for one, other in zip(arrays_in(seen), arrays_in(setting._replace(seed=seen.seed)), strict=True):
        assert np.array_equal(one, other)
    wide = setting.policy._replace(sectors=np.ones((1, 4, 3)))
    uploaded.replace(setting._replace(policy=wide))
    assert np.array_equal(device._read(setting, uploaded.struct, 0).policy.sectors, wide.sectors)
    uploaded.close()
    device.close()
