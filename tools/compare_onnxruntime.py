"""Checks a model and its cases with onnx.checker and onnxruntime: compare_onnxruntime.py MODEL.onnx CASE_DIR...

Each case's outputs must be within 1e-4 of onnxruntime's, relative to the largest of them.
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper


def tensors(case, kind):
    files = sorted(case.glob(f"{kind}_*.pb"), key=lambda file: int(file.stem.split("_")[1]))
    return [numpy_helper.to_array(onnx.load_tensor(str(file))) for file in files]


model, cases = sys.argv[1], [pathlib.Path(folder) for folder in sys.argv[2:]]
onnx.checker.check_model(onnx.load(model), full_check=True)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
names = [value.name for value in session.get_inputs()]
worst = 0.0
for case in cases:
    outputs = session.run(None, dict(zip(names, tensors(case, "input"))))
    for ours, theirs in zip(tensors(case, "output"), outputs, strict=True):
        assert ours.shape == theirs.shape, f"{case}: {ours.shape} here, {theirs.shape} there"
        worst = max(worst, float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-30)))
print(f"{model}: onnx.checker passes; {len(cases)} cases agree with onnxruntime to {worst:.1e}")
sys.exit(worst > 1e-4)
