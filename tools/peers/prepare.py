"""The models that tools/compare-peers measures, in every engine's own format; kept between runs.

Networks (networks.py) with random weights whose batch normalisation has seen noise, so that activations keep their scale:

    NAME.onnx          float, batch 1            NAME-qdq.onnx      int8 by onnxruntime's static quantizer
    NAME-batch.onnx    float, any batch          NAME-batch-qdq.onnx
    NAME.pth           PyTorch's
    NAME.ncnn.*        ncnn's, by pnnx
    NAME.mnn           MNN's, by its converter   NAME-qdq.mnn       int8 by MNN's own quantisation of NAME.mnn
    NAME.tflite        LiteRT's, by tflite.py    NAME-qdq.tflite    the numbers of NAME-qdq.onnx

What cannot be made is left out; `failures` says why.
"""

import json
import os
import pathlib
import struct
import subprocess
import sys
import zlib

from networks import NETWORKS

BATCHED = "resnet18"


def picture(path, random, size=224):
    """Noise as a PNG file."""
    pixels = random.normal(127.5, 50, (size, size, 3)).clip(0, 255).astype("uint8")
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1))
                     + chunk(b"IEND", b""))


def pictures(folder, count):
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(2)
    for i in range(count):
        path = folder / f"{i:03}.png"
        if not path.exists():
            picture(path, random)
    return sorted(folder.glob("*.png"))[:count]


def size_of(name):
    """Of NAME and NAME-batch."""
    return NETWORKS[name.split("-")[0]].size


def export(folder, name):
    import torch

    torch.manual_seed(0)
    size = size_of(name)
    net = NETWORKS[name].make(name).train()
    with torch.no_grad():
        for _ in range(4):
            net(torch.randn(4, 3, size, size))
    net.eval()
    torch.save(net.state_dict(), folder / f"{name}.pth")
    for suffix, axes in (("", None), ("-batch", {"input": {0: "batch"}, "logits": {0: "batch"}})):
        if not suffix or name == BATCHED:
            torch.onnx.export(net, torch.randn(1, 3, size, size), str(folder / f"{name}{suffix}.onnx"), opset_version=17,
                              dynamo=False, input_names=["input"], output_names=["logits"], dynamic_axes=axes)


def quantize(folder, name):
    """As onnxruntime's static quantizer writes them: QDQ, s8 weights by channel, u8 activations."""
    import numpy as np
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Noise(CalibrationDataReader):
        def __init__(self):
            random = np.random.default_rng(1)
            size = size_of(name)
            self.batches = iter([{"input": random.standard_normal((1, 3, size, size), dtype="float32")}
                                 for _ in range(8)])

        def get_next(self):
            return next(self.batches, None)

    prepared = folder / f"{name}-pre.onnx"
    quant_pre_process(str(folder / f"{name}.onnx"), str(prepared), skip_symbolic_shape=True)
    quantize_static(str(prepared), str(folder / f"{name}-qdq.onnx"), Noise(), quant_format=QuantFormat.QDQ,
                    per_channel=True, weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8)
    prepared.unlink()


def python(folder, *lines):
    """Runs a converter in its own process: some print, and some exit on failure."""
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1])


def to_ncnn(folder, name):
    pnnx = pathlib.Path(sys.executable).with_name("pnnx")
    size = size_of(name)
    subprocess.run([pnnx, f"{name}.onnx", f"inputshape=[1,3,{size},{size}]", "fp16=0"], cwd=folder, check=True, capture_output=True)
    for left in (*folder.glob(f"{name}*pnnx*"), folder / f"{name}_ncnn.py"):
        left.unlink(missing_ok=True)


# Not by the scripts mnnconvert and mnnquant, which send usage reports over the network.
def to_mnn(folder, name):
    python(folder, "import _tools",
           f"_tools.mnnconvert(['', '-f', 'ONNX', '--modelFile', '{name}.onnx', '--MNNModel', '{name}.mnn', '--bizCode', 'x'])")


def to_mnn_int8(folder, name):
    calibration = folder / "calibration"
    pictures(calibration, 8)
    (folder / "mnn.json").write_text(json.dumps({
        "format": "RGB", "mean": [127.5] * 3, "normal": [0.02] * 3, "width": size_of(name), "height": size_of(name),
        "path": f"{calibration.resolve()}/", "used_image_num": 8, "feature_quantize_method": "KL",
        "weight_quantize_method": "MAX_ABS"}))
    python(folder, "import _tools", f"_tools.mnnquant(['', '{name}.mnn', '{name}-qdq.mnn', 'mnn.json'])")


def to_tflite(folder, name):
    import tflite

    tflite.convert(folder / f"{name}.onnx", folder / f"{name}.tflite")


def prepare(folder, names, say):
    """Creates missing models; returns those that could not be created, with the reason."""
    folder.mkdir(parents=True, exist_ok=True)
    failures = {}

    def make(target, what, recipe, *arguments):
        path = folder / target
        if path.exists():
            return
        say(f"{what} {arguments[0]}")
        try:
            recipe(folder, *arguments)
            if not path.exists():
                raise RuntimeError("no file came out")
        except Exception as error:  # whatever a peer's converter may raise: a line of the page
            path.unlink(missing_ok=True)
            failures[target] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"

    for name in names:
        make(f"{name}.onnx", "exporting", export, name)
        make(f"{name}.ncnn.param", "for ncnn:", to_ncnn, name)
        make(f"{name}.mnn", "for MNN:", to_mnn, name)
        make(f"{name}.tflite", "for LiteRT:", to_tflite, name)
        if "int8" not in NETWORKS[name].goals:
            continue
        make(f"{name}-qdq.onnx", "quantising", quantize, name)
        if name == BATCHED:
            make(f"{name}-batch-qdq.onnx", "quantising", quantize, f"{name}-batch")
        make(f"{name}-qdq.mnn", "int8 for MNN:", to_mnn_int8, name)
        make(f"{name}-qdq.tflite", "int8 for LiteRT:", to_tflite, f"{name}-qdq")
    return failures
