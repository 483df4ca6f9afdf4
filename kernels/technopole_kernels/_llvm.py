"""Building blocks of LLVM for eight elements side by side; see _lanes.py and _bits.py."""

from llvmlite import ir
from numba.core import cgutils

WIDTH = 8
INDEX, PLACE, BYTE = ir.IntType(64), ir.IntType(32), ir.IntType(8)
PLACES = ir.VectorType(PLACE, WIDTH)


def has_masks(context):
    """Whether the processor loads, stores and compresses under a mask in one instruction each."""
    return "+avx512vl" in context.codegen().magic_tuple()[2]


def element_size(element):
    """Bytes of an element."""
    return 8 if isinstance(element, ir.DoubleType) else element.width // 8


def suffix(element):
    """How LLVM's names of functions call eight of an element."""
    return "v8f64" if isinstance(element, ir.DoubleType) else f"v8i{element.width}"


def address(context, builder, array_type, array, index):
    """Address of an element of a contiguous row."""
    row = cgutils.create_struct_proxy(array_type)(context, builder, array)
    return builder.gep(row.data, [index])


def as_vector(builder, start, vector):
    """The same address as that of eight elements."""
    return builder.bitcast(start, vector.as_pointer())


def eight_times(builder, value, vector):
    """Eight times the same."""
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, PLACE(0))
    return builder.shuffle_vector(one, one, ir.Constant(PLACES, [0] * WIDTH))


def below(builder, count):
    """Mask of the lanes below a number."""
    indices = ir.VectorType(INDEX, WIDTH)
    return builder.icmp_signed("<", ir.Constant(indices, list(range(WIDTH))), eight_times(builder, count, indices))


def masked_load(builder, start, mask, vector):
    """Load the elements under a mask; the others are zero and not touched."""
    start = as_vector(builder, start, vector)
    load_type = ir.FunctionType(vector, [start.type, PLACE, mask.type, vector])
    name = f"llvm.masked.load.{suffix(vector.element)}.p0"
    function = cgutils.get_or_insert_function(builder.module, load_type, name)
    return builder.call(function, [start, PLACE(element_size(vector.element)), mask, ir.Constant(vector, None)])


def load_first(context, builder, start, count, vector):
    """Load the first ``count`` elements, at most eight, and zeros behind."""
    if has_masks(context):
        return masked_load(builder, start, below(builder, count), vector)
    # where a masked load is several instructions, it should only be used at the end
    result = cgutils.alloca_once(builder, vector)
    with builder.if_else(builder.icmp_signed(">=", count, INDEX(WIDTH))) as (then, otherwise):
        with then:
            whole = builder.load(as_vector(builder, start, vector), align=element_size(vector.element))
            builder.store(whole, result)
        with otherwise:
            builder.store(masked_load(builder, start, below(builder, count), vector), result)
    return builder.load(result)


def store_all(builder, values, start):
    """Write all eight elements."""
    builder.store(values, as_vector(builder, start, values.type), align=element_size(values.type.element))


def store_first(builder, values, start, count):
    """Write the first ``count`` elements, at most eight."""
    with builder.if_else(builder.icmp_signed(">=", count, INDEX(WIDTH))) as (then, otherwise):
        with then:
            store_all(builder, values, start)
        with otherwise:
            mask, target = below(builder, count), as_vector(builder, start, values.type)
            store_type = ir.FunctionType(ir.VoidType(), [values.type, target.type, PLACE, mask.type])
            name = f"llvm.masked.store.{suffix(values.type.element)}.p0"
            function = cgutils.get_or_insert_function(builder.module, store_type, name)
            builder.call(function, [values, target, PLACE(element_size(values.type.element)), mask])
