"""Nodes of tools/random-graphs: a maker per operator, and the layouts of networks that are built of them.

A maker takes the graph that is being built (`Sketch` of tools/random-graphs), picks values that exist or adds new ones,
and adds nodes. `Sketch.node` raises Unfit where a node does not suit; a maker needs no check that onnxruntime makes
anyway.
"""

import numpy as np

SIDES = (1, 2, 3, 5, 7, 17, 31)
FLOATS = (np.float32, np.float16, np.float64)
SIGNED = (np.int8, np.int16, np.int32, np.int64)
UNSIGNED = (np.uint8, np.uint16, np.uint32, np.uint64)
ANY = FLOATS + SIGNED + UNSIGNED + (np.bool_,)
MICROSOFT = "com.microsoft"

MAKERS = {}


class Unfit(Exception):
    """The node does not suit the graph: another one is tried."""


def maker(*operators):
    """Registers a maker of nodes of these operators."""

    def register(function):
        for operator in operators:
            MAKERS[operator] = function
        return function

    return register


def axis_of(g, x, least=0):
    """An axis, counted from either end."""
    if x.rank <= least:
        raise Unfit
    axis = g.below(x.rank - least) + least
    return axis if g.chance(0.6) else axis - x.rank


def some_axes(g, x):
    axes = [axis for axis in range(x.rank) if g.chance(0.5)] or [g.below(x.rank)]
    return [axis if g.chance(0.7) else axis - x.rank for axis in axes]


# Element by element


@maker("Exp", "Log", "Sqrt", "Reciprocal", "Erf", "Tanh", "Sigmoid", "Softplus", "Softsign", "Mish", "HardSwish",
       "Ceil", "Floor", "Round", "Sin", "Cos", "Selu", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Tan", "Asinh", "Acosh",
       "Atanh")
def unary(g, op):
    x = g.floats(finite=False)
    if op == "HardSwish" and x.dtype == np.float64:
        raise Unfit  # onnxruntime's 1/6 is a float32.
    return g.node(op, [x])


@maker("Neg", "Abs", "Sign", "Relu")
def signed_unary(g, op):
    return g.node(op, [g.value(FLOATS + SIGNED)])


@maker("LeakyRelu", "Elu", "Celu", "ThresholdedRelu", "Swish")
def with_alpha(g, op):
    return g.node(op, [g.floats()], **({"alpha": g.number(0.1, 1.5)} if g.chance(0.7) else {}))


@maker("Gelu")
def gelu(g, op):
    if g.opset < 20:
        raise Unfit
    x = g.floats()
    # onnxruntime has ten digits of √(2/π).
    kinds = ["none"] if x.dtype == np.float64 else ["tanh", "none"]
    return g.node(op, [x], **({"approximate": g.choice(kinds)} if g.chance(0.7) else {}))


@maker("com.microsoft.Gelu", "com.microsoft.QuickGelu", "com.microsoft.FastGelu", "com.microsoft.BiasGelu")
def contributed_gelu(g, op):
    name = op.removeprefix(MICROSOFT + ".")
    x = g.value((np.float32,), least=1)
    bias = [g.constant_like(x, x.shape[-1:])] if name == "BiasGelu" or name == "FastGelu" and g.chance(0.5) else []
    alpha = {"alpha": 1.5} if name == "QuickGelu" and g.chance(0.5) else {}
    return g.node(name, [x] + bias, domain=MICROSOFT, **alpha)


@maker("HardSigmoid")
def hard_sigmoid(g, op):
    return g.node(op, [g.floats()], **({"alpha": g.number(0.1, 0.5), "beta": g.number(0, 1)} if g.chance(0.6) else {}))


@maker("Shrink")
def shrink(g, op):
    # Of float64, onnxruntime rounds to float32.
    return g.node(op, [g.value(FLOATS[:2] + SIGNED)], bias=float(g.integer(0, 2)), lambd=float(g.integer(0, 2)))


@maker("Clip")
def clip(g, op):
    x = g.value(FLOATS if g.opset < 12 else FLOATS + SIGNED + UNSIGNED)
    low, high = sorted([g.integer(0 if x.dtype in UNSIGNED else -3, 6), g.integer(0, 6)])
    if g.opset < 11:
        return g.node(op, [x], **{k: float(v) for k, v in (("min", low), ("max", high)) if g.chance(0.8)})
    bounds = [g.constant(np.array(v, x.dtype)) if g.chance(0.8) else None for v in (low, high)]
    return g.node(op, [x] + bounds)


@maker("PRelu")
def prelu(g, op):
    x = g.floats()
    slope = x.shape[1:2] + (1,) * (x.rank - 2) if x.rank > 1 and g.chance(0.6) else g.reduced_shape(x)
    return g.node(op, [x, g.constant_like(x, slope)])


@maker("Dropout", "Identity")
def identity(g, op):
    return g.node(op, [g.floats() if op == "Dropout" else g.value(ANY)])


@maker("IsNaN", "IsInf")
def kinds_of_number(g, op):
    extra = {"detect_negative": 0} if op == "IsInf" and g.chance(0.4) else {}
    return g.node(op, [g.value(FLOATS[:1] if g.opset < 20 else FLOATS, finite=False)], **extra)


@maker("Cast", "CastLike")
def cast(g, op):
    x = g.value(ANY)
    to = g.choice(ANY)
    low = -100 if to in SIGNED else 0
    if x.dtype in FLOATS and to not in FLOATS and not (x.array.size and x.array.min() >= low and x.array.max() <= 100):
        raise Unfit  # A float outside of the integer's range: C leaves the result open.
    if op == "CastLike":
        return g.node(op, [x, g.constant(np.zeros((2,), to))])
    return g.node(op, [x], to=g.type_number(to))


@maker("Not")
def logical_not(g, op):
    return g.node(op, [g.value((np.bool_,))])


@maker("Add", "Sub", "Mul", "Div", "Min", "Max", "Pow", "Mod")
def binary(g, op):
    x = g.value(FLOATS + SIGNED + UNSIGNED)
    y = g.partner(x)
    whole = x.dtype not in FLOATS
    attributes = {}
    if op in ("Div", "Mod"):
        if whole:
            y = g.constant(np.where(y.array == 0, 3, y.array).astype(y.dtype))
        elif op == "Mod":
            y = g.constant(np.where(np.abs(y.array) < 0.5, 1, y.array).astype(y.dtype))
        else:
            y = g.constant((np.sign(y.array) * np.maximum(np.abs(y.array), 0.25) + (y.array == 0)).astype(y.dtype))
        if op == "Mod" and (not whole or g.chance(0.5)):
            attributes["fmod"] = 1
        elif op == "Div" and whole and x.array.size and int(x.array.min()) == np.iinfo(x.dtype).min:
            raise Unfit  # The most negative number by -1.
    if op == "Pow":
        y = g.constant(np.array(g.choice([0, 1, 2, 3]) if whole else g.choice([0.5, 1, 2, 3, -1]), x.dtype))
        if whole and g.opset < 12:
            raise Unfit
    if op in ("Min", "Max") and g.chance(0.3):
        return g.node(op, [x, y, g.partner(x)][: g.integer(1, 3)])
    return g.node(op, [y, x] if g.chance(0.4) and op not in ("Div", "Mod", "Pow") else [x, y], **attributes)


@maker("Sum", "Mean")
def several(g, op):
    x = g.floats()
    others = [g.partner(x) if g.opset >= 8 else g.constant_like(x, x.shape) for _ in range(g.integer(0, 3))]
    return g.node(op, [x] + others)


@maker("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual")
def comparison(g, op):
    x = g.value(FLOATS + SIGNED + UNSIGNED)
    return g.node(op, [x, g.partner(x)])


@maker("And", "Or", "Xor")
def logical(g, op):
    x = g.value((np.bool_,))
    return g.node(op, [x, g.partner(x)])


@maker("Where")
def where(g, op):
    x = g.value(ANY)
    return g.node(op, [g.constant(g.rng.random(g.reduced_shape(x)) < 0.5), x, g.partner(x)])


# Along axes


@maker("Softmax", "LogSoftmax", "Hardmax")
def softmax(g, op):
    x = g.floats(least=1)
    return g.node(op, [x], **({"axis": axis_of(g, x)} if g.chance(0.7) and (x.rank > 1 or g.opset >= 13) else
                              {"axis": 0} if x.rank == 1 else {}))


@maker("ReduceMax", "ReduceMin", "ReduceMean", "ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
       "ReduceLogSumExp", "ReduceSumSquare")
def reduction(g, op):
    x = g.value(FLOATS + (np.int32, np.int64), least=1)
    if op == "ReduceLogSumExp" and x.dtype not in FLOATS:
        raise Unfit  # onnxruntime rounds each exponential to an integer.
    if op == "ReduceLogSum":
        x = g.node("Abs", [g.floats(least=1)])[0]
    if op == "ReduceProd" and x.array.size > (18 if x.dtype == np.int64 else 9 if x.dtype == np.int32 else 500):
        raise Unfit  # Integers of up to 9, whose product must not overflow.
    attributes = {"keepdims": g.below(2)} if g.chance(0.7) else {}
    axes = some_axes(g, x) if g.chance(0.85) else None
    if g.opset < (13 if op == "ReduceSum" else 18):
        return g.node(op, [x], **attributes, **({"axes": axes} if axes else {}))
    if axes is None and g.chance(0.3):
        attributes["noop_with_empty_axes"] = 1
    return g.node(op, [x] + ([g.constant(np.array(axes, np.int64))] if axes else []), **attributes)


@maker("ArgMax", "ArgMin")
def arg(g, op):
    x = g.value((np.float32, np.int32, np.int8, np.uint8, np.float64), least=1)
    attributes = {"axis": axis_of(g, x), "keepdims": g.below(2)}
    if g.opset >= 12 and g.chance(0.4):
        attributes["select_last_index"] = 1
    return g.node(op, [x], **attributes)


@maker("TopK")
def top(g, op):
    x = g.value((np.float32, np.int64, np.int32, np.float64), least=1)
    axis = axis_of(g, x)
    k = g.integer(1, max(1, x.shape[axis]))
    if g.opset < 10:
        return g.node(op, [x], outputs=2, axis=axis % x.rank, k=k)
    attributes = {"axis": axis}
    if g.opset >= 11 and g.chance(0.6):
        attributes.update(largest=g.below(2), sorted=1)
    return g.node(op, [x, g.constant(np.array([k], np.int64))], outputs=2, **attributes)


@maker("CumSum")
def cumulative(g, op):
    x = g.value((np.float32, np.float64, np.int32, np.int64), least=1)
    axis = g.constant(np.array(axis_of(g, x), g.choice([np.int32, np.int64])))
    return g.node(op, [x, axis], exclusive=g.below(2), reverse=g.below(2))


@maker("LpNormalization")
def lp_normalization(g, op):
    x = g.floats(least=1)
    return g.node(op, [x], axis=axis_of(g, x), p=g.integer(1, 2))


@maker("MeanVarianceNormalization")
def mean_variance(g, op):
    x = g.feature_map()
    y = g.node(op, [x], **({"axes": [0, 2, 3]} if g.chance(0.5) else {}))
    if not y[0].finite:
        raise Unfit  # By rounding, onnxruntime's variance of equal numbers may be less than 0.
    return y


@maker("LayerNormalization")
def layer_normalization(g, op):
    x = g.floats(least=2)
    axis = axis_of(g, x, least=1)
    scale = g.constant_like(x, x.shape[axis:] if axis < 0 else x.shape[axis:])
    bias = [g.constant_like(x, scale.shape)] if g.chance(0.7) else []
    return g.node(op, [x, scale] + bias, axis=axis, **({"epsilon": 1e-3} if g.chance(0.5) else {}))


@maker("RMSNormalization")
def rms_normalization(g, op):
    x = g.floats(least=2)
    axis = axis_of(g, x, least=1)
    return g.node(op, [x, g.constant_like(x, x.shape[axis:])], axis=axis)


@maker("com.microsoft.SkipLayerNormalization")
def skip_layer_normalization(g, op):
    x = g.value((np.float32,), rank=3)
    skip = g.constant_like(x, x.shape)
    more = [g.constant_like(x, x.shape[-1:]) for _ in range(g.integer(1, 3))]
    return g.node("SkipLayerNormalization", [x, skip] + more, domain=MICROSOFT, epsilon=1e-4)


# Elements moved


@maker("Reshape")
def reshape(g, op):
    x = g.value(ANY)
    if x.array.size == 0:
        raise Unfit
    extents = [int(e) for e in x.shape]
    g.rng.shuffle(extents)
    if len(extents) > 1 and g.chance(0.5):
        at = g.below(len(extents) - 1)
        extents[at: at + 2] = [extents[at] * extents[at + 1]]
    elif g.chance(0.4):
        extents.insert(g.below(len(extents) + 1), 1)
    if extents and g.chance(0.5):
        extents[g.below(len(extents))] = -1
    for axis, extent in enumerate(extents):
        if axis < x.rank and extent == x.shape[axis] and g.chance(0.4):
            extents[axis] = 0
    return g.node(op, [x, g.constant(np.array(extents, np.int64))])


@maker("Transpose")
def transpose(g, op):
    x = g.value(ANY, least=1)
    return g.node(op, [x], **({"perm": [int(p) for p in g.rng.permutation(x.rank)]} if g.chance(0.85) else {}))


def with_axes(g, op, x, axes):
    if g.opset < 13:
        return g.node(op, [x], axes=axes)
    return g.node(op, [x, g.constant(np.array(axes, np.int64))])


@maker("Squeeze")
def squeeze(g, op):
    x = g.value(ANY, test=lambda v: 1 in v.shape)
    axes = [axis for axis, extent in enumerate(x.shape) if extent == 1 and g.chance(0.6)]
    if not axes:
        return g.node(op, [x])
    return with_axes(g, op, x, [axis - x.rank if g.opset >= 11 and g.chance(0.3) else axis for axis in axes])


@maker("Unsqueeze")
def unsqueeze(g, op):
    x = g.value(ANY)
    count = g.integer(1, 2)
    axes = sorted(int(a) for a in g.rng.choice(x.rank + count, count, replace=False))
    return with_axes(g, op, x, axes)


@maker("Flatten")
def flatten(g, op):
    x = g.value(FLOATS if g.opset < 9 else ANY, least=1)
    return g.node(op, [x], **({"axis": g.below(x.rank + 1)} if g.chance(0.7) else {}))


@maker("Concat")
def concat(g, op):
    x = g.value(ANY, least=1)
    axis = axis_of(g, x)
    parts = [x]
    for _ in range(g.integer(1, 3)):
        twin = [v for v in g.values if v.dtype == x.dtype and v.rank == x.rank and not v.loose and all(
            a == b or i == axis % x.rank for i, (a, b) in enumerate(zip(v.shape, x.shape)))]
        if twin and g.chance(0.7):
            parts.append(g.choice(twin))
        else:
            shape = list(x.shape)
            shape[axis] = g.choice(SIDES)
            parts.append(g.constant_like(x, tuple(shape)))
    g.rng.shuffle(parts)
    return g.node(op, parts, axis=axis if g.opset >= 11 else axis % x.rank)


@maker("Split")
def split(g, op):
    x = g.value(ANY if g.opset > 2 else FLOATS, least=1, test=lambda v: max(v.shape) > 1)
    axis = g.choice([i for i, e in enumerate(x.shape) if e > 1])
    extent = x.shape[axis]
    if g.opset >= 18 and g.chance(0.4):
        parts = g.integer(1, min(4, extent))
        if (parts - 1) * -(-extent // parts) >= extent:
            raise Unfit
        return g.node(op, [x], outputs=parts, axis=axis, num_outputs=parts)
    if extent % 2 == 0 and g.opset < 18 and g.chance(0.3):
        return g.node(op, [x], outputs=2, axis=axis)
    first = g.integer(1, extent - 1)
    sizes = [first, extent - first]
    if sizes[1] > 1 and g.chance(0.4):
        sizes[1:] = [1, sizes[1] - 1]
    if g.opset < 13:
        return g.node(op, [x], outputs=len(sizes), axis=axis, split=sizes)
    return g.node(op, [x, g.constant(np.array(sizes, np.int64))], outputs=len(sizes), axis=axis - x.rank)


@maker("Slice")
def slices(g, op):
    x = g.value(ANY, least=1)
    axes = sorted({a % x.rank for a in some_axes(g, x)})
    starts, ends, steps = [], [], []
    for axis in axes:
        extent = x.shape[axis]
        first, last = sorted([g.below(extent + 1), g.below(extent + 1)])
        if first == last:
            first, last = 0, extent
        step = g.choice([1, 1, 2, 3]) if g.opset >= 10 else 1
        if g.opset >= 10 and g.chance(0.25):
            first, last, step = last - 1, first - extent - 1, -step
        elif g.chance(0.3):
            last = g.choice([last, 2**31 - 1, 2**63 - 1 if g.opset >= 10 else extent + 5])
        elif g.chance(0.3):
            first -= extent
        starts.append(first)
        ends.append(last)
        steps.append(step)
    if g.opset < 10:
        return g.node(op, [x], starts=starts, ends=ends, axes=axes)
    inputs = [x] + [g.constant(np.array(n, np.int64)) for n in (starts, ends, axes)]
    return g.node(op, inputs + ([g.constant(np.array(steps, np.int64))] if any(s != 1 for s in steps) else []))


@maker("Gather")
def gather(g, op):
    x = g.value(ANY, least=1)
    axis = axis_of(g, x) if g.opset >= 11 else g.below(x.rank)
    extent = x.shape[axis]
    shape = g.choice([(), (3,), (1, 2), (2, 1, 2)])
    low = -extent if g.opset >= 11 else 0
    indices = g.rng.integers(low, max(extent, 1), shape, g.choice([np.int32, np.int64]))
    return g.node(op, [x, g.constant(indices)], axis=axis)


@maker("GatherElements")
def gather_elements(g, op):
    x = g.value(ANY, least=1)
    axis = axis_of(g, x)
    shape = tuple(g.integer(1, e) if i != axis % x.rank else g.integer(1, 5) for i, e in enumerate(x.shape))
    return g.node(op, [x, g.constant(g.rng.integers(-x.shape[axis], x.shape[axis], shape))], axis=axis)


@maker("GatherND")
def gather_nd(g, op):
    x = g.value(ANY, least=1)
    batch = 1 if g.opset >= 12 and x.rank > 1 and g.chance(0.4) else 0
    depth = g.integer(1, x.rank - batch)
    lead = x.shape[:batch] + g.choice([(), (2,), (3, 1)])
    indices = np.stack([g.rng.integers(-x.shape[batch + i], x.shape[batch + i], lead) for i in range(depth)], -1)
    return g.node(op, [x, g.constant(indices.astype(np.int64))], **({"batch_dims": batch} if batch else {}))


@maker("ScatterElements")
def scatter_elements(g, op):
    x = g.value(ANY, least=1)
    axis = axis_of(g, x)
    add = g.opset >= 16 and x.dtype in (np.float32, np.int32, np.int64, np.float64) and g.chance(0.5)
    count = g.integer(1, x.shape[axis])
    shape = tuple(g.integer(1, e) if i != axis % x.rank else count for i, e in enumerate(x.shape))
    line = g.rng.integers(0, x.shape[axis], count) if add else g.rng.permutation(x.shape[axis])[:count]
    indices = np.broadcast_to(line.reshape([-1 if i == axis % x.rank else 1 for i in range(x.rank)]), shape)
    kind = {"reduction": g.choice(["add", "mul"] + (["min", "max"] if g.opset >= 18 else []))} if add else {}
    return g.node(op, [x, g.constant(indices.astype(np.int64)), g.constant_like(x, shape)], axis=axis, **kind)


@maker("ScatterND")
def scatter_nd(g, op):
    x = g.value(ANY, least=1)
    depth = g.integer(1, x.rank)
    places = int(np.prod(x.shape[:depth]))
    add = g.opset >= 16 and x.dtype in (np.float32, np.int32, np.int64, np.float64) and g.chance(0.5)
    count = g.integer(1, min(places, 6))
    chosen = g.rng.integers(0, places, count) if add else g.rng.choice(places, count, replace=False)
    indices = np.stack(np.unravel_index(chosen, x.shape[:depth]), -1).astype(np.int64)
    kind = {"reduction": g.choice(["add", "mul"] + (["min", "max"] if g.opset >= 18 else []))} if add else {}
    return g.node(op, [x, g.constant(indices), g.constant_like(x, (count,) + x.shape[depth:])], **kind)


@maker("Pad")
def pad(g, op):
    x = g.value(FLOATS[:1] + FLOATS[2:] if g.opset < 11 else FLOATS + (np.int8, np.uint8, np.int32, np.int64), least=1)
    mode = g.choice(["constant", "reflect", "edge"] + (["wrap"] if g.opset >= 19 else []))
    pads = [g.choice([0, 0, 1, 2, 3]) for _ in range(2 * x.rank)]
    if mode in ("reflect", "wrap"):
        pads = [min(p, x.shape[i % x.rank] - 1) for i, p in enumerate(pads)]
    elif mode == "constant" and g.chance(0.3):
        pads = [-1 if p == 1 and x.shape[i % x.rank] > 3 else p for i, p in enumerate(pads)]
    if g.opset < 11:
        return g.node(op, [x], pads=pads, mode=mode, **({"value": 0.5} if mode == "constant" and g.chance(0.5) else {}))
    inputs = [x, g.constant(np.array(pads, np.int64))]
    if mode == "constant" and g.chance(0.5):
        inputs.append(g.constant(np.array(g.integer(0, 3), x.dtype)))
    return g.node(op, inputs, **({} if mode == "constant" and g.chance(0.5) else {"mode": mode}))


@maker("Expand")
def expand(g, op):
    x = g.value(ANY)
    shape = [g.choice([1, 3]) if e == 1 else g.choice([1, e]) for e in x.shape]
    lead = [g.choice([1, 2, 3])] if g.chance(0.4) else []
    if not lead and shape and shape[0] == 1 and g.chance(0.3):
        shape = shape[1:]
    return g.node(op, [x, g.constant(np.array(lead + shape, np.int64))])


@maker("Tile")
def tile(g, op):
    x = g.value(ANY, least=1)
    return g.node(op, [x, g.constant(np.array([g.choice([1, 1, 2, 3]) for _ in x.shape], np.int64))])


@maker("DepthToSpace")
def depth_to_space(g, op):
    b = g.choice([2, 2, 3])
    x = g.feature_map(channels=b * b * g.choice([1, 3]))
    return g.node(op, [x], blocksize=b, **({"mode": g.choice(["DCR", "CRD"])} if g.opset >= 11 else {}))


@maker("SpaceToDepth")
def space_to_depth(g, op):
    b = g.choice([2, 3])
    return g.node(op, [g.feature_map(height=b * g.choice([1, 3, 5]), width=b * g.choice([1, 2, 7]))], blocksize=b)


@maker("Trilu")
def trilu(g, op):
    x = g.value(ANY, least=2)
    k = [g.constant(np.array(g.integer(-3, 3), np.int64))] if g.chance(0.6) else []
    return g.node(op, [x] + k, **({"upper": g.below(2)} if g.chance(0.7) else {}))


@maker("Compress")
def compress(g, op):
    x = g.value(ANY, least=1)
    if g.chance(0.3):
        return g.node(op, [x, g.constant(g.rng.random(min(x.array.size, 9)) < 0.6)])
    axis = axis_of(g, x) if g.opset >= 11 else g.below(x.rank)
    return g.node(op, [x, g.constant(g.rng.random(x.shape[axis]) < 0.6)], axis=axis)


@maker("NonZero")
def non_zero(g, op):
    return g.node(op, [g.value((np.bool_, np.int32, np.int64, np.uint8, np.float32), least=1)])


@maker("OneHot")
def one_hot(g, op):
    depth = g.choice([3, 5, 7])
    kind = g.choice([np.int64, np.int32, np.float32])
    indices = g.constant(g.rng.integers(-depth if g.opset >= 11 else 0, depth, g.choice([(3,), (2, 5)])).astype(kind))
    values = np.array([g.integer(-1, 0), g.integer(1, 3)], g.choice([np.float32, np.int64]))
    depth = g.constant(np.array(depth, np.int64) if g.chance(0.5) else np.array([depth], np.int64))
    return g.node(op, [indices, depth, g.constant(values)], **({"axis": g.choice([0, 1, -1])} if g.chance(0.6) else {}))


@maker("EyeLike")
def eye(g, op):
    x = g.constant(np.zeros((g.choice(SIDES), g.choice(SIDES)), g.choice([np.float32, np.int64, np.int32])))
    return g.node(op, [x], **({"k": g.integer(-2, 2)} if g.chance(0.6) else {}))


@maker("ConstantOfShape")
def constant_of_shape(g, op):
    shape = g.constant(np.array([g.choice(SIDES) for _ in range(g.integer(0, 3))], np.int64))
    fill = np.array([g.integer(0, 5)], g.choice([np.float32, np.int64, np.uint8, np.int32, np.bool_]))
    return g.node(op, [shape], **({"value": fill} if g.chance(0.8) else {}))


@maker("Range")
def arange(g, op):
    kind = g.choice([np.float32, np.int64, np.int32, np.float64])
    return g.node(op, [g.constant(np.array(v, kind)) for v in (g.integer(-3, 3), g.integer(5, 20), g.integer(1, 3))])


@maker("Shape", "Size")
def extents(g, op):
    x = g.value(ANY)
    if op == "Shape" and g.opset >= 15 and g.chance(0.5):
        return g.node(op, [x], start=g.integer(-2, 1), **({"end": g.integer(-1, 4)} if g.chance(0.5) else {}))
    return g.node(op, [x])


@maker("Constant")
def constant(g, op):
    return g.node(op, [], value=g.numbers(g.shape(), g.choice(ANY)))


# Feature maps


def window(g, x, most=5):
    """Attributes of a window over x's spatial axes."""
    axes = x.rank - 2
    kernel = [g.choice([k for k in (1, 2, 3, 3, 5) if k <= most]) for _ in range(axes)]
    attributes = {"kernel_shape": kernel}
    if g.chance(0.5):
        attributes["strides"] = [g.integer(1, 3) for _ in range(axes)]
    if g.chance(0.25):
        attributes["auto_pad"] = g.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
    elif g.chance(0.7):
        attributes["pads"] = [g.integer(0, k // 2) for k in kernel + kernel]
    return attributes


@maker("Conv")
def conv(g, op):
    axes = g.choice([2, 2, 2, 2, 1, 3])
    return convolution(g, g.feature_map(axes=axes, kinds=FLOATS))


def convolution(g, x, filters=None, **fixed):
    channels = x.shape[1]
    group = channels if g.chance(0.25) else g.choice([d for d in (1, 1, 2, 3) if channels % d == 0])
    attributes = window(g, x) if not fixed else dict(fixed)
    if g.chance(0.15) and not fixed and "auto_pad" not in attributes:
        attributes["dilations"] = [g.integer(1, 2) for _ in x.shape[2:]]
    filters = filters or group * g.choice([1, 1, 2, 5])
    if filters % group:
        group = 1
    shape = (filters, channels // group, *attributes["kernel_shape"])
    w = g.constant(g.weights(shape, x.dtype))
    if group != 1:
        attributes["group"] = group
    bias = [g.constant_like(x, (filters,))] if g.chance(0.6) else []
    return g.node("Conv", [x, w] + bias, **attributes)


@maker("com.microsoft.FusedConv")
def fused_conv(g, op):
    x = g.feature_map(kinds=(np.float32,))
    k = g.choice([1, 3])
    w = g.constant(g.weights((5, x.shape[1], k, k), x.dtype))
    inputs = [x, w, g.constant_like(x, (5,))]
    activation = {"activation": g.choice(["Relu", "Sigmoid"])}
    if g.chance(0.3):
        activation = {"activation": "LeakyRelu", "activation_params": [0.1]}
    if g.chance(0.4):
        inputs.append(g.constant_like(x, (x.shape[0], 5, *x.shape[2:])))
        activation = {"activation": "Relu"}
    return g.node("FusedConv", inputs, domain=MICROSOFT, kernel_shape=[k, k], pads=[k // 2] * 4, **activation)


@maker("ConvTranspose")
def conv_transpose(g, op):
    x = g.feature_map(axes=g.choice([2, 2, 2, 1, 3]), most=7, kinds=(np.float32, np.float64, np.float16))
    channels = x.shape[1]
    group = g.choice([d for d in (1, 1, 1, channels) if channels % d == 0])
    attributes = {"kernel_shape": [g.choice([1, 2, 3, 4]) for _ in x.shape[2:]]}
    if g.chance(0.7):
        attributes["strides"] = [g.integer(1, 3) for _ in x.shape[2:]]
        if g.chance(0.4):
            attributes["output_padding"] = [g.below(s) for s in attributes["strides"]]
    if g.chance(0.2):
        attributes["auto_pad"] = g.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
        # onnxruntime makes less than input · stride where a kernel is smaller than its stride.
        if any(k < s for k, s in zip(attributes["kernel_shape"], attributes.get("strides", [1] * 3))):
            raise Unfit
    elif g.chance(0.6):
        attributes["pads"] = [g.integer(0, k // 2) for k in attributes["kernel_shape"] * 2]
    if g.chance(0.2) and "auto_pad" not in attributes:
        attributes["dilations"] = [g.integer(1, 2) for _ in x.shape[2:]]
    if group != 1:
        attributes["group"] = group
    filters = g.choice([1, 2, 3])
    w = g.constant(g.weights((channels, filters, *attributes["kernel_shape"]), x.dtype))
    bias = [g.constant_like(x, (filters * group,))] if g.chance(0.5) else []
    return g.node(op, [x, w] + bias, **attributes)


@maker("MaxPool", "AveragePool", "LpPool")
def pool(g, op):
    x = g.feature_map(axes=g.choice([2, 2, 2, 1, 3]), kinds=FLOATS)
    attributes = window(g, x, most=3)
    outputs = 1
    if op == "AveragePool" and g.chance(0.4):
        attributes["count_include_pad"] = 1
    if g.opset >= (18 if op == "LpPool" else 10) and "auto_pad" not in attributes and g.chance(0.3):
        attributes["ceil_mode"] = 1
    first = {"MaxPool": 10, "AveragePool": 19, "LpPool": 18}[op]
    if g.opset >= first and "auto_pad" not in attributes and g.chance(0.2):
        attributes["dilations"] = [g.integer(1, 2) for _ in x.shape[2:]]
    if attributes.get("auto_pad", "VALID") == "VALID":
        # onnxruntime divides by the stride towards zero: a window beyond the padding gives one output, not none.
        pads, dilations = attributes.get("pads", [0] * 6), attributes.get("dilations", [1] * 3)
        for index, kernel in enumerate(attributes["kernel_shape"]):
            if dilations[index] * (kernel - 1) >= x.shape[index + 2] + pads[index] + pads[index + x.rank - 2]:
                raise Unfit
    else:
        # Where windows lie apart onnxruntime computes SAME's padding as less than none, and refuses only some of that.
        strides = attributes.get("strides", [1] * 3)
        if any(stride > kernel for stride, kernel in zip(strides, attributes["kernel_shape"])):
            raise Unfit
    if op == "LpPool" and g.chance(0.6):
        attributes["p"] = g.integer(1, 3)
    if op == "MaxPool" and g.opset >= 8 and g.chance(0.25):
        outputs = 2
        if g.chance(0.3):
            attributes["storage_order"] = 1
    return g.node(op, [x], outputs=outputs, **attributes)


@maker("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def global_pool(g, op):
    x = g.feature_map(axes=g.choice([2, 2, 1, 3]), kinds=FLOATS)
    return g.node(op, [x], **({"p": g.integer(1, 3)} if op == "GlobalLpPool" and g.chance(0.6) else {}))


@maker("BatchNormalization")
def batch_normalization(g, op):
    return normalise(g, g.feature_map(axes=g.choice([2, 2, 1, 3]), kinds=FLOATS))


def normalise(g, x):
    shape = (x.shape[1],)
    scale, bias, mean = (g.constant_like(x, shape) for _ in range(3))
    variance = g.constant((g.rng.random(shape) + 0.3).astype(x.dtype))
    return g.node("BatchNormalization", [x, scale, bias, mean, variance], epsilon=g.choice([1e-5, 1e-3]))


@maker("InstanceNormalization")
def instance_normalization(g, op):
    x = g.feature_map()
    return g.node(op, [x, g.constant_like(x, x.shape[1:2]), g.constant_like(x, x.shape[1:2])], epsilon=1e-3)


@maker("GroupNormalization")
def group_normalization(g, op):
    # Before it scales, onnxruntime computes in float32, as the attribute stash_type says.
    x = g.feature_map(channels=g.choice([6, 12]), kinds=FLOATS[:2])
    groups = g.choice([1, 2, 3, 6])
    shape = (groups,) if g.opset < 21 else x.shape[1:2]
    return g.node(op, [x, g.constant_like(x, shape), g.constant_like(x, shape)], num_groups=groups, epsilon=1e-3)


@maker("LRN")
def lrn(g, op):
    x = g.feature_map(channels=g.choice([1, 5, 7]))
    return g.node(op, [x], size=g.choice([1, 3, 5]), alpha=0.01, beta=0.75, bias=1.5)


@maker("Resize")
def resize(g, op):
    x = g.feature_map(most=17)
    sizes = [g.integer(1, 2 * e + 1) for e in x.shape[2:]]
    if g.opset < 10:
        raise Unfit
    if g.opset == 10:
        scales = np.array([1, 1] + [g.choice([0.5, 1, 2, 3]) for _ in sizes], np.float32)
        return g.node(op, [x, g.constant(scales)], mode=g.choice(["nearest", "linear"]))
    mode = g.choice(["nearest", "linear", "cubic"])
    places = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
    attributes = {"mode": mode, "coordinate_transformation_mode": g.choice(places + ["half_pixel_symmetric"]
                                                                           if g.opset >= 19 else places)}
    if mode == "nearest":
        attributes["nearest_mode"] = g.choice(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    if mode == "cubic":
        attributes["cubic_coeff_a"] = g.choice([-0.75, -0.5])
        if g.chance(0.3):
            attributes["exclude_outside"] = 1
    if g.opset >= 18 and mode != "nearest" and g.chance(0.4):
        attributes["antialias"] = 1
    nothing = None if g.opset >= 13 else g.constant(np.zeros(0, np.float32))
    if g.chance(0.5):
        scales = np.array([1, 1] + [g.choice([0.5, 2, 1.5, 3]) for _ in sizes], np.float32)
        if "align" in attributes["coordinate_transformation_mode"] and any(e * s % 1 for e, s in zip(x.shape, scales)):
            raise Unfit  # ONNX's cases divide by scale · extent − 1, onnxruntime by that of the rounded extent.
        return g.node(op, [x, nothing, g.constant(scales)], **attributes)
    empty = None if g.opset >= 13 else g.constant(np.zeros(0, np.float32))
    return g.node(op, [x, nothing, empty, g.constant(np.array(list(x.shape[:2]) + sizes, np.int64))], **attributes)


@maker("Upsample")
def upsample(g, op):
    x = g.feature_map(most=17, kinds=(np.float32,))
    scales = [1.0, 1.0] + [float(g.choice([1, 2, 3])) for _ in x.shape[2:]]
    mode = g.choice(["nearest", "linear"])
    if g.opset < 9:
        return g.node(op, [x], scales=scales, mode=mode)
    return g.node(op, [x, g.constant(np.array(scales, np.float32))], mode=mode)


@maker("GridSample")
def grid_sample(g, op):
    x = g.feature_map(most=17)
    grid = g.rng.uniform(-1.2, 1.2, (x.shape[0], g.choice([3, 5]), g.choice([1, 7]), 2)).astype(x.dtype)
    names = ["bilinear", "nearest", "bicubic"] if g.opset < 20 else ["linear", "nearest", "cubic"]
    mode, padding = g.choice(names), g.choice(["zeros", "border", "reflection"])
    if "cubic" in mode and padding == "border":
        raise Unfit  # onnxruntime moves the point to the border, ONNX's reference only the pixels around it.
    return g.node(op, [x, g.constant(grid)], mode=mode, align_corners=g.below(2), padding_mode=padding)


@maker("AffineGrid")
def affine_grid(g, op):
    theta = g.input(g.rng.standard_normal((2, 2, 3)).astype(np.float32))
    return g.node(op, [theta, g.constant(np.array([2, 3, 5, 7], np.int64))], align_corners=g.below(2))


@maker("BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot")
def bitwise(g, op):
    x = g.value(SIGNED + UNSIGNED)
    return g.node(op, [x] if op == "BitwiseNot" else [x, g.partner(x)])


@maker("BitShift")
def bit_shift(g, op):
    x = g.value(UNSIGNED)
    shift = g.constant(g.rng.integers(0, 5, g.reduced_shape(x)).astype(x.dtype))
    return g.node(op, [x, shift], direction=g.choice(["LEFT", "RIGHT"]))


@maker("CenterCropPad")
def center_crop_pad(g, op):
    x = g.value(FLOATS + (np.int64, np.uint8), least=1)
    axes = sorted({a % x.rank for a in some_axes(g, x)})
    return g.node(op, [x, g.constant(np.array([g.choice(SIDES[:5]) for _ in axes], np.int64))], axes=axes)


@maker("ReverseSequence")
def reverse_sequence(g, op):
    x = g.value(ANY, least=2)
    return g.node(op, [x, g.constant(g.rng.integers(1, x.shape[1] + 1, x.shape[0]))], batch_axis=0, time_axis=1)


@maker("Unique")
def unique(g, op):
    x = g.value((np.float32, np.int64, np.float64, np.int8), least=1)
    return g.node(op, [x], outputs=g.choice([1, 4]), **({"axis": axis_of(g, x)} if g.chance(0.5) else {}),
                  **({"sorted": 0} if g.chance(0.3) else {}))


@maker("DeformConv")
def deform_conv(g, op):
    x = g.feature_map(most=7, kinds=(np.float32,))
    n, c, h, w = (int(e) for e in x.shape)
    weights = g.constant(g.weights((3, c, 3, 3)))
    offset = g.constant(g.rng.standard_normal((n, 18, h, w)).astype(np.float32))
    more = [g.constant_like(x, (3,)), g.constant(g.rng.random((n, 9, h, w)).astype(np.float32))][: g.below(3)]
    return g.node(op, [x, weights, offset] + more, kernel_shape=[3, 3], pads=[1] * 4)


@maker("MaxUnpool")
def max_unpool(g, op):
    x = g.feature_map(kinds=(np.float32,))
    if min(x.shape[2:]) < 2:
        raise Unfit
    window = {"kernel_shape": [2, 2], "strides": [2, 2]}
    values, indices = g.node("MaxPool", [x], outputs=2, **window)
    return g.node(op, [values, indices], **window)


@maker("RotaryEmbedding")
def rotary_embedding(g, op):
    x = g.input(g.numbers((2, 3, 5, 8), np.float32))
    cache = [g.constant(g.numbers((7, 4), np.float32)) for _ in range(2)]
    return g.node(op, [x, *cache, g.constant(g.rng.integers(0, 7, (2, 5)))], interleaved=g.below(2))


@maker("Col2Im")
def col_to_image(g, op):
    x = g.input(g.numbers((2, 3 * 4, 9), np.float32))
    return g.node(op, [x] + [g.constant(np.array(s, np.int64)) for s in ([6, 6], [2, 2])], strides=[2, 2])


@maker("RoiAlign")
def roi_align(g, op):
    x = g.feature_map(kinds=(np.float32,))
    corners = g.rng.uniform(0, min(x.shape[2:]) * 0.6, (3, 2))
    boxes = np.concatenate([corners, corners + g.rng.uniform(0.5, 4, (3, 2))], 1).astype(x.dtype)
    batch = g.constant(g.rng.integers(0, x.shape[0], 3))
    attributes = {"output_height": g.integer(1, 4), "output_width": g.integer(1, 4), "sampling_ratio": g.below(3),
                  "spatial_scale": g.choice([1.0, 0.5])}  # Of mode max, onnxruntime says itself that it is wrong.
    if g.opset >= 16:
        attributes["coordinate_transformation_mode"] = g.choice(["half_pixel", "output_half_pixel"])
    return g.node(op, [x, g.constant(boxes), batch], **attributes)


@maker("NonMaxSuppression")
def non_max_suppression(g, op):
    count, batch, classes = g.choice([5, 17]), g.choice([1, 2]), g.choice([1, 3])
    corners = g.rng.uniform(0, 10, (batch, count, 2))
    boxes = np.concatenate([corners, corners + g.rng.uniform(1, 8, (batch, count, 2))], 2).astype(np.float32)
    scores = g.rng.random((batch, classes, count)).astype(np.float32)
    inputs = [g.input(boxes), g.input(scores), g.constant(np.array([g.integer(1, 6)], np.int64)),
              g.constant(np.array([g.number(0.1, 0.7)], np.float32)), g.constant(np.array([0.3], np.float32))]
    return g.node(op, inputs[: g.integer(3, 5)], **({"center_point_box": 1} if g.chance(0.3) else {}))


# Products


@maker("MatMul")
def matmul(g, op):
    x = g.value(FLOATS + (np.int32, np.int64), least=1)
    inner = x.shape[-1]
    shape = g.choice([(inner, 5), (inner, 1), (inner, 17), (inner,)])
    if x.rank > 2 and g.chance(0.3):
        shape = (*x.shape[:-2], inner, 3)
    weights = g.weights(shape, x.dtype) if x.dtype in FLOATS else g.numbers(shape, x.dtype)
    y = g.constant(weights) if g.chance(0.7) else g.input(weights)
    return g.node(op, [x, y])


@maker("Gemm")
def gemm(g, op):
    x = g.value(FLOATS, rank=2)
    attributes = {}
    inner = x.shape[1]
    if g.chance(0.3):
        attributes["transA"], inner = 1, x.shape[0]
    outer = g.choice([1, 5, 17])
    shape = (inner, outer)
    if g.chance(0.4):
        attributes["transB"], shape = 1, (outer, inner)
    if g.chance(0.4):
        attributes.update(alpha=0.5, beta=g.choice([1.0, 0.25]))
    c = [g.constant_like(x, g.choice([(outer,), (1,), (1, outer)]))] if g.opset < 11 or g.chance(0.7) else []
    return g.node(op, [x, g.constant(g.weights(shape, x.dtype))] + c, **attributes)


@maker("com.microsoft.FusedGemm")
def fused_gemm(g, op):
    x = g.value((np.float32,), rank=2)
    c = g.constant_like(x, (5,))
    return g.node("FusedGemm", [x, g.constant(g.weights((x.shape[1], 5), x.dtype)), c], domain=MICROSOFT,
                  activation=g.choice(["Relu", "Sigmoid", "Tanh"]))


@maker("com.microsoft.FusedMatMul")
def fused_matmul(g, op):
    x = g.value((np.float32,), least=2)
    transposed = g.chance(0.4)
    inner = x.shape[-2 if transposed else -1]
    return g.node("FusedMatMul", [x, g.constant(g.weights((5, inner), x.dtype))], domain=MICROSOFT, alpha=0.5,
                  transA=int(transposed), transB=1)


@maker("Einsum")
def einsum(g, op):
    b, i, j, k = (g.choice((1, 2, 3, 5)) for _ in range(4))
    shapes = {"b": b, "i": i, "j": j, "k": k}
    text = g.choice(["bij,bjk->bik", "ij,jk->ik", "bij->bji", "bij->b", "ij,ij->i", "bij,kj->bik", "i,j->ij",
                     "bij,bkj->bik", "ii->i", "...ij,...jk->...ik", "ij,jk"])
    terms = text.split("->")[0].replace("...", "b").split(",")
    dtype = g.choice([np.float32, np.float32, np.float64])
    inputs = [g.input(g.numbers(tuple(shapes[c] for c in term), dtype)) for term in terms]
    return g.node(op, inputs, equation=text)


@maker("Attention")
def attention(g, op):
    batch, length, heads, width = g.choice([1, 2]), g.choice([3, 7]), g.choice([1, 2, 3]), g.choice([4, 8])
    shape = (batch, heads, length, width) if g.chance(0.5) else (batch, length, heads * width)
    inputs = [g.input(g.numbers(shape, np.float32)) for _ in range(3)]
    attributes = {} if len(shape) == 4 else {"q_num_heads": heads, "kv_num_heads": heads}
    if g.chance(0.3):
        attributes["is_causal"] = 1
    elif g.chance(0.4):
        inputs.append(g.constant(g.numbers((length, length), np.float32)))
    if g.chance(0.3):
        attributes["scale"] = 0.3
    return g.node(op, inputs, **attributes)


# Quantised


def grid(g, kind=np.uint8, scale=None):
    """A scale and a zero point, as constants."""
    scale = scale or float(g.choice([0.05, 0.1, 0.03]))
    zero = g.integer(110, 140) if kind == np.uint8 else g.integer(-10, 10) if kind == np.int8 else 0
    return g.constant(np.array(scale, np.float32)), g.constant(np.array(zero, kind))


@maker("QuantizeLinear")
def quantize(g, op):
    return g.node(op, [g.value((np.float32,)), *grid(g, g.choice([np.uint8, np.int8]))])


@maker("DequantizeLinear")
def dequantize(g, op):
    x = g.value((np.uint8, np.int8), loose=True)
    return g.node(op, [x, *grid(g, x.dtype)])


def fake_quantized(g, x, kind=np.uint8):
    """x through QuantizeLinear and DequantizeLinear."""
    largest = float(np.abs(x.array).max()) if x.array.size else 1
    scale, zero = g.constant(np.array(max(largest, 0.1) / 110, np.float32)), g.constant(np.array(128 if kind == np.uint8
                                                                                                  else 0, kind))
    y = g.node("QuantizeLinear", [x, scale, zero])[0]
    return g.node("DequantizeLinear", [y, scale, zero])[0]


def quantized_weights(g, shape, axis=0):
    """int8 weights with a scale per channel, dequantised."""
    per_channel = g.opset >= 13 and g.chance(0.6)
    w = g.constant(g.rng.integers(-127, 128, shape).astype(np.int8))
    count = (shape[axis],) if per_channel else ()
    scale = g.constant((g.rng.random(count) * 0.01 + 0.002).astype(np.float32))
    zero = g.constant(np.zeros(count, np.int8))
    return g.node("DequantizeLinear", [w, scale, zero], **({"axis": axis} if per_channel else {}))[0]


@maker("DynamicQuantizeLinear")
def dynamic_quantize(g, op):
    return g.node(op, [g.value((np.float32,), test=lambda v: v.array.size > 0)], outputs=3)


@maker("MatMulInteger")
def matmul_integer(g, op):
    a = g.value((np.uint8, np.int8), least=2)
    b = g.constant(g.rng.integers(-100, 100, (a.shape[-1], 5)).astype(np.int8))
    zero = [g.constant(np.array(3, a.dtype))] if g.chance(0.5) else []
    return g.node(op, [a, b] + zero)


@maker("ConvInteger")
def conv_integer(g, op):
    x = g.input(g.rng.integers(0, 255, (1, 3, g.choice([5, 7]), g.choice([5, 17]))).astype(np.uint8))
    w = g.constant(g.rng.integers(-100, 100, (5, 3, 3, 3)).astype(np.int8))
    zero = [g.constant(np.array(120, np.uint8))] if g.chance(0.5) else []
    return g.node(op, [x, w] + zero, **window(g, x) | {"kernel_shape": [3, 3]})


@maker("QLinearConv")
def q_linear_conv(g, op):
    x = g.input(g.rng.integers(0, 255, (g.choice([1, 2]), 4, g.choice([5, 7]), g.choice([5, 17]))).astype(np.uint8))
    group = g.choice([1, 1, 4])
    w = g.constant(g.rng.integers(-100, 100, (8, 4 // group, 3, 3)).astype(np.int8))
    w_scale = g.constant((g.rng.random(8) * 0.01 + 0.001).astype(np.float32))
    bias = [g.constant(g.rng.integers(-500, 500, 8).astype(np.int32))] if g.chance(0.6) else []
    return g.node(op, [x, *grid(g), w, w_scale, g.constant(np.zeros(8, np.int8)), *grid(g, scale=0.1)] + bias,
                  **window(g, x) | {"kernel_shape": [3, 3], "group": group})


@maker("QLinearMatMul")
def q_linear_matmul(g, op):
    a = g.input(g.rng.integers(0, 255, (g.choice([1, 5]), 7)).astype(np.uint8))
    b = g.constant(g.rng.integers(0, 255, (7, 5)).astype(np.uint8))
    return g.node(op, [a, *grid(g), b, *grid(g), *grid(g, scale=0.2)])


@maker("com.microsoft.QLinearAdd", "com.microsoft.QLinearMul")
def q_linear_binary(g, op):
    kind = g.choice([np.uint8, np.int8])
    a, b = (g.input(g.rng.integers(*(0, 255) if kind == np.uint8 else (-128, 127), s).astype(kind))
            for s in ((2, 3, 5, 7), g.choice([(2, 3, 5, 7), (3, 1, 1), (1,)])))
    return g.node(op.removeprefix(MICROSOFT + "."), [a, *grid(g, kind), b, *grid(g, kind), *grid(g, kind, 0.2)],
                  domain=MICROSOFT)


@maker("com.microsoft.QLinearSigmoid", "com.microsoft.QLinearLeakyRelu", "com.microsoft.QLinearSoftmax")
def q_linear_unary(g, op):
    name = op.removeprefix(MICROSOFT + ".")
    x = g.input(g.rng.integers(0, 255, (3, 17)).astype(np.uint8))
    attributes = {"QLinearLeakyRelu": {"alpha": 0.1}, "QLinearSoftmax": {"axis": 1, "opset": 13}}.get(name, {})
    out = (1 / 256, 0) if name != "QLinearLeakyRelu" else (0.1, 100)
    to = g.constant(np.array(out[0], np.float32)), g.constant(np.array(out[1], np.uint8))
    return g.node(name, [x, *grid(g), *to], domain=MICROSOFT, **attributes)


@maker("com.microsoft.QLinearAveragePool", "com.microsoft.QLinearGlobalAveragePool")
def q_linear_pool(g, op):
    x = g.input(g.rng.integers(0, 255, (1, 3, 7, 5)).astype(np.uint8))
    attributes = {"kernel_shape": [3, 3], "strides": [2, 1], "pads": [1, 1, 1, 1]}
    if "Global" in op:
        attributes = {"channels_last": 0}
    return g.node(op.removeprefix(MICROSOFT + "."), [x, *grid(g), *grid(g)], domain=MICROSOFT, **attributes)


@maker("com.microsoft.QLinearConcat")
def q_linear_concat(g, op):
    parts = [g.input(g.rng.integers(0, 255, (1, c, 3, 5)).astype(np.uint8)) for c in (3, 5)]
    return g.node("QLinearConcat", [*grid(g), parts[0], *grid(g), parts[1], *grid(g)], domain=MICROSOFT, axis=1)


@maker("com.microsoft.QGemm")
def q_gemm(g, op):
    a = g.input(g.rng.integers(0, 255, (3, 7)).astype(np.uint8))
    b = g.constant(g.rng.integers(-100, 100, (7, 5)).astype(np.int8))
    c = g.constant(g.rng.integers(-500, 500, 5).astype(np.int32)) if g.chance(0.6) else None
    scale, zero = g.constant(np.array(0.01, np.float32)), g.constant(np.array(0, np.int8))
    to = list(grid(g)) if g.chance(0.6) else []
    return g.node("QGemm", [a, *grid(g), b, scale, zero, c] + to, domain=MICROSOFT)


@maker("com.microsoft.DynamicQuantizeMatMul")
def dynamic_quantize_matmul(g, op):
    x = g.value((np.float32,), rank=2, test=lambda v: v.array.size > 0 and v.error == 0)
    b = g.constant(g.rng.integers(-100, 100, (x.shape[1], 5)).astype(np.int8))
    more = [g.constant(np.array(0, np.int8)), g.constant_like(x, (5,))][: g.below(3)]
    return g.node("DynamicQuantizeMatMul", [x, b, g.constant(np.array(0.01, np.float32))] + more, domain=MICROSOFT)


# Layouts of networks: each adds a few nodes that networks have side by side.


def activation(g, x):
    kind = g.choice(
        ["Relu", "Relu", "LeakyRelu", "Sigmoid", "HardSwish", "Clip", "Swish", "PRelu", "Elu", "Mish", "Gelu"])
    if kind == "Clip":
        if g.opset < 11:
            return g.node("Clip", [x], min=0.0, max=6.0)[0]
        return g.node("Clip", [x, g.constant(np.array(0, x.dtype)), g.constant(np.array(6, x.dtype))])[0]
    if kind == "Swish":
        return g.node("Mul", [x, g.node("Sigmoid", [x])[0]])[0]
    if kind == "Gelu":
        half = g.constant(np.array(0.5, x.dtype))
        inner = g.node("Div", [x, g.constant(np.array(2**0.5, x.dtype))])[0]
        inner = g.node("Add", [g.node("Erf", [inner])[0], g.constant(np.array(1, x.dtype))])[0]
        return g.node("Mul", [g.node("Mul", [x, inner])[0], half])[0]
    if kind == "PRelu":
        return g.node("PRelu", [x, g.constant_like(x, x.shape[1:2] + (1,) * (x.rank - 2))])[0]
    return g.node(kind, [x])[0]


def conv_block(g, x, filters=None, stride=1):
    k = g.choice([1, 3, 3, 5])
    x = convolution(g, x, filters, kernel_shape=[k, k], pads=[k // 2] * 4, strides=[stride, stride])[0]
    if g.chance(0.6):
        x = normalise(g, x)[0]
    return activation(g, x) if g.chance(0.8) else x


def residual(g):
    """Two convolutions beside a shortcut."""
    x = g.feature_map(kinds=(np.float32,))
    y = conv_block(g, conv_block(g, x), x.shape[1])
    return activation(g, g.node("Add", [y, x] if g.chance(0.5) else [x, y])[0])


def squeeze_excite(g):
    """A feature map weighted channel by channel from its own means."""
    x = conv_block(g, g.feature_map(kinds=(np.float32,)))
    channels = x.shape[1]
    if g.chance(0.6):
        s = g.node("GlobalAveragePool", [x])[0]
    elif g.opset < 18:
        s = g.node("ReduceMean", [x], axes=[2, 3], keepdims=1)[0]
    else:
        s = g.node("ReduceMean", [x, g.constant(np.array([2, 3], np.int64))], keepdims=1)[0]
    s = g.node("Relu", [g.node("Conv", [s, g.constant(g.weights((3, channels, 1, 1)))])[0]])[0]
    s = g.node("Conv", [s, g.constant(g.weights((channels, 3, 1, 1))), g.constant_like(x, (channels,))])[0]
    return g.node("Mul", [x, g.node(g.choice(["Sigmoid", "HardSigmoid"]), [s])[0]])[0]


def inverted_residual(g):
    """1 × 1, depthwise, 1 × 1, and the shortcut."""
    x = g.feature_map(kinds=(np.float32,))
    channels = x.shape[1]
    wide = 3 * channels
    y = activation(g, g.node("Conv", [x, g.constant(g.weights((wide, channels, 1, 1)))])[0])
    depthwise = [g.constant(g.weights((wide, 1, 3, 3))), g.constant_like(x, (wide,))]
    y = g.node("Conv", [y, *depthwise], group=wide, pads=[1] * 4)[0]
    y = g.node("Conv", [activation(g, y), g.constant(g.weights((channels, wide, 1, 1)))])[0]
    return g.node("Add", [y, x])[0]


def branches(g):
    """Several convolutions and a pooling of one map, side by side."""
    x = g.feature_map(kinds=(np.float32,))
    parts = [conv_block(g, x) for _ in range(g.integer(1, 3))]
    parts.append(g.node("MaxPool", [x], kernel_shape=[3, 3], pads=[1] * 4)[0])
    return g.node("Concat", parts, axis=1)[0]


def channel_shuffle(g):
    x = g.feature_map(channels=g.choice([4, 6]), kinds=(np.float32,))
    n, c, h, w = (int(e) for e in x.shape)
    y = g.node("Reshape", [x, g.constant(np.array([n, 2, c // 2, h, w], np.int64))])[0]
    y = g.node("Transpose", [y], perm=[0, 2, 1, 3, 4])[0]
    y = g.node("Reshape", [y, g.constant(np.array([n, c, h, w], np.int64))])[0]
    return conv_block(g, y)


def decoder(g):
    """A map made larger beside one that is large, as in a U-Net."""
    x = g.feature_map(most=7, kinds=(np.float32,))
    n, c, h, w = x.shape
    how = g.below(3)
    if how == 0:
        y = g.node("ConvTranspose", [x, g.constant(g.weights((c, 3, 2, 2)))], strides=[2, 2])[0]
    elif how == 1 and g.opset >= 11:
        nothing = None if g.opset >= 13 else g.constant(np.zeros(0, np.float32))
        y = g.node("Resize", [x, nothing, g.constant(np.array([1, 1, 2, 2], np.float32))],
                   mode=g.choice(["nearest", "linear"]),
                   coordinate_transformation_mode=g.choice(["asymmetric", "half_pixel"]))[0]
    else:
        y = g.node("ConvTranspose", [x, g.constant(g.weights((c, 3, 3, 3)))], strides=[2, 2], pads=[1, 1, 0, 0])[0]
    other = g.input(g.numbers((n, 3, *y.shape[2:]), np.float32))
    return conv_block(g, g.node("Concat", [y, other], axis=1)[0])


def head(g):
    """A map's means, a dense layer, probabilities."""
    x = conv_block(g, g.feature_map(kinds=(np.float32,)))
    y = g.node("Flatten", [g.node("GlobalAveragePool", [x])[0]])[0]
    y = g.node("Gemm", [y, g.constant(g.weights((5, y.shape[1]))), g.constant_like(x, (5,))], transB=1)[0]
    return g.node(g.choice(["Softmax", "LogSoftmax"]), [y], axis=1)[0]


def tokens(g):
    """[batch, tokens, width]"""
    return g.value((np.float32,), rank=3, test=lambda v: v.shape[-1] >= 4, make=lambda: g.input(
        g.numbers((g.choice([1, 2]), g.choice([5, 7, 17]), g.choice([8, 12])), np.float32)))


def normalised_tokens(g, x):
    scale, bias = g.constant_like(x, x.shape[-1:]), g.constant_like(x, x.shape[-1:])
    if g.opset >= 17 and g.chance(0.6):
        return g.node("LayerNormalization", [x, scale, bias], axis=-1)[0]

    def mean(v):
        if g.opset < 18:
            return g.node("ReduceMean", [v], axes=[-1])[0]
        return g.node("ReduceMean", [v, g.constant(np.array([-1], np.int64))])[0]

    centred = g.node("Sub", [x, mean(x)])[0]
    square = g.node("Pow", [centred, g.constant(np.array(2, np.float32))])[0]
    deviation = g.node("Sqrt", [g.node("Add", [mean(square), g.constant(np.array(1e-5, np.float32))])[0]])[0]
    y = g.node("Div", [centred, deviation])[0]
    return g.node("Add", [g.node("Mul", [y, scale])[0], bias])[0]


def self_attention(g):
    x = tokens(g)
    n, t, d = (int(e) for e in x.shape)
    heads = g.choice([h for h in (1, 2, 4) if d % h == 0])
    parts = []
    for index in range(3):
        y = g.node("MatMul", [x, g.constant(g.weights((d, d)))])[0]
        y = g.node("Reshape", [y, g.constant(np.array([n, t, heads, d // heads], np.int64))])[0]
        parts.append(g.node("Transpose", [y], perm=[0, 2, 3, 1] if index == 1 else [0, 2, 1, 3])[0])
    scores = g.node("MatMul", parts[:2])[0]
    scores = g.node("Div", [scores, g.constant(np.array((d / heads) ** 0.5, np.float32))])[0]
    scores = g.node("Softmax", [scores], axis=3 if g.opset < 13 else -1)[0]
    y = g.node("Transpose", [g.node("MatMul", [scores, parts[2]])[0]], perm=[0, 2, 1, 3])[0]
    y = g.node("Reshape", [y, g.constant(np.array([n, t, d], np.int64))])[0]
    return g.node("Add", [y, x])[0]


def feed_forward(g):
    x = tokens(g)
    d = x.shape[-1]
    y = normalised_tokens(g, x)
    y = g.node("Add", [g.node("MatMul", [y, g.constant(g.weights((d, 2 * d)))])[0], g.constant_like(x, (2 * d,))])[0]
    y = g.node("MatMul", [activation(g, y), g.constant(g.weights((2 * d, d)))])[0]
    return g.node("Add", [y, x])[0]


def patches(g):
    """A picture cut into tokens."""
    x = g.input(g.numbers((1, 3, 8, g.choice([8, 12])), np.float32))
    y = g.node("Conv", [x, g.constant(g.weights((8, 3, 4, 4))), g.constant_like(x, (8,))], strides=[4, 4])[0]
    y = g.node("Reshape", [y, g.constant(np.array([0, 0, -1], np.int64))])[0]
    y = g.node("Transpose", [y], perm=[0, 2, 1])[0]
    return g.node("Concat", [g.constant_like(x, (1, 1, 8)), y], axis=1)[0]


def shifted_window(g):
    """A map rolled and cut into windows, as Swin does."""
    x = g.input(g.numbers((1, 6, 4, 6), np.float32))

    def part(v, start, end, axis):
        if g.opset < 10:
            return g.node("Slice", [v], starts=[start], ends=[end], axes=[axis])[0]
        return g.node("Slice", [v] + [g.constant(np.array([n], np.int64)) for n in (start, end, axis)])[0]

    y = g.node("Concat", [part(x, 1, 2**31 - 1, 2), part(x, 0, 1, 2)], axis=2)[0]
    y = g.node("Reshape", [y, g.constant(np.array([1, 6, 2, 2, 3, 2], np.int64))])[0]
    y = g.node("Transpose", [y], perm=[0, 2, 4, 3, 5, 1])[0]
    return g.node("Reshape", [y, g.constant(np.array([-1, 4, 6], np.int64))])[0]


def quantized_conv(g):
    """QuantizeLinear and DequantizeLinear around a convolution, as quantizers write them."""
    x = fake_quantized(g, g.feature_map(kinds=(np.float32,), most=17))
    channels, k = x.shape[1], g.choice([1, 3])
    depthwise = g.chance(0.3)
    w = quantized_weights(g, (channels if depthwise else 5, 1 if depthwise else channels, k, k))
    y = g.node("Conv", [x, w], pads=[k // 2] * 4, **({"group": channels} if depthwise else {}))[0]
    if g.chance(0.6):
        y = g.node("Relu", [y])[0]
    y = fake_quantized(g, y)
    if g.chance(0.4):
        y = fake_quantized(g, g.node("Add", [y, fake_quantized(g, g.input(g.numbers(y.shape, np.float32)))])[0])
    return y


def quantized_dense(g):
    x = fake_quantized(g, g.input(g.numbers((g.choice([1, 3]), g.choice([7, 17])), np.float32)))
    w = quantized_weights(g, (x.shape[1], 5), axis=1)
    return fake_quantized(g, g.node("MatMul", [x, w])[0])


LAYOUTS = [residual, squeeze_excite, inverted_residual, branches, channel_shuffle, decoder, head, self_attention,
           feed_forward, patches, shifted_window, quantized_conv, quantized_dense]
