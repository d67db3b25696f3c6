#!/usr/bin/env python3
"""Loads torchvision's weights into `giemsa`: the logits equal PyTorch's to 1e-5 (MobileNets and EfficientNet: 1e-4);
quantised models are dequantised.

    tools/compare_pretrained.py FOLDER [CELLS]     random weights, nothing is downloaded; files go to FOLDER

With a folder of cells, one epoch of training follows on some of the networks.

Skips (exit status 0) if torch, torchvision, onnx or onnxruntime cannot be imported.
"""

import json
import logging
import os
import struct
import subprocess
import sys
import warnings

try:
    import numpy as np
    import onnx
    import onnxruntime
    import torch
    import torchvision
    from onnx import numpy_helper
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(0)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GIEMSA = os.path.join(ROOT, ".build/release/giemsa")
FIELD = os.path.join(ROOT, ".build/release/giemsa-field")
SIZE = 64


def save_safetensors(state, path, dtype):
    """Writes the format: 8 bytes of length, a header in JSON, the numbers."""
    names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}
    header, blobs, end = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in state.items():
        tensor = tensor.to(dtype) if tensor.is_floating_point() else tensor
        blob = tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [end, end + len(blob)]}
        blobs.append(blob)
        end += len(blob)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def randomised(model):
    """Randomises batch normalisations as if after some training, with logits of the order of 1."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.8, 1.5)
                module.weight.uniform_(0.3, 0.7)
                module.bias.normal_(0, 0.1)
    return model.eval()


def run(*command, fails=False):
    result = subprocess.run(command, capture_output=True, text=True)
    if (result.returncode != 0) != fails:
        sys.exit(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def verify(model, exported, folder, channels=3, size=SIZE, tolerance="1e-5"):
    """Stores PyTorch's logits as a case and verifies it with the field program."""
    os.makedirs(folder, exist_ok=True)
    images = torch.randn(1, channels, size, size)
    with torch.no_grad():
        logits = model(images)
    for name, tensor in (("input", images), ("output", logits)):
        proto = numpy_helper.from_array(tensor.numpy(), "input" if name == "input" else "logits")
        with open(f"{folder}/{name}_0.pb", "wb") as file:
            file.write(proto.SerializeToString())
    print("  " + run(FIELD, "verify", exported, folder, "--rtol", tolerance, "--atol", tolerance).splitlines()[0])


def residual_networks(folder):
    for name, classes, dtype, prefix in (
        ("resnet18", 5, torch.float16, ""),
        ("resnet18", 5, torch.bfloat16, "model."),
        ("resnet34", 2, torch.float32, "module."),
        ("resnet50", 1000, torch.float32, ""),
    ):
        print(f"{name}, {dtype}")
        model = randomised(getattr(torchvision.models, name)(num_classes=classes))
        if dtype != torch.float32:
            model.load_state_dict({k: v.to(dtype).to(v.dtype) for k, v in model.state_dict().items()})
        weights, exported = f"{folder}/{name}.safetensors", f"{folder}/{name}.onnx"
        save_safetensors({prefix + k: v for k, v in model.state_dict().items()}, weights, dtype)
        run(GIEMSA, "export", weights, "--arch", name, "--size", str(SIZE), "--out", exported)
        verify(model, exported, f"{folder}/{name}-case")
    text = run(GIEMSA, "export", f"{folder}/resnet50.safetensors", "--arch", "resnet34", "--out", exported, fails=True)
    assert "--arch resnet50" in text and text.count("\n") == 1, text

    print("resnet18 for grey pictures")
    model = randomised(torchvision.models.resnet18(num_classes=3))
    model.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    save_safetensors(model.state_dict(), weights := f"{folder}/grey.safetensors", torch.float32)
    run(GIEMSA, "export", weights, "--arch", "resnet18", "--size", str(SIZE), "--out", f"{folder}/grey.onnx")
    with torch.no_grad():
        model.conv1.weight = torch.nn.Parameter(model.conv1.weight.repeat(1, 3, 1, 1) / 3)
    verify(model, f"{folder}/grey.onnx", f"{folder}/grey-case")


def inverted_residual_networks(folder, cells):
    for name, dtype, size in (
        ("mobilenet_v2", torch.float32, SIZE),
        ("mobilenet_v3_small", torch.float16, SIZE),
        ("mobilenet_v3_small", torch.float32, 75),
        ("mobilenet_v3_large", torch.float32, SIZE),
        ("efficientnet_b0", torch.float32, SIZE),
        ("efficientnet_b0", torch.bfloat16, 75),
    ):
        model = randomised(getattr(torchvision.models, name)(num_classes=5))
        with torch.no_grad():
            # Without this the logits are as small as the tolerance.
            spread = model(torch.randn(8, 3, size, size)).std()
            model.classifier[-1].weight.mul_(1 / spread)
            model.classifier[-1].bias.normal_()
        if dtype != torch.float32:
            model.load_state_dict({k: v.to(dtype).to(v.dtype) for k, v in model.state_dict().items()})
        print(f"{name}, {dtype}, {size} pixels")
        weights, exported = f"{folder}/{name}.safetensors", f"{folder}/{name}.onnx"
        save_safetensors(model.state_dict(), weights, dtype)
        run(GIEMSA, "export", weights, "--arch", name, "--size", str(size), "--out", exported)
        onnx.checker.check_model(exported, full_check=True)
        verify(model, exported, f"{folder}/{name}-case", size=size, tolerance="1e-4")
        # The momentum has no effect on the logits.
        norm = next(module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d))
        for node in onnx.load(exported).graph.node:
            if node.op_type == "BatchNormalization":
                settings = {attribute.name: attribute.f for attribute in node.attribute}
                assert abs(settings["epsilon"] - norm.eps) < 1e-9, settings
                assert abs(settings["momentum"] - (1 - norm.momentum)) < 1e-6, settings
    text = run(GIEMSA, "export", weights, "--arch", "mobilenet_v2", "--out", exported, fails=True)
    assert "--arch efficientnet_b0" in text and text.count("\n") == 1, text
    if not cells:
        return
    for name in ("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0"):
        out = f"{folder}/{name}-run"
        arguments = ["--size", "64", "--epochs", "1", "--batch", "16", "--lr", "1e-3", "--overwrite"]
        text = run(
            GIEMSA, "train", cells, "--arch", name, "--pretrained", f"{folder}/{name}.safetensors", *arguments,
            "--out", out)
        print(f"  {name} trains: " + [line for line in text.splitlines() if line.startswith("0 ")][0])
        run(GIEMSA, "export", out, "--out", f"{folder}/{name}.onnx")
        run(FIELD, "infer", f"{folder}/{name}.onnx", cells)


class Noise(CalibrationDataReader):
    def __init__(self):
        self.left = 8

    def get_next(self):
        self.left -= 1
        return {"input": np.random.randn(2, 3, SIZE, SIZE).astype(np.float32)} if self.left >= 0 else None


def quantised_networks(folder, cells):
    images = np.random.randn(4, 3, SIZE, SIZE).astype(np.float32)
    for name in ("resnet18", "mobilenet_v2"):
        model = randomised(getattr(torchvision.models, name)(num_classes=4))
        plain = f"{folder}/{name}-plain.onnx"
        arguments = {"input_names": ["input"], "output_names": ["logits"], "opset_version": 17, "dynamo": False}
        torch.onnx.export(
            model, torch.zeros(2, 3, SIZE, SIZE), plain, dynamic_axes={"input": {0: "N"}, "logits": {0: "N"}}, **arguments)

        def logits(path):
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 2
            return onnxruntime.InferenceSession(path, options).run(None, {"input": images})[0]

        reference = logits(plain)
        for form in (QuantFormat.QDQ, QuantFormat.QOperator):
            print(f"{name}, {form}")
            quantised, back = f"{folder}/{name}-{form}.onnx", f"{folder}/{name}-{form}-float.onnx"
            quantize_static(
                plain, quantised, Noise(), quant_format=form, per_channel=form == QuantFormat.QDQ,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
            run(GIEMSA, "export", quantised, "--out", back)
            onnx.checker.check_model(back)
            spread = np.abs(reference).max()
            error = np.abs(logits(back) - reference).max() / spread
            rounded = np.abs(logits(quantised) - reference).max() / spread
            print(f"  float again: {error:.4f} of the largest logit; quantised: {rounded:.4f}")
            # Only the rounding of the weights remains.
            assert error < 0.1 and error < 2 * rounded + 1e-3, "not the network that was quantised"
            assert not any("Quant" in node.op_type or "QLinear" in node.op_type for node in onnx.load(back).graph.node)
    if cells:
        for path, head in ((plain, "linear"), (quantised, "fastai")):
            out = f"{folder}/{name}-run"
            text = run(
                GIEMSA, "train", cells, "--pretrained", path, "--head", head, "--size", "32", "--epochs", "1", "--batch",
                "16", "--lr", "1e-3", "--overwrite", "--out", out)
            print(f"  {name} trains ({head} head): " + [line for line in text.splitlines() if line.startswith("0 ")][0])
            run(FIELD, "validate", f"{out}/best.onnx")


if __name__ == "__main__":
    onnxruntime.set_default_logger_severity(3)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    torch.manual_seed(1)
    np.random.seed(1)
    torch.set_num_threads(2)
    os.makedirs(sys.argv[1], exist_ok=True)
    cells = sys.argv[2] if len(sys.argv) > 2 else None
    residual_networks(sys.argv[1])
    inverted_residual_networks(sys.argv[1], cells)
    quantised_networks(sys.argv[1], cells)
