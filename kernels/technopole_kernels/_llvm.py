"""Building blocks of LLVM for elements side by side, eight or (float32) sixteen; see _lanes.py and _bits.py."""

from llvmlite import ir
from numba.core import cgutils, types

WIDTH = 8
INDEX, PLACE = ir.IntType(64), ir.IntType(32)


def width_of(element):
    """How many floats of a type of numba's, or elements beside them, make one of the widest registers."""
    return 2 * WIDTH if element == types.float32 else WIDTH


def has_masks(context):
    """Whether the processor loads, stores and compresses under a mask in one instruction each."""
    return "+avx512vl" in context.codegen().magic_tuple()[2]


def element_size(element):
    """Bytes of an element."""
    return _bits(element) // 8


def _bits(element):
    return {"double": 64, "float": 32}.get(str(element)) or element.width


def suffix(vector):
    """How LLVM's names of functions call a vector."""
    floats = isinstance(vector.element, (ir.DoubleType, ir.FloatType))
    return f"v{vector.count}{'f' if floats else 'i'}{_bits(vector.element)}"


def address(context, builder, array_type, array, index):
    """Address of an element of a contiguous row."""
    row = cgutils.create_struct_proxy(array_type)(context, builder, array)
    return builder.gep(row.data, [index])


def as_vector(builder, start, vector):
    """The same address as that of a vector."""
    return builder.bitcast(start, vector.as_pointer())


def many_times(builder, value, vector):
    """A vector of the same."""
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, PLACE(0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(PLACE, vector.count), [0] * vector.count))


def below(builder, count, width=WIDTH):
    """Mask of the lanes below a number."""
    index = INDEX
    if width > WIDTH:  # indices in one register; there are not as many firms as would not fit into them
        index, count = PLACE, builder.trunc(count, PLACE)
    indices = ir.VectorType(index, width)
    return builder.icmp_signed("<", ir.Constant(indices, list(range(width))), many_times(builder, count, indices))


def masked_load(builder, start, mask, vector):
    """Load the elements under a mask; the others are zero and not touched."""
    start = as_vector(builder, start, vector)
    load_type = ir.FunctionType(vector, [start.type, PLACE, mask.type, vector])
    name = f"llvm.masked.load.{suffix(vector)}.p0"
    function = cgutils.get_or_insert_function(builder.module, load_type, name)
    return builder.call(function, [start, PLACE(element_size(vector.element)), mask, ir.Constant(vector, None)])


def load_first(context, builder, start, count, vector):
    """Load the first ``count`` elements, at most as many as there are lanes, and zeros behind."""
    width = vector.count
    if has_masks(context):
        return masked_load(builder, start, below(builder, count, width), vector)
    # where a masked load is several instructions, it should only be used at the end
    result = cgutils.alloca_once(builder, vector)
    with builder.if_else(builder.icmp_signed(">=", count, INDEX(width))) as (then, otherwise):
        with then:
            whole = builder.load(as_vector(builder, start, vector), align=element_size(vector.element))
            builder.store(whole, result)
        with otherwise:
            builder.store(masked_load(builder, start, below(builder, count, width), vector), result)
    return builder.load(result)


def store_all(builder, values, start):
    """Write all elements."""
    builder.store(values, as_vector(builder, start, values.type), align=element_size(values.type.element))


def store_first(builder, values, start, count):
    """Write the first ``count`` elements, at most as many as there are lanes."""
    width = values.type.count
    with builder.if_else(builder.icmp_signed(">=", count, INDEX(width))) as (then, otherwise):
        with then:
            store_all(builder, values, start)
        with otherwise:
            mask, target = below(builder, count, width), as_vector(builder, start, values.type)
            store_type = ir.FunctionType(ir.VoidType(), [values.type, target.type, PLACE, mask.type])
            name = f"llvm.masked.store.{suffix(values.type)}.p0"
            function = cgutils.get_or_insert_function(builder.module, store_type, name)
            builder.call(function, [values, target, PLACE(element_size(values.type.element)), mask])


def turned(builder, rows):
    """Rows of a square as its columns: halves are exchanged, then quarters, and so on."""
    width = len(rows)
    places = ir.VectorType(PLACE, width)
    step = width // 2
    while step:
        rows = list(rows)
        low = [(j & step) // step * width + (j & ~step) for j in range(width)]
        high = [(j & step) // step * width + (j | step) for j in range(width)]
        for i in (i for i in range(width) if not i & step):
            pair = rows[i], rows[i + step]
            rows[i] = builder.shuffle_vector(*pair, ir.Constant(places, low))
            rows[i + step] = builder.shuffle_vector(*pair, ir.Constant(places, high))
        step //= 2
    return rows
