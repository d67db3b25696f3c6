"""The operators of ModelGraph by their names in a file."""

import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def onnx_operators():
    """Names of the ONNX domain, from the operators' files."""
    names = set()
    for path in glob.glob(os.path.join(ROOT, "Sources/ModelGraph/Operators/*.swift")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if "OperatorDomain.microsoft" in text:
            continue
        names.update(re.findall(r'static let name = "(\w+)"', text))
    return names
