"""Finds the Python packages a tool needs, without touching the system's.

`need("onnx", "numpy")` returns if they can be imported. Otherwise it runs the tool again in a virtual environment:
`.build/venv` (or the one that GIEMSA_VENV names), made on first use.
"""

import importlib.util
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def need(*packages):
    if all(importlib.util.find_spec(package) for package in packages):
        return
    venv = os.environ.get("GIEMSA_VENV") or os.path.join(ROOT, ".build", "venv")
    python = os.path.join(venv, "bin", "python")
    if os.path.realpath(sys.prefix) == os.path.realpath(venv):
        missing = [package for package in packages if not importlib.util.find_spec(package)]
        print(f"installing {', '.join(missing)} into {venv}", file=sys.stderr)
        if subprocess.call([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *missing]) != 0:
            sys.exit(f"{sys.argv[0]}: could not install {', '.join(missing)}; is the network there?")
        importlib.invalidate_caches()
    elif not os.path.exists(python):
        print(f"making {venv}", file=sys.stderr)
        if subprocess.call([sys.executable, "-m", "venv", venv]) != 0:
            sys.exit(f"{sys.argv[0]}: could not make {venv}; on Debian: apt-get install python3-venv")
    os.execv(python, [python, *sys.argv])
