"""What tools/compare-peers runs: peers and ourselves in turn, each in its own process, several rounds interleaved.

Medians over the rounds; ratios are taken round by round, so that a machine that drifts does not favour anybody.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
FIELD = HERE.parent / ".build/release/giemsa-field"
LAB = HERE.parent / ".build/release/giemsa"
PEERS = {"float": ["onnxruntime", "openvino", "ncnn", "pytorch"], "int8": ["onnxruntime", "openvino"]}
OURS = {"fast": ["--memory", "fast"], "balanced": [], "small": ["--memory", "small"],
        "exact": ["--exact"]}
MODELS = ["resnet18", "resnet34", "resnet50"]
TRAINING = [("resnet18", 64, 64), ("resnet34", 128, 32)]


def say(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def json_of(*command):
    return json.loads(subprocess.run([str(part) for part in command], check=True, capture_output=True).stdout)


def export(folder):
    """torchvision's networks with random weights, as ONNX and as ncnn's own format; kept between runs."""
    import torch
    import torchvision

    folder.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        model = folder / f"{name}.onnx"
        if model.exists():
            continue
        say(f"exporting {name}")
        torch.manual_seed(0)
        net = getattr(torchvision.models, name)(weights=None).train()
        with torch.no_grad():
            net(torch.randn(4, 3, 224, 224))
        torch.onnx.export(net.eval(), torch.randn(1, 3, 224, 224), str(model), opset_version=17, dynamo=False,
                          input_names=["input"], output_names=["logits"])
        subprocess.run([pathlib.Path(sys.executable).with_name("pnnx"), model.name, "inputshape=[1,3,224,224]", "fp16=0"],
                       cwd=folder, check=True, capture_output=True)


def quantize(folder):
    """The same networks as onnxruntime's static quantizer writes them: QDQ, s8 weights by channel, u8 activations."""
    import numpy
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Noise(CalibrationDataReader):
        def __init__(self):
            random = numpy.random.default_rng(1)
            self.batches = iter([{"input": random.standard_normal((1, 3, 224, 224), dtype="float32")}
                                 for _ in range(8)])

        def get_next(self):
            return next(self.batches, None)

    for name in MODELS:
        target = folder / f"{name}-qdq.onnx"
        if target.exists():
            continue
        say(f"quantising {name}")
        prepared = folder / f"{name}-pre.onnx"
        quant_pre_process(str(folder / f"{name}.onnx"), str(prepared), skip_symbolic_shape=True)
        quantize_static(str(prepared), str(target), Noise(), quant_format=QuantFormat.QDQ, per_channel=True,
                        weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8)


def inference(folder, kind, rounds, seconds):
    """A row for each network and number of threads: ours in three memory settings and exact, then the peers."""
    export(folder)
    if kind == "int8":
        quantize(folder)
    peers, suffix = PEERS[kind], "-qdq" if kind == "int8" else ""
    print(f"## {'Int8' if kind == 'int8' else 'Float'}, batch 1, 224 × 224\n")
    print("Median ms; for peers also how many times as long as giemsa-field's `fast` in the same round.\n")
    print("| model | threads | " + " | ".join(OURS) + " | " + " | ".join(peers)
          + " | peak MiB: " + ", ".join(OURS) + " | onnxruntime's own |")
    print("|---|---|" + "---|" * (len(OURS) + len(peers) + 2))
    for name in MODELS:
        model = folder / f"{name}{suffix}.onnx"
        for threads in (1, 2):
            ours, theirs = {way: [] for way in OURS}, {peer: [] for peer in peers}
            memory, own = {}, 0
            for turn in range(rounds):
                say(f"{model.stem}, {threads} threads, round {turn + 1} of {rounds}")
                for way, flags in OURS.items():
                    mine = json_of(FIELD, "bench", model, "--threads", threads, "--seconds", seconds, "--json", *flags)
                    ours[way].append(mine["median_ms"])
                    memory[way] = mine["peak_rss_mib"]
                for peer in peers:
                    result = json_of(sys.executable, HERE / "peer_worker.py", "infer", peer, model, threads, seconds)
                    theirs[peer].append(result["median_ms"])
                    if peer == "onnxruntime":
                        own = result["own_mib"]
            cells = [f"{statistics.median(times):.1f}" for times in ours.values()]
            for peer in peers:
                ratio = statistics.median(t / o for t, o in zip(theirs[peer], ours["fast"]))
                cells.append(f"{statistics.median(theirs[peer]):.1f} ({ratio:.2f}×)")
            say("")
            print(f"| {name} | {threads} | {' | '.join(cells)} | {', '.join(f'{m:.0f}' for m in memory.values())} | "
                  f"{own:.0f} |", flush=True)
    print()


def machine():
    """What was measured on what."""
    from importlib.metadata import version

    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    isa = subprocess.run([FIELD, "--version"], capture_output=True, text=True).stdout.splitlines()[1:2]
    names = ["onnxruntime", "openvino", "ncnn", "torch"]
    print(f"{cpu[1] if cpu else 'processor unknown'}; {' '.join(isa)}; "
          + ", ".join(f"{name} {version(name)}" for name in names) + ".\n")


def training(rounds, seconds):
    print("## Training, float, two threads, images per second\n")
    print("| model | size | batch | giemsa | PyTorch | ratio | peak MiB: ours, PyTorch's |\n|---|---|---|---|---|---|---|")
    for arch, size, batch in TRAINING:
        ours, theirs, memory = [], [], [0, 0]
        for turn in range(rounds):
            say(f"training {arch} at {size}, round {turn + 1} of {rounds}")
            text = subprocess.run([LAB, "bench-training", "--arch", arch, "--size", str(size), "--batch", str(batch),
                                   "--threads", "2", "--seconds", str(seconds)],
                                  check=True, capture_output=True, text=True).stdout
            ours.append(float(re.search(r"([\d.]+) images/s", text)[1]))
            memory[0] = float(re.search(r"([\d.]+) MiB", text)[1])
            result = json_of(sys.executable, HERE / "peer_worker.py", "train", arch, size, batch, 2, seconds * 2)
            theirs.append(result["images_per_second"])
            memory[1] = result["peak_mib"]
        ratio = statistics.median(o / t for o, t in zip(ours, theirs))
        say("")
        print(f"| {arch} | {size} | {batch} | {statistics.median(ours):.1f} | {statistics.median(theirs):.1f} | "
              f"{ratio:.2f}x | {memory[0]:.0f}, {memory[1]:.0f} |", flush=True)


parser = argparse.ArgumentParser(description="Peers and ourselves, side by side; a page of Markdown on standard output.")
parser.add_argument("what", nargs="*", default=["float", "int8", "training"], metavar="float|int8|training")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--seconds", type=float, default=4)
parser.add_argument("--models", type=pathlib.Path, default=HERE.parent / ".build/peer-models")
options = parser.parse_args()
machine()
for kind in ("float", "int8"):
    if kind in options.what:
        inference(options.models, kind, options.rounds, options.seconds)
if "training" in options.what:
    training(options.rounds, options.seconds)
