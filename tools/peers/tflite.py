"""A ResNet from ONNX to LiteRT's flatbuffer, float or int8 from QDQ, number for number: no other converter that takes ONNX
can be installed beside a current PyTorch.

Knows what torchvision's ResNets consist of: Conv, Relu, MaxPool, Add, GlobalAveragePool, Flatten, Gemm, QuantizeLinear and
DequantizeLinear. u8 activations become s8 by moving zero points by 128; nothing else changes.
"""

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import numpy_helper

TYPES = {"float32": schema.TensorType.FLOAT32, "int8": schema.TensorType.INT8, "int32": schema.TensorType.INT32}


class Converter:
    def __init__(self, graph):
        self.graph = graph
        self.values = {init.name: numpy_helper.to_array(init) for init in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant":
                self.values[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        self.readers = {}
        for node in graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.model = schema.ModelT()
        self.model.version, self.model.description = 3, "from ONNX"
        self.model.buffers, self.model.operatorCodes = [schema.BufferT()], []
        self.model.buffers[0].data = []
        self.net = schema.SubGraphT()
        self.net.tensors, self.net.operators = [], []
        self.model.subgraphs = [self.net]
        self.place = {}  # ONNX name of a running value -> index of its tensor
        self.scales = {}  # index of a quantised tensor -> (scale, zero point)
        self.codes = {}

    def tensor(self, name, shape, kind, data=None, scale=None, zero=None, axis=0):
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, [int(n) for n in shape], TYPES[kind], 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), dtype=np.uint8)
            made.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        if scale is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale = np.atleast_1d(np.asarray(scale, dtype=np.float32))
            made.quantization.zeroPoint = np.atleast_1d(np.asarray(zero, dtype=np.int64))
            made.quantization.quantizedDimension = axis
        self.net.tensors.append(made)
        index = len(self.net.tensors) - 1
        if scale is not None and data is None:
            self.scales[index] = (float(np.ravel(scale)[0]), int(np.ravel(zero)[0]))
        return index

    def constant(self, name, data):
        return self.tensor(name, data.shape, str(data.dtype), data)

    def add(self, kind, inputs, output, options_type=None, options=None):
        code = getattr(schema.BuiltinOperator, kind)
        if code not in self.codes:
            made = schema.OperatorCodeT()
            made.builtinCode, made.deprecatedBuiltinCode = code, min(code, 127)
            made.version = {"QUANTIZE": 1, "DEQUANTIZE": 2, "FULLY_CONNECTED": 9, "CONV_2D": 3, "PAD": 2}.get(kind, 2)
            self.codes[code] = len(self.model.operatorCodes)
            self.model.operatorCodes.append(made)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self.codes[code], inputs, [output]
        if options is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options_type)
            operator.builtinOptions = options
        self.net.operators.append(operator)

    def shape(self, index):
        return list(self.net.tensors[index].shape)

    def result(self, name, shape):
        """The tensor of a node's output: after a Relu that is its only reader, quantised if a QuantizeLinear follows."""
        relu = False
        names = [name]
        readers = self.readers.get(name, [])
        if len(readers) == 1 and readers[0].op_type == "Relu":
            relu, name = True, readers[0].output[0]
            names.append(name)
            readers = self.readers.get(name, [])
        if len(readers) == 1 and readers[0].op_type == "QuantizeLinear":
            step = readers[0]
            scale, zero = self.values[step.input[1]], int(self.values[step.input[2]]) - 128
            index = self.tensor(name, shape, "int8", scale=scale, zero=zero)
            names.append(step.output[0])
            names += [reader.output[0] for reader in self.readers.get(step.output[0], [])]
        else:
            index = self.tensor(name, shape, "float32")
        for alias in names:
            self.place[alias] = index
        return index, relu

    def weights(self, name):
        """A constant's values, with the scale if it is the output of a DequantizeLinear of a constant."""
        if name in self.values:
            return self.values[name], None
        node = next(node for node in self.graph.node if name in node.output)
        return self.values[node.input[0]], np.atleast_1d(self.values[node.input[1]])

    def parameters(self, node, turn):
        """The weights and bias of a Conv or Gemm."""
        w, scale = self.weights(node.input[1])
        w = turn(w)
        b, bias_scale = self.weights(node.input[2])
        zeros = None if scale is None else np.zeros(len(scale), dtype=np.int64)
        weight = self.tensor(node.name + ".w", w.shape, str(w.dtype), w, scale, zeros)
        bias = self.tensor(node.name + ".b", b.shape, str(b.dtype), b, bias_scale,
                           None if bias_scale is None else np.zeros(len(bias_scale), dtype=np.int64))
        return weight, bias, w.shape

    def padded(self, x, pads, kernel, stride):
        """LiteRT's SAME padding if equivalent, otherwise PAD and VALID."""
        if not any(pads):
            return x, schema.Padding.VALID
        if stride == 1 and all(2 * pad + 1 == size for pad, size in zip(pads, kernel)):
            return x, schema.Padding.SAME
        n, h, w, c = self.shape(x)
        name = self.net.tensors[x].name + ".padded"
        shape = [n, h + 2 * pads[0], w + 2 * pads[1], c]
        if x in self.scales:
            wide = self.tensor(name, shape, "int8", scale=self.scales[x][0], zero=self.scales[x][1])
        else:
            wide = self.tensor(name, shape, "float32")
        amounts = np.array([[0, 0], [pads[0]] * 2, [pads[1]] * 2, [0, 0]], dtype=np.int32)
        self.add("PAD", [x, self.constant(name + ".by", amounts)], wide, "PadOptions", schema.PadOptionsT())
        return wide, schema.Padding.VALID

    def window(self, node, options, x, kernel):
        at = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        stride, pads = at["strides"][0], list(at["pads"][:2])
        options.strideH = options.strideW = stride
        _, h, w, _ = self.shape(x)
        out = [(size + 2 * pad - k) // stride + 1 for size, pad, k in zip((h, w), pads, kernel)]
        wide, options.padding = self.padded(x, pads, kernel, stride)
        return wide, out

    def activation(self, relu):
        return schema.ActivationFunctionType.RELU if relu else schema.ActivationFunctionType.NONE

    def convert(self, node):
        kind = node.op_type
        if kind in ("Constant", "Relu", "DequantizeLinear") or node.output[0] in self.place:
            return
        if kind == "QuantizeLinear":  # of the input: every other one was taken with what it quantises
            x = self.place[node.input[0]]
            index = self.tensor(node.output[0], self.shape(x), "int8", scale=self.values[node.input[1]],
                                zero=int(self.values[node.input[2]]) - 128)
            self.add("QUANTIZE", [x], index)
            for name in [node.output[0]] + [reader.output[0] for reader in self.readers[node.output[0]]]:
                self.place[name] = index
            return
        x = self.place[node.input[0]]
        if kind == "Conv":
            options = schema.Conv2DOptionsT()
            weight, bias, (outputs, *kernel, _) = self.parameters(node, lambda w: w.transpose(0, 2, 3, 1))
            wide, (h, w) = self.window(node, options, x, kernel)
            options.dilationHFactor = options.dilationWFactor = 1
            y, relu = self.result(node.output[0], [self.shape(x)[0], h, w, outputs])
            options.fusedActivationFunction = self.activation(relu)
            self.add("CONV_2D", [wide, weight, bias], y, "Conv2DOptions", options)
        elif kind == "MaxPool":  # of what a Relu leaves: zeros around it change nothing
            options = schema.Pool2DOptionsT()
            kernel = onnx.helper.get_node_attr_value(node, "kernel_shape")
            options.filterHeight, options.filterWidth = kernel
            wide, (h, w) = self.window(node, options, x, kernel)
            y, relu = self.result(node.output[0], [self.shape(x)[0], h, w, self.shape(x)[3]])
            options.fusedActivationFunction = self.activation(relu)
            self.add("MAX_POOL_2D", [wide], y, "Pool2DOptions", options)
        elif kind == "Add":
            options = schema.AddOptionsT()
            y, relu = self.result(node.output[0], self.shape(x))
            options.fusedActivationFunction = self.activation(relu)
            self.add("ADD", [x, self.place[node.input[1]]], y, "AddOptions", options)
        elif kind == "GlobalAveragePool":
            options = schema.ReducerOptionsT()
            options.keepDims = False
            y, _ = self.result(node.output[0], [self.shape(x)[0], self.shape(x)[3]])
            axes = self.constant(node.name + ".axes", np.array([1, 2], dtype=np.int32))
            self.add("MEAN", [x, axes], y, "ReducerOptions", options)
        elif kind == "Flatten":  # of what is flat already
            for name in [node.output[0]] + self.quantised_names(node.output[0]):
                self.place[name] = x
        elif kind == "Gemm":
            options = schema.FullyConnectedOptionsT()
            transposed = onnx.helper.get_node_attr_value(node, "transB")
            weight, bias, (outputs, _) = self.parameters(node, lambda w: w if transposed else w.T)
            y, relu = self.result(node.output[0], [self.shape(x)[0], outputs])
            options.fusedActivationFunction = self.activation(relu)
            self.add("FULLY_CONNECTED", [x, weight, bias], y, "FullyConnectedOptions", options)
        else:
            raise ValueError(f"no rule for {kind}")

    def quantised_names(self, name):
        names = []
        for reader in self.readers.get(name, []):
            if reader.op_type == "QuantizeLinear":
                names.append(reader.output[0])
                names += [after.output[0] for after in self.readers.get(reader.output[0], [])]
        return names

    def run(self):
        source = self.graph.input[0]
        n, c, h, w = (dim.dim_value for dim in source.type.tensor_type.shape.dim)
        self.place[source.name] = self.tensor(source.name, [n, h, w, c], "float32")
        self.net.inputs = [self.place[source.name]]
        for node in self.graph.node:
            self.convert(node)
        last = self.place[self.graph.output[0].name]
        if last in self.scales:
            real = self.tensor("answer", self.shape(last), "float32")
            self.add("DEQUANTIZE", [last], real)
            last = real
        self.net.outputs = [last]
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self.model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


def convert(source, target):
    target.write_bytes(Converter(onnx.load(str(source)).graph).run())
