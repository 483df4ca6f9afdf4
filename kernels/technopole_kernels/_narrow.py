"""Arithmetic of functions that are given float32: a float64 or a whole number beside a float32 is rounded to it.

Numba, as NumPy once did, makes float64 of float32 and a float64: a parameter or a literal in a loop over firms would
double the size of all that it touches. Here the rule is the one that NumPy 2 has for scalars, so that one source
serves both precisions. `Narrow` is a pass of the compiler, added only where an argument holds float32; functions of
float64 are compiled as ever. Where a total must be float64, ``total += x`` is: the kind of ``total`` decides.
"""

import operator

import numpy as np
from numba.core import ir, ir_utils, types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.extending import intrinsic

_ARITHMETIC = (operator.add, operator.sub, operator.mul, operator.truediv)
_COMPARISONS = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)
_SINGLE = types.float32
_LARGEST = float(np.finfo(np.float32).max)


def holds_single(kind):
    """Whether a type of an argument is float32 or holds some."""
    if isinstance(kind, types.Float):
        return kind == _SINGLE
    if isinstance(kind, types.Array):
        return kind.dtype == _SINGLE
    if isinstance(kind, types.BaseTuple):
        return any(holds_single(part) for part in kind.types)
    return holds_single(kind.held) if hasattr(kind, "held") else False


def _narrows(left, right):
    kinds = {left, right}
    return _SINGLE in kinds and all(isinstance(kind, (types.Float, types.Integer)) for kind in kinds)


def _beside(function):
    """The operator whose operands are float32 if one of them is."""

    @intrinsic
    def narrow(typing, left, right):
        if _narrows(left, right):
            left = right = _SINGLE
        found = typing.resolve_function_type(function, (left, right), {})
        return None if found is None else (found, _generate(function))

    return narrow


def _into(function):
    """The operator of ``left op= right``, whose kind is that of ``left``."""

    @intrinsic
    def narrow(typing, left, right):
        if _narrows(left, right) and isinstance(left, types.Float):
            right = left
        found = typing.resolve_function_type(function, (left, right), {})
        return None if found is None else (found, _generate(function))

    return narrow


def _generate(function):
    def generate(context, builder, sig, args):
        implementation = context.get_function(context.typing_context.resolve_value_type(function), sig)
        return implementation(builder, args)

    return generate


_BESIDE = {function: _beside(function) for function in _ARITHMETIC + _COMPARISONS}
_INTO = {function: _into(function) for function in _ARITHMETIC}


@register_pass(mutates_CFG=False, analysis_only=False)
class Narrow(FunctionPass):
    """Put the operators above in place of Python's."""

    _name = "technopole_narrow"

    def __init__(self):
        super().__init__()

    def run_pass(self, state):
        function = state.func_ir
        for block in function.blocks.values():
            block.body = [new for old in block.body for new in _rewritten(old, block.scope)]
        _narrow_choices(function.blocks)
        function._definitions = ir_utils.build_definitions(function.blocks)
        return True


def _rewritten(statement, scope):
    """The statements in place of one."""
    value = statement.value if isinstance(statement, ir.Assign) else None
    operation = None
    if isinstance(value, ir.Expr) and value.op == "binop":
        operation = _BESIDE.get(value.fn)
    if isinstance(value, ir.Expr) and value.op == "inplace_binop":
        operation = _INTO.get(value.immutable_fn)
    if operation is None:
        return [statement]
    name = scope.redefine("$narrow", statement.loc)
    called = ir.Expr.call(name, (value.lhs, value.rhs), (), statement.loc)
    return [
        ir.Assign(ir.Global("narrow", operation, statement.loc), name, statement.loc),
        ir.Assign(called, statement.target, statement.loc),
    ]


def _narrow_choices(blocks):
    """Make the literal of ``x if condition else 0.0`` a float32, if it is one: beside a float64 it is the same."""
    definitions = ir_utils.build_definitions(blocks)
    returned = []
    for block in blocks.values():
        for statement in block.body:
            value = statement.value if isinstance(statement, (ir.Assign, ir.Return)) else None
            if isinstance(statement, ir.Return):
                returned.append(value)
            elif isinstance(value, ir.Expr) and value.op == "phi" and statement.target.name.startswith("$"):
                _narrow_literals(value.incoming_values, definitions)
    _narrow_literals(returned, definitions)


def _narrow_literals(choices, definitions):
    literals = [_literal(choice, definitions) for choice in choices]
    if None in literals:
        for literal in literals:
            if literal is not None and abs(literal.value) <= _LARGEST and np.float32(literal.value) == literal.value:
                literal.value = np.float32(literal.value)


def _literal(variable, definitions):
    """The literal float that a variable stands for, or None."""
    found = variable
    while isinstance(found, ir.Var) or (isinstance(found, ir.Expr) and found.op == "cast"):
        known = [found.value] if isinstance(found, ir.Expr) else definitions.get(found.name, [])
        if len(known) != 1:
            return None
        found = known[0]
    constant = isinstance(found, (ir.Const, ir.Global, ir.FreeVar)) and isinstance(found.value, float)
    return found if constant else None
