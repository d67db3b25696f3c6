"""Small models cut out of large ones, for tools/fuzz: a few nodes that follow each other, with an eighth of the channels or
less, small pictures and new weights, so that they are as short and quick as an input should be. Only most of them are
valid: sizes that do not divide stay as they are.
"""

import glob
import mmap
import os

import numpy as np
import onnx
from onnx import helper, numpy_helper

STEP, LENGTH = 4, 8  # nodes between two pieces' beginnings, and in one
LARGE = 64  # elements above which a constant holds weights, not sizes


# Where a model's file has weights: of its graph's initialisers raw_data and float_data.
WEIGHTS = ({7}, {5}, {4, 9})


def without_weights(data, place, end, path=WEIGHTS):
    """A message's bytes without its fields at `path` that are longer than sizes are. Reads nothing of their contents, which
    are nearly all of a file."""

    def number(place):
        value, shift = 0, 0
        while True:
            value |= (data[place] & 127) << shift
            place, shift = place + 1, shift + 7
            if data[place - 1] < 128:
                return value, place

    out = bytearray()
    while place < end:
        begin = place
        tag, place = number(place)
        if tag & 7 != 2:
            place = number(place)[1] if tag & 7 == 0 else place + (8 if tag & 7 == 1 else 4)
            out += data[begin:place]
            continue
        size, place = number(place)
        if tag >> 3 not in path[0]:
            out += data[begin : place + size]
        elif len(path) > 1:
            inner = without_weights(data, place, place + size, path[1:])
            out += varint(tag) + varint(len(inner)) + inner
        elif size <= 8 * LARGE:
            out += data[begin : place + size]
        place += size
    return bytes(out)


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return out


def pieces(folder, room):
    """Names → bytes, at most `room` each, of models in `folder`; of pieces of the same nodes only the first."""
    found, known = {}, set()
    for path in sorted(glob.glob(os.path.join(folder, "*.onnx"))):
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            model = onnx.ModelProto.FromString(without_weights(data, 0, len(data)))
        model = onnx.shape_inference.infer_shapes(model)
        shapes = {
            value.name: value.type.tensor_type
            for value in [*model.graph.value_info, *model.graph.input, *model.graph.output]
        }
        constants = {value.name: value for value in model.graph.initializer}
        nodes = []
        for node in model.graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                constants[node.output[0]] = node.attribute[0].t
            else:
                nodes.append(node)
        readers = {value: index for index, node in enumerate(nodes) for value in node.input}  # the last of each value
        for start in range(0, len(nodes), STEP):
            part = nodes[start : start + LENGTH]
            kind = tuple((node.op_type, str(node.attribute)) for node in part)
            if kind in known:
                continue
            known.add(kind)
            later = {
                value for node in part for value in node.output if readers.get(value, 0) >= start + LENGTH
            }
            for factor in (8, 16, 32):
                data = piece(model, part, later, constants, shapes, factor, room)
                if data and len(data) <= room:
                    found[f"{os.path.basename(path)}-{start}"] = data
                    break
    return found


def smaller(extent, factor):
    return extent // factor if extent >= factor and extent % factor == 0 else extent


def piece(model, part, later, constants, shapes, factor, room):
    """The bytes of one, whose values `later` others read; None if its weights have no room, or a type in it is not known."""
    sizes = (
        np.prod([smaller(extent, factor) for extent in constants[value].dims], initial=1)
        for value in {value for node in part for value in node.input} if value in constants
    )  # fmt: skip
    if sum(sizes) > room:
        return None
    random = np.random.default_rng(len(part) + factor)
    short = {}
    inputs, weights, made = [], [], set()

    def name(long):
        return short.setdefault(long, f"v{len(short)}") if long else ""

    nodes = []
    for node in part:
        for value in node.input:
            if not value or value in made or value in short:
                continue
            if value in constants:
                weights.append(constant(constants[value], name(value), factor, random))
            elif value in shapes and shapes[value].elem_type:
                extents = [axis.dim_value or 1 for axis in shapes[value].shape.dim]
                if len(extents) == 4:
                    extents = [*(smaller(extent, factor) for extent in extents[:2]), *(max(e // 16, 4) for e in extents[2:])]
                else:
                    extents = [smaller(extent, factor) for extent in extents]
                inputs.append(helper.make_tensor_value_info(name(value), shapes[value].elem_type, extents))
            else:
                return None
        made.update(node.output)
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.ClearField("name")
        del copy.input[:], copy.output[:]
        copy.input.extend(name(value) for value in node.input)
        copy.output.extend(name(value) for value in node.output)
        for attribute in copy.attribute:
            if attribute.name == "group":
                attribute.i = smaller(attribute.i, factor)
        nodes.append(copy)
    read = {value for node in part for value in node.input}
    outputs = [
        helper.make_tensor_value_info(name(value), shapes[value].elem_type if value in shapes else 1, None)
        for node in part for value in node.output if value and (value in later or value not in read)
    ]  # fmt: skip
    graph = helper.make_graph(nodes, "piece", inputs, outputs, weights)
    small = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    small.ClearField("producer_name")
    return small.SerializeToString()


def constant(value, name, factor, random):
    """A constant of the same type: sizes in it are made smaller, weights are new."""
    extents = [smaller(extent, factor) for extent in value.dims]
    kind = helper.tensor_dtype_to_np_dtype(value.data_type)
    if np.prod(value.dims) > LARGE:
        data = (random.integers(-9, 10, extents) / (1 if kind.kind in "iu" else 16)).astype(kind)
    else:
        data = numpy_helper.to_array(value)
        if kind == np.int64:
            data = np.array([smaller(int(number), factor) for number in data.flat], kind).reshape(data.shape)
        for axis, extent in enumerate(extents):
            data = data.take(range(extent), axis)
    return numpy_helper.from_array(np.ascontiguousarray(data).reshape(extents), name)
