"""The commands that write files, each with what it writes, and a runner that spoils their calls (inject.c)."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.path.join(ROOT, ".build", "release")
FIXTURE = os.path.join(ROOT, "Fixtures", "models", "cells.onnx")


def without_numbers(text):
    return re.sub(rb"[0-9.:]+", b"#", text)


def signature(text):
    """Of its four lines two are other each second."""
    lines = text.split(b"\n")
    comment = re.sub(rb"timestamp:\d+", b"", b"".join(lines[2:3]))
    return repr([len(line) for line in lines]).encode() + comment


def without_folder(text):
    return re.sub(rb"/giemsa-failures-[^/]*/[^/]*/", b"/", text)


def state(text):
    """It holds seconds. Whether it is whole is judged by --resume."""
    return text[:12]


class Command:
    """A command, run in a folder that holds `out`; $L and $F are the programs.

    files    what it writes below `out`, and how to read each file before comparing (None: as it is)
    grows    a file that gets longer line by line instead of being replaced
    again    the command after a fault, if another than the first
    earlier  writes earlier files; default: a line of text into each
    share    one trial in so many is made, unless all are
    """

    def __init__(self, name, script, files, grows=None, again=None, earlier=None, share=1):
        self.name, self.script, self.files, self.grows, self.earlier = name, script, files, grows, earlier
        self.share = share
        self.is_resumed, self.again = again is not None, again or script


TINY = "cells --pretrained fixture.onnx --batch 8"
TRAIN = f"$L train {TINY} --epochs 2 --save-every 2 --threads 1 --log csv --out out/run"
TRAINED = {
    "run/best.onnx": None, "run/last.onnx": None, "run/history.csv": None, "run/pictures.csv": None,
    "run/card.md": None, "run/settings.json": without_folder, "run/times.csv": without_numbers,
    "run/log.csv": without_numbers, "run/last.state": state}
COUNT = "$F count model.onnx fields/fields"
LINES = COUNT + " --format jsonl --output out/c.jsonl"
COMMANDS = [
    Command("infer", "$F infer model.onnx cells/Parasitized --format csv --output out/a.csv", {"a.csv": None}),
    Command("count", COUNT + " --format csv --output out/c.csv --report out/c.html --overlay out/o",
            {"c.csv": None, "c.html": None, "o/a.png.png": None, "o/b.png.png": None}),
    Command("count-lines", LINES, {"c.jsonl": None}, grows="c.jsonl", again=LINES + " --resume", earlier="true"),
    Command("count-over", LINES, {"c.jsonl": None}, grows="c.jsonl"),
    Command("upgrade", "$F upgrade model.onnx --opset 21 --out out/u.onnx", {"u.onnx": None}),
    Command("draw", "$F draw model.onnx --out out/d.svg", {"d.svg": None}),
    Command("export", "$L export run --out out/m.onnx --cases 2", {
        "m.onnx": None, **{f"m-cases/case_{n}/{kind}_0.pb": None for n in range(2) for kind in ("input", "output")}}),
    Command("quantize", "$L quantize run --calibrate cells --images 6 --method minmax --threads 1 --out out/q.onnx "
            "--report out/q.html", {"q.onnx": None, "q.html": None}),
    Command("card", "$L card model.onnx --format cyclonedx --out out/c.json", {"c.json": None}),
    Command("sign", "cp model.onnx out/signed; $L sign out/signed --key key.sec", {"signed.minisig": signature}),
    Command("train", TRAIN, TRAINED, grows="run/log.csv", again=TRAIN + " --resume", earlier="true",
            share=4),
    Command("train-over", TRAIN + " --overwrite", TRAINED, grows="run/log.csv",
            earlier=TRAIN.replace("--epochs 2", "--epochs 1 --seed 5"), share=5),
    Command("evaluate", "$L evaluate run cells --report out/e.html", {"e.html": None}),
    Command("find-lr", f"$L find-lr {TINY} --steps 20 --threads 1 --out out/f.svg", {"f.svg": None}),
    Command("show-batch", "$L show-batch cells --out out/b.png", {"b.png": None}),
]


def scratch():
    """A folder for all runs, in memory if there is some."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return tempfile.TemporaryDirectory(dir=memory, prefix="giemsa-failures-")


class Runner:
    def __init__(self, programs, folder):
        programs, folder = os.path.abspath(programs), os.path.realpath(folder)
        self.folder = folder
        self.inject = os.path.join(folder, "inject")
        source = os.path.join(ROOT, "tools", "failures", "inject.c")
        subprocess.run(["cc", "-O1", "-o", self.inject, source], check=True)
        self.variables = {
            **os.environ, "L": os.path.join(programs, "giemsa"), "F": os.path.join(programs, "giemsa-field"),
            "SOURCE_DATE_EPOCH": "86400", "SWIFT_BACKTRACE": "enable=no"}
        self.common = os.path.join(folder, "common")
        os.mkdir(self.common)
        shutil.copy(FIXTURE, os.path.join(self.common, "fixture.onnx"))
        self.must(self.common, "$L synthesize cells --count 24 --size 24 --seed 3 && "
                  "$L synthesize fields --fields 2 --field-size 320x240 --seed 3 && "
                  f"{TRAIN.replace('out/run', 'run')} && $L export run --out model.onnx && cd fields/fields && "
                  "set -- *.png && mv $1 a.png && mv $2 b.png")
        if shutil.which("minisign"):
            self.must(self.common, "minisign -G -W -f -p key.pub -s key.sec")

    def shell(self, folder, script):
        return subprocess.run(["/bin/bash", "-c", script], cwd=folder, env=self.variables, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", timeout=60)

    def must(self, folder, script):
        done = self.shell(folder, script)
        if done.returncode != 0:
            sys.exit(f"{script}: status {done.returncode}\n{done.stderr}")

    def make(self, command, has_earlier):
        """A new folder in which the command can run."""
        folder = tempfile.mkdtemp(dir=self.folder)
        for name in os.listdir(self.common):
            os.symlink(os.path.join(self.common, name), os.path.join(folder, name))
        if os.path.exists(os.path.join(folder, "key.sec")):  # no key is read through a link
            os.unlink(os.path.join(folder, "key.sec"))
            shutil.copy(os.path.join(self.common, "key.sec"), folder)
        os.mkdir(os.path.join(folder, "out"))
        os.mkdir(os.path.join(folder, "saved"))
        if has_earlier:
            shutil.copytree(os.path.join(self.folder, "earlier-" + command.name), os.path.join(folder, "out"),
                            dirs_exist_ok=True)
        return folder

    def prepare(self, command):
        """Earlier files for the command."""
        folder = self.make(command, False)
        if command.earlier:
            self.must(folder, command.earlier)
        else:
            for name in command.files:
                path = os.path.join(folder, "out", name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as file:
                    file.write("before\n")
        os.rename(os.path.join(folder, "out"), os.path.join(self.folder, "earlier-" + command.name))

    def spoiled(self, command, folder, at, how):
        """Runs the command with one fault; returns what became of it and the calls that it made."""
        *before, script = command.script.split("; ")
        for one in before:
            self.must(folder, one)
        here = [os.path.join(folder, name) for name in ("out", "saved", "trace")]
        done = self.shell(folder, f"exec {self.inject} {' '.join(here)} {at} {how} {script}")
        if done.returncode == 99:
            sys.exit(f"{command.name}: {done.stderr}")
        with open(here[2]) as file:
            return done, [line.split(" ", 2)[1:] for line in file.read().splitlines()]


def contents(path, form):
    try:
        with open(path, "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return None
    return form(text) if form else text


def read(command, folder):
    """The command's files as they are to be compared; None for one that is not there."""
    return {name: contents(os.path.join(folder, "out", name), form) for name, form in command.files.items()}


def unfinished(folder):
    return [os.path.join(path, name) for path, _, names in os.walk(os.path.join(folder, "out")) for name in names
            if ".giemsa-" in name]
