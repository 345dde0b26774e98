"""Matrix products of the `fused` engine: y += x @ w for a few rows of x, compiled with the sums held in registers.

A pixel's product has one row, so it costs what reading w from the cache costs; four candidates read w once. Whole rows
of an image have many, so they cost what the arithmetic costs. Neither may pay for a framework's call or for packing w
anew each time; and what the compiler makes of plain loops depends on what it can prove about them. So the innermost
*tile*, some rows of y by one panel of its columns, is written as vector instructions, which LLVM fits to the machine.

w is laid out in *panels*: PANEL columns beside each other, one row after the other, then the next panel; see `panels`.
Where float16 holds it exactly, as it does the weights of a model file, it is kept so, and reading it costs half.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from llvmlite import binding, ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.sampling.compiled import inner

LANES = 16
VECTORS = 2
PANEL = LANES * VECTORS
AHEAD = 8192
"""A matrix is fetched so many bytes ahead, so that a farther cache has the time it takes: the processor does that by
itself only to the end of a page."""
LINE = 64
"""Bytes that a cache fetches at once."""
READS_HALF = any(binding.get_host_cpu_features().get(name) for name in ("f16c", "fp-armv8"))


def padded(outputs: int) -> int:
    """Columns a matrix takes up: whole panels. The same for what is multiplied into, a row at a time."""
    return -(-outputs // PANEL) * PANEL


def panels(matrix: Tensor) -> Tensor:
    """A matrix (inputs, outputs) as `add_product` reads it: (panels, inputs, PANEL), zeros past the last column."""
    inputs, outputs = matrix.shape
    columns = padded(outputs)
    wide = F.pad(matrix, (0, columns - outputs))
    return wide.view(inputs, columns // PANEL, PANEL).movedim(1, 0).contiguous()


def stored(matrices: Tensor) -> NDArray[np.generic]:
    """The numbers of matrices as `add_product` takes them: the bits of float16 where that loses nothing and the machine
    has an instruction to read it, else as they are."""
    if matrices.dtype == torch.float32 and READS_HALF:
        half = matrices.half()
        if torch.equal(half.float(), matrices):
            return half.view(torch.int16).numpy()
    return matrices.numpy()


def _tile(rows: int, chains: int) -> Callable[..., None]:
    """y[r * ystep + c] += sum over k of x[r * xstep + k] * w[k * PANEL + c], for `rows` rows and PANEL columns.

    `inputs` is a multiple of `chains`, which are summed beside each other: one row alone would wait for its own sums.
    """

    @intrinsic
    def tile(
        _: Any, y: Any, yo: Any, ystep: Any, x: Any, xo: Any, xstep: Any, w: Any, wo: Any, inputs: Any
    ) -> Any:
        signature = types.void(y, *(types.intp,) * 2, x, *(types.intp,) * 2, w, *(types.intp,) * 2)
        return signature, emit

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.get_value_type(signature.args[0].dtype)
        vector = ir.VectorType(number, LANES)
        align = context.get_abi_sizeof(number)
        half = signature.args[6].dtype == types.int16
        kept = ir.VectorType(ir.HalfType(), LANES) if half else vector
        kept_align = 2 if half else align
        array_of: Any = cgutils.create_struct_proxy
        y, x, w = (array_of(signature.args[i])(context, builder, args[i]).data for i in (0, 3, 6))
        _, yo, ystep, _, xo, xstep, _, wo, inputs = args
        index = inputs.type

        def vector_at(base: Any, at: Any, v: int, kind: Any = vector) -> Any:
            place = builder.gep(base, [builder.add(at, index(v * LANES))])
            return builder.bitcast(place, kind.as_pointer())

        def weight_at(at: Any, v: int) -> Any:
            value = builder.load(vector_at(weights, at, v, kept), align=kept_align)
            return builder.fpext(value, vector) if half else value

        def fetch_ahead(at: Any) -> None:
            address, number32 = ir.IntType(8).as_pointer(), ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [address, number32, number32, number32])
            prefetch = builder.module.declare_intrinsic("llvm.prefetch", [address], kind)
            to_read, keep, data = number32(0), number32(3), number32(1)
            for offset in range(AHEAD, AHEAD + PANEL * kept_align, LINE):
                place = builder.gep(weights, [builder.add(at, index(offset // kept_align))])
                builder.call(prefetch, [builder.bitcast(place, address), to_read, keep, data])

        def row_at(base: Any, start: Any, step: Any, r: int) -> Any:
            return builder.gep(base, [builder.add(start, builder.mul(step, index(r)))])

        cells = [(r, v) for r in range(rows) for v in range(VECTORS)]
        outs = {(r, v): vector_at(row_at(y, yo, ystep, r), index(0), v) for r, v in cells}
        inputs_of = [row_at(x, xo, xstep, r) for r in range(rows)]
        weights = builder.gep(w, [wo])
        start = builder.block
        before = {key: builder.load(out, align=align) for key, out in outs.items()}
        loop, after = builder.append_basic_block("products"), builder.append_basic_block("sum")
        builder.branch(loop)

        builder.position_at_end(loop)
        k = builder.phi(index)
        k.add_incoming(index(0), start)
        zero = ir.Constant(vector, [ir.Constant(number, 0.0)] * LANES)
        so_far = {(chain, key): builder.phi(vector) for chain in range(chains) for key in cells}
        for (chain, key), value in so_far.items():
            value.add_incoming(before[key] if chain == 0 else zero, start)
        total = {}
        for chain in range(chains):
            this = builder.add(k, index(chain))
            at = builder.mul(this, index(PANEL))
            fetch_ahead(at)
            w_at = [weight_at(at, v) for v in range(VECTORS)]
            for r in range(rows):
                x_at = _everywhere(builder, builder.load(builder.gep(inputs_of[r], [this])), vector)
                for v in range(VECTORS):
                    product = builder.fmul(x_at, w_at[v], flags=("contract",))
                    total[chain, (r, v)] = builder.fadd(so_far[chain, (r, v)], product, flags=("contract",))
        following = builder.add(k, index(chains))
        for term, value in so_far.items():
            value.add_incoming(total[term], loop)
        k.add_incoming(following, loop)
        builder.cbranch(builder.icmp_signed("<", following, inputs), loop, after)

        builder.position_at_end(after)
        for key, out in outs.items():
            value = total[0, key]
            for chain in range(1, chains):
                value = builder.fadd(value, total[chain, key])
            builder.store(value, out, align=align)
        return context.get_dummy_value()

    return tile


def _everywhere(builder: Any, number: Any, vector: Any) -> Any:
    """A vector that holds a number in each lane."""
    nothing = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.IntType(32)(0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, nothing, lanes)


_twelve, _eight, _four, _two, _one = _tile(12, 1), _tile(8, 1), _tile(4, 1), _tile(2, 2), _tile(1, 4)
_one_input = _tile(1, 1)


@intrinsic
def _borrowed(_: Any, array: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array_of: Any = cgutils.create_struct_proxy
        null_of: Any = cgutils.get_null_value
        view = array_of(signature.args[0])(context, builder, args[0])
        view.meminfo, view.parent = null_of(view.meminfo.type), null_of(view.parent.type)
        return view._getvalue()

    return array(array), emit


borrowed: Callable[..., Any] = _borrowed
"""An array that a loop was given, as one whose users are not counted: numba counts them, and threads that share one
would fetch the count from each other each time. The caller keeps the array while the loop runs."""


@inner
def copy(to: Any, at: Any, given: Any, start: Any, count: Any) -> None:
    """to[at : at + count] = given[start : start + count], in a tenth of the time that takes written so: numba asks of
    two slices each time whether they overlap."""
    at, start = np.uintp(at), np.uintp(start)
    for i in range(np.uintp(count)):
        to[at + i] = given[start + i]


@inner
def add_product(
    y: Any,
    yo: int,
    ystep: int,
    x: Any,
    xo: int,
    xstep: int,
    rows: int,
    w: Any,
    wo: int,
    inputs: int,
    outputs: int,
) -> None:
    """y += x @ w, for flat arrays: row r of y, `outputs` wide, begins at yo + r * ystep, row r of x, `inputs` wide, at
    xo + r * xstep; w, in panels, at wo. `outputs` is a multiple of PANEL."""
    whole = inputs // 4 * 4
    for column in range(0, outputs, PANEL):
        at = wo + column * inputs
        r = 0
        while r + 12 <= rows:
            _twelve(y, yo + r * ystep + column, ystep, x, xo + r * xstep, xstep, w, at, inputs)
            r += 12
        while r + 8 <= rows:
            _eight(y, yo + r * ystep + column, ystep, x, xo + r * xstep, xstep, w, at, inputs)
            r += 8
        while r + 4 <= rows:
            _four(y, yo + r * ystep + column, ystep, x, xo + r * xstep, xstep, w, at, inputs)
            r += 4
        while r + 2 <= rows and whole == inputs:
            _two(y, yo + r * ystep + column, ystep, x, xo + r * xstep, xstep, w, at, inputs)
            r += 2
        while r < rows:
            if whole:
                _one(y, yo + r * ystep + column, ystep, x, xo + r * xstep, xstep, w, at, whole)
            if whole < inputs:
                past = at + whole * PANEL
                _one_input(
                    y,
                    yo + r * ystep + column,
                    ystep,
                    x,
                    xo + r * xstep + whole,
                    xstep,
                    w,
                    past,
                    inputs - whole,
                )
            r += 1
