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
PEERS = ["onnxruntime", "ncnn", "pytorch"]
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


def inference(folder, rounds, seconds):
    export(folder)
    print("Inference, float, batch 1, 224 x 224; median ms (times as long as giemsa-field).\n")
    print("| model | threads | giemsa-field | " + " | ".join(PEERS) + " | peak MiB: ours, onnxruntime's own |")
    print("|---|---|---|" + "---|" * len(PEERS) + "---|")
    for name in MODELS:
        model = folder / f"{name}.onnx"
        for threads in (1, 2):
            ours, theirs, memory = [], {peer: [] for peer in PEERS}, [0, 0]
            for turn in range(rounds):
                say(f"{name}, {threads} threads, round {turn + 1} of {rounds}")
                mine = json_of(FIELD, "bench", model, "--threads", threads, "--seconds", seconds, "--json")
                ours.append(mine["median_ms"])
                memory[0] = mine["peak_rss_mib"]
                for peer in PEERS:
                    result = json_of(sys.executable, HERE / "peer_worker.py", "infer", peer, model, threads, seconds)
                    theirs[peer].append(result["median_ms"])
                    if peer == "onnxruntime":
                        memory[1] = result["own_mib"]
            cells = []
            for peer in PEERS:
                ratio = statistics.median(t / o for t, o in zip(theirs[peer], ours))
                cells.append(f"{statistics.median(theirs[peer]):.1f} ({ratio:.2f}x)")
            say("")
            print(f"| {name} | {threads} | {statistics.median(ours):.1f} | {' | '.join(cells)} | "
                  f"{memory[0]:.0f}, {memory[1]:.0f} |", flush=True)
    print()


def training(rounds, seconds):
    print("Training, float, two threads, images per second.\n")
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


parser = argparse.ArgumentParser(description="Peers and ourselves, side by side.")
parser.add_argument("what", nargs="*", default=["inference", "training"])
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--seconds", type=float, default=4)
parser.add_argument("--models", type=pathlib.Path, default=HERE.parent / ".build/peer-models")
options = parser.parse_args()
if "inference" in options.what:
    inference(options.models, options.rounds, options.seconds)
if "training" in options.what:
    training(options.rounds, options.seconds)
