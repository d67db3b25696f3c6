"""Trains networks with a fixed batch size, as exporters write them, and runs the saved networks at batch sizes 1, 3 and 16
here and in onnxruntime: compare_batches.py BIN CELLS FOLDER

BIN holds giemsa and giemsa-field, CELLS pictures in class folders; FOLDER is created.
"""

import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SIZE, CHANNELS = 32, 8
rng = np.random.default_rng(1)


class Sketch:
    def __init__(self, batch):
        self.nodes, self.constants, self.batch = [], [], batch

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def weights(self, name, *shape):
        return self.constant(name, (rng.standard_normal(shape) * 0.3).astype(np.float32))

    def ints(self, name, *numbers):
        return self.constant(name, np.array(numbers, np.int64))

    def add(self, kind, name, *inputs, **attributes):
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def body(self, channels=CHANNELS):
        """Conv, BatchNormalization, Relu and pooling to [N, channels, 8, 8]."""
        y = self.add("Conv", "conv", "x", self.weights("w", channels, 3, 3, 3), pads=[1, 1, 1, 1], strides=[2, 2])
        ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        y = self.add(
            "BatchNormalization", "bn", y, self.constant("g", ones), self.constant("b", zeros),
            self.constant("m", zeros), self.constant("v", ones))
        y = self.add("Relu", "relu", y)
        return self.add("MaxPool", "pool", y, kernel_shape=[2, 2], strides=[2, 2])

    def size(self, x):
        """x.size(0), as a vector of one."""
        shape = self.add("Shape", f"{x}_shape", x)
        one = self.add("Gather", f"{x}_size", shape, self.constant(f"{x}_zero", np.array(0, np.int64)), axis=0)
        return self.add("Unsqueeze", f"{x}_vector", one, self.ints(f"{x}_axis", 0))

    def write(self, path, last, features, end=None, classes=2):
        y = self.add("Gemm", "fc", last, self.weights("fw", classes, features), self.weights("fb", classes), transB=1)
        y = self.add(end, "end", y) if end else y
        graph = helper.make_graph(
            self.nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [self.batch, 3, SIZE, SIZE])],
            [helper.make_tensor_value_info(y, TensorProto.FLOAT, [self.batch, classes])], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


def view(path):
    """x.view(x.size(0), -1)"""
    s = Sketch("N")
    y = s.body()
    shape = s.add("Concat", "target", s.size(y), s.ints("rest", -1), axis=0)
    s.write(path, s.add("Reshape", "view", y, shape), CHANNELS * 64)


def shuffle(path):
    """ShuffleNet's: view(n, 2, c / 2, h, w), transpose(1, 2), view(n, c, h, w)"""
    s = Sketch("N")
    y = s.body()
    n = s.size(y)
    y = s.add("Reshape", "split", y, s.add("Concat", "t1", n, s.ints("r1", 2, CHANNELS // 2, 8, 8), axis=0))
    y = s.add("Transpose", "swap", y, perm=[0, 2, 1, 3, 4])
    y = s.add("Reshape", "join", y, s.add("Concat", "t2", n, s.ints("r2", CHANNELS, 8, 8), axis=0))
    s.write(path, s.add("Flatten", "flat", y), CHANNELS * 64)


def fixed(path, batch=1):
    """The same with every extent a constant, as PyTorch's dynamo exporter writes it."""
    s = Sketch(batch)
    y = s.add("Reshape", "split", s.body(), s.ints("r1", batch, 2, CHANNELS // 2, 8, 8))
    y = s.add("Transpose", "swap", y, perm=[0, 2, 1, 3, 4])
    y = s.add("Reshape", "join", y, s.ints("r2", batch, CHANNELS, 8, 8))
    s.write(path, s.add("Reshape", "flat", y, s.ints("r3", batch, -1)), CHANNELS * 64)


def fixed_sixteen(path):
    fixed(path, 16)


def zero_allowed(path):
    s = Sketch(1)
    s.write(path, s.add("Reshape", "flat", s.body(), s.ints("r", 1, CHANNELS * 64), allowzero=1), CHANNELS * 64)


def flattened(path):
    """Flatten, and a Softmax at the end."""
    s = Sketch("N")
    s.write(path, s.add("Flatten", "flat", s.body()), CHANNELS * 64, end="Softmax")


def one_sigmoid(path):
    s = Sketch("N")
    s.write(path, s.add("Flatten", "flat", s.body()), CHANNELS * 64, end="Sigmoid", classes=1)


def held(path):
    """Pictures added to a constant of batch 4: no other batch size is possible."""
    s = Sketch(4)
    y = s.add("Add", "held", s.body(), s.weights("four", 4, CHANNELS, 8, 8))
    s.write(path, s.add("Flatten", "flat", y), CHANNELS * 64)


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


programs, cells, folder = (pathlib.Path(word) for word in sys.argv[1:4])
folder.mkdir(parents=True)
train = [programs / "giemsa", "train", cells, "--size", SIZE, "--epochs", 1, "--batch", 16, "--threads", 1]
for make in [view, shuffle, fixed, fixed_sixteen, zero_allowed, flattened, one_sigmoid]:
    path, out = folder / f"{make.__name__}.onnx", folder / make.__name__
    make(path)
    trained = run(*train, "--from", path, "--out", out)
    assert trained.returncode == 0, f"{make.__name__}: {trained.stderr}"
    for name in ["best.onnx", "last.onnx"]:
        saved = out / name
        onnx.checker.check_model(onnx.load(saved), full_check=True)
        assert onnx.load(saved).graph.node[-1].op_type == "Gemm", f"{saved}: does not end in its logits"
        session = onnxruntime.InferenceSession(saved, providers=["CPUExecutionProvider"])
        pictures = rng.standard_normal((16, 3, SIZE, SIZE)).astype(np.float32)
        input_name = session.get_inputs()[0].name
        alone = np.concatenate([session.run(None, {input_name: pictures[i : i + 1]})[0] for i in range(16)])
        cases = []
        for batch in [1, 3, 16]:
            (logits,) = session.run(None, {input_name: pictures[:batch]})
            assert logits.shape == (batch, 2), f"{saved}: {logits.shape} of {batch}"
            assert np.abs(logits - alone[:batch]).max() < 1e-4, f"{saved}: pictures of a batch of {batch} are mixed"
            case = folder / f"{make.__name__}-{name}-{batch}"
            case.mkdir()
            for kind, array in [("input_0", pictures[:batch]), ("output_0", logits)]:
                (case / f"{kind}.pb").write_bytes(numpy_helper.from_array(array, kind).SerializeToString())
            cases.append(case)
        for command in [["validate", saved], ["verify", saved, *cases, "--rtol", "1e-4", "--atol", "1e-4"]]:
            result = run(programs / "giemsa-field", *command)
            assert result.returncode == 0, f"{saved} {command[0]}: {result.stdout}{result.stderr}"
    print(f"{make.__name__}: saved for any batch, here and in onnxruntime")

path = folder / "held.onnx"
held(path)
refused = run(*train, "--from", path, "--out", folder / "held")
assert refused.returncode == 1 and "batches of 4 pictures" in refused.stderr, refused.stderr
assert len(refused.stderr.strip().splitlines()) == 1, refused.stderr
assert not (folder / "held").exists()
print("held: refused")
