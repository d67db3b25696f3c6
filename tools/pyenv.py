"""`need("onnx", "numpy")` returns if they can be imported; otherwise it runs the tool again with a Python that has them.

That Python is the one of tools/python-environment: a virtual environment of this checkout, made on first use.
"""

import importlib.util
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Packages whose module has another name.
MODULES = {"pillow": "PIL", "pydantic-sarif": "pydantic_sarif", "cyclonedx-python-lib": "cyclonedx"}


def need(*packages):
    if all(importlib.util.find_spec(MODULES.get(package, package)) for package in packages):
        return
    environment = [os.path.join(ROOT, "tools", "python-environment"), *packages]
    result = subprocess.run(environment, stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"{sys.argv[0]}: could not get the Python packages {', '.join(packages)} (see above)")
    python = result.stdout.strip()
    if os.environ.get("GIEMSA_PYTHON_TRIED") == python:
        sys.exit(f"{sys.argv[0]}: {python} cannot import {', '.join(packages)}")
    os.environ["GIEMSA_PYTHON_TRIED"] = python
    os.execv(python, [python, *sys.argv])
