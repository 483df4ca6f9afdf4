"""From a linked module to code: PTX for NVIDIA's driver, and an object for this processor.

Neither uses an instruction that rounds otherwise than the kernels of the CPU do: no fast-math, no fused
multiply-add; division and square root are correctly rounded on both.
"""

import re

import llvmlite.binding as llvm
from llvmlite.binding import Linkage
from numba.core import config
from numba.core.codegen import get_host_cpu_features

from technopole_kernels.grid._entries import PREFIX

DEVICE_TRIPLE = "nvptx64-nvidia-cuda"

_EXACT = "sqrt|fabs|copysign|floor|ceil|trunc|rint|nearbyint|roundeven|masked.load|masked.store"
"""What LLVM may be asked to compute with numbers: the same bits everywhere."""
_INEXACT_CALL = re.compile(rf"@llvm\.(?!(?:{_EXACT})\.)([\w.]+?)\.(?:v\d+)?f(?:32|64)\b")
_INEXACT = re.compile(r"= (frem|f(?:add|sub|mul|div) (?:fast|[a-z ]*(?:contract|reassoc|arcp|afn)))\b")
_ATTRIBUTES = re.compile(r"^attributes #\d+ = \{.*\}$", re.MULTILINE)
_FIELD_LOAD = re.compile(r"(= load (?:double|i64), ptr .*), align 1$", re.MULTILINE)
"""Reading a field of a record: of the parameters, which are never written, and stand where numbers of 8 bytes may."""
_CONSTANT_FIELD = r"\1, align 8, !invariant.load !{}"
_COMPARED_ZERO = re.compile(r"(= fcmp \w+ double .*), 0\.000000e\+00$", re.MULTILINE)
"""A selection after this becomes min or max, for which -0 is below 0. Compared with -0, which is equal, it stays."""
_EXTREME = re.compile(r"^\s*(m(?:in|ax)\.f64) (?!.*, 0d(?!(?:0|8)0{15})[0-9A-F]{16};$)", re.MULTILINE)
_POINTER_LOAD = re.compile(r'^  %("?)([^" ]+)\1 = (load ptr, ptr .*!invariant\.load .*)$', re.MULTILINE)
_GLOBAL_POINTER = r"""  %"raw \2" = \3
  %"global \2" = addrspacecast ptr %"raw \2" to ptr addrspace(1)
  %\1\2\1 = addrspacecast ptr addrspace(1) %"global \2" to ptr"""
_ROUNDING = ("sqrt", "fabs", "floor", "ceil", "trunc", "rint", "nearbyint", "roundeven")
_LIBRARY = "".join(
    f"""
declare double @llvm.{name}.f64(double)
define linkonce_odr double @{name}(double %x) alwaysinline {{
  %y = call double @llvm.{name}.f64(double %x)
  ret double %y
}}
"""
    for name in _ROUNDING
)
"""Functions of the system's mathematical library that are instructions on every device."""


class DeviceCodeError(Exception):
    """A launch does what no device can do, or what a device would do with other bits."""


def make_ptx(module, target, version):
    """PTX of the entries of a linked module, as text.

    Parameters
    ----------
    module : ModuleRef
        With entries for a device.
    target : str
        Oldest processor it is to run on, such as ``sm_80``; the driver translates it for the one at hand.
    version : str
        Version of PTX, such as ``ptx78``: a driver reads those up to its own.

    Raises
    ------
    DeviceCodeError
        If a launch needs a function that a device does not have or that would not be exact.
    """
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(DEVICE_TRIPLE).create_target_machine(
        cpu=target, features=f"+{version}", opt=3, codemodel="default"
    )
    module = _parse(_FIELD_LOAD.sub(_CONSTANT_FIELD, _inlined(str(module))))
    module.link_in(llvm.parse_assembly(_LIBRARY))
    module.triple, module.data_layout = DEVICE_TRIPLE, str(machine.target_data)
    _keep_entries_only(module)
    _optimise(module, machine, level=3)
    _refuse_what_devices_lack(module)
    text = _COMPARED_ZERO.sub(r"\1, -0.0", str(module))
    code = machine.emit_assembly(_parse(_POINTER_LOAD.sub(_GLOBAL_POINTER, text)))
    if found := _EXTREME.search(code):
        raise DeviceCodeError(f"a launch asks for {found[1]} of what may be zeros of either sign")
    return code


def make_object(module):
    """Relocatable code of the entries of a linked module for this processor, as bytes."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = host_machine()
    module = _parse(str(module))
    module.data_layout = str(machine.target_data)
    _keep_entries_only(module)
    _optimise(module, machine, level=2)
    return machine.emit_object(module)


def host_machine():
    """Target machine of this processor, as numba sees it."""
    features = config.CPU_FEATURES if config.CPU_FEATURES is not None else get_host_cpu_features()
    name = config.CPU_NAME or llvm.get_host_cpu_name()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(cpu=name, features=features, opt=2, codemodel="jitdefault", jit=True)


def load_object(code):
    """Make code of `make_object` callable; returns what tells the addresses of its symbols, to be kept."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), host_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


def _parse(text):
    module = llvm.parse_assembly(text)
    module.verify()
    return module


def _inlined(text):
    """Make one function of every launch: calls on a device go through slow memory."""
    return _ATTRIBUTES.sub(lambda group: group[0].replace(" noinline ", " alwaysinline "), text)


def _keep_entries_only(module):
    """Hide all but the entries, so that what is inlined or unused goes away."""
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration and not value.name.startswith(PREFIX):
            value.linkage = Linkage.internal


def _optimise(module, machine, level):
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.loop_vectorization = options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)


def _refuse_what_devices_lack(module):
    lacking = [
        one.name for one in module.functions if one.is_declaration and not one.name.startswith("llvm.")
    ]
    for function in module.functions:
        if function.is_declaration:
            continue
        text, launch = str(function), function.name.removeprefix(PREFIX)
        for name in lacking:
            if re.search(rf'@"?{re.escape(name)}"?\(', text):
                raise DeviceCodeError(f"launch {launch}: a device has no function {name}")
        for found in (_INEXACT_CALL.search(text), _INEXACT.search(text)):
            if found:
                raise DeviceCodeError(f"launch {launch}: a device has no exact instruction for {found[1]}")
