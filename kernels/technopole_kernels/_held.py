"""Named tuples of arrays that stages take by address.

Numba takes a tuple apart at every call: a world and its setting are some 300 arguments, which cost time to compile and
to call. ``held = hold(world)`` puts the tuple into the frame of an entry point once; stages get its address, and
``held.firms`` reads the array from there. Nothing writes to it while it is held, and LLVM is told so.
"""

import hashlib

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model


class Held(types.Type):
    """Type of the address of a named tuple."""

    def __init__(self, held):
        self.held = held
        # short, for it becomes a part of the name of every function that takes one
        name = f"{held.instance_class.__name__}{hashlib.sha256(held.name.encode()).hexdigest()[:8]}"
        super().__init__(f"Held({name})")

    @property
    def key(self):
        return self.held


@register_model(Held)
class _HeldModel(models.PrimitiveModel):
    def __init__(self, manager, held):
        super().__init__(manager, held, manager.lookup(held.held).get_value_type().as_pointer())


def _field_type(field):
    return Held(field) if isinstance(field, types.NamedTuple) else field


@infer_getattr
class _HeldAttributes(AttributeTemplate):
    key = Held

    def generic_resolve(self, held, name):
        if name in held.held.fields:
            return _field_type(held.held.types[held.held.fields.index(name)])
        return None


@lower_getattr_generic(Held)
def _read_field(context, builder, held, address, name):
    place = held.held.fields.index(name)
    start = cgutils.gep_inbounds(builder, address, 0, place)
    field = held.held.types[place]
    if isinstance(field, types.NamedTuple):
        return start
    value = _load(builder, start, context.get_value_type(field))
    return _unowned(context, builder, field, value) if isinstance(field, types.Array) else value


def _load(builder, start, value_type):
    """Load a value part by part, so that LLVM forgets those that nobody asks for."""
    if not isinstance(value_type, (ir.LiteralStructType, ir.IdentifiedStructType, ir.ArrayType)):
        value = builder.load(start)
        value.set_metadata("invariant.load", builder.module.add_metadata([]))
        return value
    value = ir.Constant(value_type, ir.Undefined)
    for place, part in enumerate(value_type.elements if hasattr(value_type, "elements") else _parts(value_type)):
        loaded = _load(builder, cgutils.gep_inbounds(builder, start, 0, place), part)
        value = builder.insert_value(value, loaded, place)
    return value


def _unowned(context, builder, array_type, value):
    """Return an array that nobody counts references to: the caller of the entry point holds it."""
    array = cgutils.create_struct_proxy(array_type)(context, builder, value)
    array.meminfo = cgutils.get_null_value(array.meminfo.type)
    array.parent = cgutils.get_null_value(array.parent.type)
    return array._getvalue()


def _parts(array_type):
    return [array_type.element] * array_type.count


def _store(builder, value, start):
    """Store a value part by part."""
    if not isinstance(value.type, (ir.LiteralStructType, ir.IdentifiedStructType, ir.ArrayType)):
        builder.store(value, start)
        return
    for place in range(len(value.type)):
        _store(builder, builder.extract_value(value, place), cgutils.gep_inbounds(builder, start, 0, place))


def _as_if_from_elsewhere(builder, start):
    """Return the same address by way of an instruction that LLVM does not look into.

    It would otherwise see loads of what never changes from a place that it has just seen written, and might take what
    was there before.
    """
    kind = ir.FunctionType(start.type, [start.type])
    return builder.asm(kind, "", "=r,0,~{memory}", [start], side_effect=True)


@intrinsic
def hold(_typing, values):
    """Address of a named tuple in the frame of the caller, valid until it returns; to be handed to stages only."""
    if not isinstance(values, types.NamedTuple):
        return None

    def generate(_context, builder, _sig, args):
        start = cgutils.alloca_once(builder, args[0].type)
        _store(builder, args[0], start)
        return _as_if_from_elsewhere(builder, start)

    return Held(values)(values), generate
