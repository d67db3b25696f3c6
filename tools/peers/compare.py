"""The measurements of tools/compare-peers: peers and giemsa interleaved over several rounds, each in its own process.

Writes docs/BENCHMARKS.md and its plots; with --only, or with --out, a page elsewhere.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

import page
import prepare
from networks import NETWORKS, RESNETS

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = {"float": ["onnxruntime", "openvino", "ncnn", "mnn", "litert", "tract", "pytorch"],
         "int8": ["onnxruntime", "openvino", "mnn", "litert", "tract"]}
LEFT_OUT = {"int8": {"ncnn": "its Python package has no quantiser (ncnn2int8)",
                     "pytorch": "its quantised networks need another model, not these numbers"}}
PACKAGES = {"onnxruntime": ["onnxruntime"], "openvino": ["openvino"], "ncnn": ["ncnn"], "mnn": ["mnn"],
            "litert": ["ai-edge-litert"], "tract": ["tract"], "pytorch": ["torch"]}
# Of the files that tools/peers/prepare.py makes for one peer alone.
FORMATS = {"ncnn": ".ncnn.param", "mnn": ".mnn", "litert": ".tflite"}
WAYS = {"fast": ["--memory", "fast"], "balanced": [], "small": ["--memory", "small"], "exact": ["--exact"]}
MODELS = list(NETWORKS)
# Measured for the ResNets only, which all engines run and whose numbers of memory and of starting are on the page.
SLOW = ["tract", "pytorch"]
THREADS = [1, 2]
PARTS = ["float", "int8", "threads", "training", "start", "growth", "sizes"]
# Network, pixels, batch size: each in float and in bf16.
TRAINING = [("resnet18", 64, 64), ("resnet18", 128, 32), ("resnet34", 128, 32), ("resnet34", 224, 16), ("resnet50", 128, 32),
            ("mobilenet_v2", 128, 32), ("mobilenet_v3_large", 128, 32), ("efficientnet_b0", 128, 32)]
BATCHES, PICTURES = [1, 2, 4, 8], [50, 100, 200]
COLOURS = ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"]


def say(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


class Bench:
    def __init__(self, options):
        self.options = options
        self.field, self.lab = options.programs / "giemsa-field", options.programs / "giemsa"
        self.models = options.models
        self.work = options.models / "programs"
        self.work.mkdir(parents=True, exist_ok=True)
        for tool in ("roof", "launch"):
            subprocess.run(["clang", "-O2", HERE / f"{tool}.c", "-o", self.work / tool, "-lpthread"], check=True)
        self.roofs, self.begun, self.done, self.all = {}, time.monotonic(), 0, 1

    def progress(self, text):
        """Shows the current measurement and its progress."""
        self.done += 1
        passed = time.monotonic() - self.begun
        left = passed / self.done * max(0, self.all - self.done)
        say(f"{text}: {self.done} of about {self.all}, {passed / 60:.0f} minutes so far, {left / 60:.0f} to go")

    def json_of(self, *command, environment=None):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300,
                              env=os.environ | (environment or {}))
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode != 0 or not lines:
            raise RuntimeError((done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1][:160])
        return json.loads(lines[-1])

    def ours(self, model, threads, *flags):
        return self.json_of(self.field, "bench", model, "--threads", threads, "--seconds", self.options.seconds, "--json", *flags)

    def peer(self, name, model, threads, seconds):
        made = model.with_suffix(FORMATS.get(name, ".onnx")).name
        if made in self.failures:
            raise RuntimeError(f"no {made}: {self.failures[made]}")
        size = prepare.size_of(model.stem)
        return self.json_of(sys.executable, HERE / "worker.py", "infer", name, model, threads, seconds, size,
                            environment={"OMP_NUM_THREADS": str(threads)})

    def roof(self):
        """Measured repeatedly during the run; the best result counts, since other load can only lower it."""
        for threads in THREADS:
            new = self.json_of(self.work / "roof", threads, 0.3)
            old = self.roofs.setdefault(threads, new)
            for what in ("f32", "int8", "read_gb"):
                old[what] = max(old[what], new[what])

    def measured(self, kind):
        return [name for name in self.options.names if kind in NETWORKS[name].goals]

    def ways_and_peers(self, kind, name):
        if name in RESNETS:
            return list(WAYS), PEERS[kind]
        return ["fast"], [peer for peer in PEERS[kind] if peer not in SLOW]

    def inference(self, kind):
        suffix, found = "-qdq" if kind == "int8" else "", {}
        for name in self.measured(kind):
            model = self.models / f"{name}{suffix}.onnx"
            ways, engines = self.ways_and_peers(kind, name)
            for threads in THREADS:
                ours = {way: {"ms": []} for way in ways}
                peers = {peer: {"ms": [], "load": []} for peer in engines}
                for turn in range(self.options.rounds):
                    self.roof()
                    for way in ways:
                        self.progress(f"{kind} {name}, {page.times(threads)}, giemsa-field {way}")
                        result = self.ours(model, threads, *WAYS[way])
                        ours[way]["ms"].append(result["median_ms"])
                        ours[way]["peak_mib"] = max(ours[way].get("peak_mib", 0), result["peak_rss_mib"])
                    for peer, entry in peers.items():
                        self.progress(f"{kind} {name}, {page.times(threads)}, {peer}")
                        if entry.get("error"):
                            continue
                        try:
                            result = self.peer(peer, model, threads, self.options.seconds)
                        except (RuntimeError, subprocess.TimeoutExpired) as error:
                            said = str(error).replace(f"{self.models}/", "")
                            entry.update(error=re.sub(r"^\w+Error: ", "", said), ms=[])
                            continue
                        entry["ms"].append(result["median_ms"])
                        entry["load"].append(result["load_first_ms"])
                        for what in ("peak_mib", "own_mib", "best_class"):
                            entry[what] = result[what]
                found.setdefault(name, {})[threads] = {"ours": ours, "peers": peers}
        return found

    def two_threads(self):
        """One thread and two threads in immediate succession, so that a slow phase of the machine affects both."""
        models = {f"{page.NAMES[name]}, {kind}": self.models / f"{name}{suffix}.onnx"
                  for kind, suffix in (("float", ""), ("int8", "-qdq")) for name in self.measured(kind)}
        found = {title: [] for title in models}
        for pair in range(self.pairs):
            for title, model in models.items():
                self.progress(f"{title}, one thread and two")
                turns = THREADS if pair % 2 == 0 else THREADS[::-1]
                times = {threads: self.ours(model, threads, *WAYS["fast"])["median_ms"] for threads in turns}
                found[title].append([times[threads] for threads in THREADS])
        return found

    def resnets(self):
        return [name for name in self.options.names if name in RESNETS]

    def launch(self, *command):
        result = self.json_of(self.work / "launch", *command)
        if result["status"] != 0:
            raise RuntimeError(f"{' '.join(str(part) for part in command)} ended with {result['status']}")
        return result

    def start(self, kind, inference):
        suffix, found = "-qdq" if kind == "int8" else "", {}
        one = prepare.pictures(self.models / "pictures", 1)[0]
        for name in self.resnets():
            model = self.models / f"{name}{suffix}.onnx"
            ours = {way: {"ms": []} for way in ("fast", "balanced", "small")}
            peers = {}
            for _ in range(max(3, 2 * self.options.rounds)):
                for way, entry in ours.items():
                    self.progress(f"first answer of {kind} {name}, {way}")
                    result = self.launch(self.field, "infer", model, one, *COLOURS, "--top", "1", *WAYS[way])
                    entry["ms"].append(result["ms"])
                    entry["peak_mib"] = max(entry.get("peak_mib", 0), result["peak_mib"])
            for peer in PEERS[kind]:
                if inference:
                    peers[peer] = inference[name][THREADS[0]]["peers"][peer]["load"]
                    continue
                self.progress(f"first answer of {kind} {name}, {peer}")
                try:
                    peers[peer] = [self.peer(peer, model, 1, 0)["load_first_ms"] for _ in range(self.options.rounds)]
                except (RuntimeError, subprocess.TimeoutExpired):
                    peers[peer] = []
            found[name] = {"ours": ours, "peers": peers}
        return found

    def growth(self):
        found = {"model": prepare.BATCHED, "batch": {}, "pictures": {}, "bare": {}}
        for kind, suffix in (("float", ""), ("int8", "-qdq")):
            by_batch = found["batch"][kind] = {}
            for batch in BATCHES:
                self.progress(f"{kind}, batch {batch}")
                model = self.models / f"{prepare.BATCHED}-batch{suffix}.onnx"
                result = self.ours(model, 1, "--memory", "fast", "--batch", batch)
                by_batch[batch] = {"ms": result["median_ms"], "peak_mib": result["peak_rss_mib"]}
            # Round by round: a slow phase of the machine affects a whole round, including the bare rate.
            model = self.models / f"{prepare.BATCHED}{suffix}.onnx"
            by_count = found["pictures"][kind] = {count: {"ms": [], "peak_mib": 0} for count in PICTURES}
            bare = found["bare"][kind] = []
            for _ in range(self.growth_rounds):
                bare.append(self.ours(model, 1, "--memory", "fast")["median_ms"])
                for count, entry in by_count.items():
                    self.progress(f"{kind}, {count} pictures")
                    files = prepare.pictures(self.models / "pictures", count)
                    result = self.launch(self.field, "infer", model, *files, *COLOURS, "--top", "1", "--memory", "fast")
                    entry["ms"].append(result["ms"])
                    entry["peak_mib"] = max(entry["peak_mib"], result["peak_mib"])
        return found

    def sizes(self):
        from importlib.metadata import PackageNotFoundError, distribution

        ours = {}
        for arch in ("aarch64", "x86_64"):
            static = ROOT / f".build-field/giemsa-field-{arch}"
            if static.exists():
                ours[f"giemsa-field, static, {arch}"] = static.stat().st_size
        if not ours:
            ours["giemsa-field, not static (tools/build-field has not run)"] = self.field.stat().st_size
        peers = {}
        for peer, packages in PACKAGES.items():
            try:
                found = [distribution(package) for package in packages]
            except PackageNotFoundError:
                continue
            files = [pathlib.Path(file.locate()) for package in found for file in package.files or []]
            sizes = [(file.name, file.stat().st_size) for file in files if file.is_file()]
            peers[peer] = (found[0].version, sum(size for name, size in sizes if ".so" in name), sum(size for _, size in sizes))
        formats = {"ONNX, float": ".onnx", "ONNX, int8": "-qdq.onnx", "ncnn": ".ncnn.bin", "MNN": ".mnn", "MNN, int8": "-qdq.mnn",
                   "LiteRT": ".tflite", "LiteRT, int8": "-qdq.tflite", "PyTorch": ".pth"}
        models = {name: {what: path.stat().st_size if (path := self.models / f"{name}{end}").exists() else None
                         for what, end in formats.items()} for name in self.options.names}
        return {"ours": ours, "peers": peers, "models": models}

    def our_training(self, arch, size, batch, precision, seconds):
        """Images per second and peak MiB; None if the processor has no bf16 instructions."""
        done = subprocess.run([self.lab, "bench-training", "--arch", arch, "--size", str(size), "--batch", str(batch),
                               "--threads", "2", "--seconds", str(seconds), "--precision", precision],
                              capture_output=True, text=True)
        if done.returncode != 0 and precision == "bf16":
            return None
        done.check_returncode()
        return float(re.search(r"([\d.]+) images/s", done.stdout)[1]), float(re.search(r"([\d.]+) MiB", done.stdout)[1])

    def training(self):
        found, seconds = [], max(1.0, 4 * self.options.seconds)
        for arch, size, batch in TRAINING:
            entry = {"arch": arch, "size": size, "batch": batch}
            for precision in ("float", "bf16"):
                entry[precision] = {"ours": [], "theirs": [], "memory": [0, 0]}
            for _ in range(self.training_rounds):
                for precision in ("float", "bf16"):
                    self.progress(f"training {arch} at {size}, {precision}")
                    cell = entry[precision]
                    result = self.our_training(arch, size, batch, precision, seconds)
                    if result:
                        cell["ours"].append(result[0])
                        cell["memory"][0] = result[1]
                    try:
                        result = self.json_of(sys.executable, HERE / "worker.py", "train", arch, size, batch, 2, seconds, precision)
                        cell["theirs"].append(result["images_per_second"])
                        cell["memory"][1] = result["peak_mib"]
                    except (RuntimeError, subprocess.TimeoutExpired):
                        pass
            found.append(entry)
        return found

    def profile(self, cell):
        model = self.models / f"{cell.name}{'-qdq' if cell.kind == 'int8' else ''}.onnx"
        return subprocess.run([self.field, "bench", model, "--threads", str(cell.threads), "--memory", "fast", "--profile",
                               "--seconds", str(self.options.seconds)], check=True, capture_output=True, text=True).stdout

    def machine(self, load):
        from importlib.metadata import PackageNotFoundError, version

        cpu = re.search(r"(?:model name|Model)\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
        isa = subprocess.run([self.field, "--version"], capture_output=True, text=True).stdout.splitlines()[1:2]
        versions = {}
        for packages in PACKAGES.values():
            try:
                versions[packages[0]] = version(packages[0])
            except PackageNotFoundError:
                pass
        command = f"tools/compare-peers --rounds {self.options.rounds} --seconds {self.options.seconds:g}"
        for option in ("only", "names"):
            if getattr(self.options, option) not in (None, MODELS):
                command += f" --{option} {' '.join(getattr(self.options, option))}"
        return {"cpu": cpu[1].strip() if cpu else "processor unknown", "cores": len(os.sched_getaffinity(0)),
                "isa": " ".join(isa), "versions": versions, "rounds": self.options.rounds, "seconds": self.options.seconds,
                "date": datetime.date.today().isoformat(), "minutes": (time.monotonic() - self.begun) / 60,
                "load": (load, os.getloadavg()[0]), "command": command}

    def run(self):
        wanted, load = set(self.options.only or PARTS), os.getloadavg()[0]
        self.failures = prepare.prepare(self.models, self.options.names, say)
        self.begun = time.monotonic()
        kinds = [kind for kind in ("float", "int8") if kind in wanted]
        rounds = self.options.rounds
        cells = {kind: [self.ways_and_peers(kind, name) for name in self.measured(kind)] for kind in ("float", "int8")}
        self.all = sum(len(THREADS) * rounds * (len(ways) + len(peers)) for kind in kinds for ways, peers in cells[kind])
        self.growth_rounds, self.training_rounds, self.pairs = max(5, rounds), max(3, rounds), max(9, 3 * rounds)
        self.all += ("threads" in wanted) * sum(map(len, cells.values())) * self.pairs
        self.all += ("start" in wanted) * 2 * len(self.resnets()) * 3 * max(3, 2 * rounds)
        self.all += ("growth" in wanted) * 2 * (len(BATCHES) + self.growth_rounds * len(PICTURES))
        self.all += ("training" in wanted) * 2 * len(TRAINING) * self.training_rounds
        self.roof()
        data = {"ways": WAYS, "peers": PEERS, "names": list(PACKAGES), "failures": self.failures, "profiles": {}, "left_out": {}}
        data["models"] = {name: self.json_of(self.field, "inspect", self.models / f"{name}.onnx", "--json")["in_file"]
                          for name in self.options.names}
        data["inference"] = {kind: self.inference(kind) for kind in kinds}
        data["left_out"] = {kind: LEFT_OUT.get(kind, {}) for kind in kinds}
        if "threads" in wanted:
            data["threads"] = self.two_threads()
        if "start" in wanted:
            data["start"] = {kind: self.start(kind, data["inference"].get(kind)) for kind in ("float", "int8")}
        if "growth" in wanted:
            data["growth"] = self.growth()
        if "sizes" in wanted:
            data["sizes"] = self.sizes()
        if "training" in wanted:
            data["training"] = self.training()
        data["roof"] = self.roofs
        for kind in kinds:
            for cell in page.cells(data, kind):
                if not cell.met():
                    title = f"{page.NAMES[cell.name]}, {kind}, {page.times(cell.threads)}"
                    data["profiles"][title] = self.profile(cell)
        data["disagree"] = {}
        for kind in kinds:
            for name, by_threads in data["inference"][kind].items():
                peers = by_threads[THREADS[0]]["peers"]
                others = [peer for peer, r in peers.items() if r.get("ms") and r["best_class"] != peers["onnxruntime"].get("best_class")]
                if others and peers["onnxruntime"].get("ms"):
                    data["disagree"][name, kind] = others
        data["machine"] = self.machine(load)
        return data


def write(path, text):
    """Writes atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.replace(path)


def between(text, mark):
    found = re.search(rf"<!-- {mark} -->\n?(.*?)<!-- /{mark} -->", text, re.DOTALL)
    return found[1] if found else ""


def main():
    parser = argparse.ArgumentParser(
        prog="tools/compare-peers",
        description="Measures giemsa-field and giemsa beside other engines and writes docs/BENCHMARKS.md.")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured, in turn (3)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of each measurement of inference (0.5)")
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / ".build/peer-models", metavar="FOLDER",
                        help="where the models are made and kept (.build/peer-models)")
    parser.add_argument("--names", nargs="+", choices=MODELS, default=MODELS, metavar="NETWORK",
                        help=f"the networks (all): {', '.join(MODELS)}")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART",
                        help=f"{', '.join(PARTS)}; docs stay as they are")
    parser.add_argument("--out", type=pathlib.Path, metavar="FILE.md", help="another page than docs/BENCHMARKS.md")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / ".build/release", metavar="FOLDER",
                        help="where giemsa and giemsa-field are (.build/release)")
    options = parser.parse_args()
    official = ROOT / "docs/BENCHMARKS.md"
    partial = options.only or options.names != MODELS
    target = options.out or (ROOT / ".build/peers/BENCHMARKS.md" if partial else official)
    data = Bench(options).run()
    say("")
    written = between(official.read_text(), "by hand") if official.exists() else ""
    for name, drawing in page.pictures(data).items():
        write(target.parent / "plots" / f"{name}.svg", drawing)
    write(target, page.page(data, written))
    print(target)


main()
