"""The measurements as Markdown and plots."""

import re
import statistics

import plots
from networks import NETWORKS, RESNETS

MEMORY = {"resnet18": 22, "resnet34": 36, "resnet50": 42}  # MiB, int8, --memory small
START = {"resnet18": 35, "resnet50": 60}  # ms, int8, one thread
TWO_THREADS = {True: 1.85, False: 1.7}  # times as fast as one: ResNets in float; others that take more than 5 ms
TRAINING = 1.3  # times as fast as PyTorch in the same precision, in at most half of its memory
TITLES = {"float": "Float", "int8": "Int8"}
NAMES = {name: network.title for name, network in NETWORKS.items()} | {
    "onnxruntime": "onnxruntime", "openvino": "OpenVINO", "ncnn": "ncnn", "mnn": "MNN", "tract": "tract", "litert": "LiteRT",
    "pytorch": "PyTorch"}

mid = statistics.median


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def goal(times_as_fast, holds):
    return f"{times_as_fast} ×: {'met' if holds else 'not met'}"


def times(threads):
    return "one thread" if threads == 1 else f"{threads} threads"


class Cell:
    """One model with a number of threads: our results and the peers'."""

    def __init__(self, data, kind, name, threads):
        self.kind, self.name, self.threads = kind, name, threads
        self.ours = data["inference"][kind][name][threads]["ours"]
        self.peers = data["inference"][kind][name][threads]["peers"]
        measured = {peer: result for peer, result in self.peers.items() if result.get("ms")}
        self.best = min(measured, key=lambda peer: mid(measured[peer]["ms"]), default=None)
        self.goal = NETWORKS[name].goals.get(kind)
        roof = data["roof"][threads]["f32" if kind == "float" else "int8"]
        self.roof_ms = data["models"][name]["multiply_adds"] / roof / 1e6

    def ratio(self, peer, way="fast"):
        """Computed round by round, so that drift of the machine favours no engine."""
        return mid([t / o for t, o in zip(self.peers[peer]["ms"], self.ours[way]["ms"])])

    def met(self):
        return self.best is not None and (self.goal is None or self.ratio(self.best) >= self.goal)


def cells(data, kind):
    return [Cell(data, kind, name, threads) for name in data["inference"].get(kind, {})
            for threads in data["inference"][kind][name]]


def summary(data):
    """Against the best peer."""
    kinds = [kind for kind in ("float", "int8") if kind in data["inference"]]
    rows = []
    for kind in kinds:
        for cell in cells(data, kind):
            best = mid(cell.peers[cell.best]["ms"]) if cell.best else None
            ratio = cell.ratio(cell.best) if cell.best else 0
            rows.append([
                f"{NAMES.get(cell.name, cell.name)}, {kind}", cell.threads, f"{mid(cell.ours['fast']['ms']):.1f}",
                f"{best:.1f} ({NAMES[cell.best]})" if best else "–", f"**{ratio:.2f} ×**" if best else "–",
                goal(cell.goal, cell.met()) if cell.goal else "–",
                f"{cell.roof_ms / mid(cell.ours['fast']['ms']):.0%}",
                f"{cell.roof_ms / mid(cell.ours['exact']['ms']):.0%}" if "exact" in cell.ours else "–"])
    for r in data.get("training", []):
        for precision in ("float", "bf16"):
            cell, ratio = r[precision], in_turn(r[precision]["theirs"], r[precision]["ours"])
            if ratio:
                rows.append([
                    f"{NAMES[r['arch']]} at {r['size']}, training, {precision}", 2, f"{1e3 / mid(cell['ours']):.1f} a picture",
                    f"{1e3 / mid(cell['theirs']):.1f} (PyTorch)", f"**{ratio:.2f} ×**",
                    goal(TRAINING, ratio >= TRAINING), "–", "–"])
    return table(["model", "threads", "ours, ms", "best peer, ms", "as fast", "goal", "of the roof", "`--exact`, of the roof"],
                 rows)


def speed(data, kind):
    ours, peers = list(data["ways"]), list(data["peers"][kind])
    rows = []
    for cell in cells(data, kind):
        row = [cell.name, cell.threads] + [f"{mid(cell.ours[way]['ms']):.1f}" if way in cell.ours else "–" for way in ours]
        for peer in peers:
            result = cell.peers.get(peer, {})
            row.append(f"{mid(result['ms']):.1f} ({cell.ratio(peer):.2f} ×)" if result.get("ms") else "–")
        rows.append(row)
    return (f"## {TITLES[kind]}, batch 1, 224 × 224, U-Net 256 × 256\n\n![Median milliseconds of each engine](plots/{kind}.svg)\n\n"
            "Median ms; for peers also the ratio to our `fast` in the same round.\n\n"
            + table(["model", "threads"] + [f"`{way}`" for way in ours] + [NAMES[peer] for peer in peers], rows))


def memory(data):
    ours = list(data["ways"])
    text = ("## Memory\n\n![Peak memory](plots/memory.svg)\n\nPeak resident MiB on one thread: our whole process (`bench`); for "
            "the peers the growth over an interpreter with numpy, and in brackets the whole process. Goals, int8: "
            + ", ".join(f"{NAMES[name]} {goal}" for name, goal in MEMORY.items()) + " with `--memory small`.\n\n")
    kinds = [kind for kind in ("float", "int8") if kind in data["inference"]]
    peers = [peer for peer in data["names"] if any(peer in data["peers"][kind] for kind in kinds)]
    rows = []
    for kind in kinds:
        for name, threads in data["inference"][kind].items():
            one = threads[min(threads)]
            if name not in RESNETS:
                continue
            row = [f"{name}, {kind}"] + [f"{one['ours'][way]['peak_mib']:.0f}" for way in ours]
            for peer in peers:
                result = one["peers"].get(peer, {})
                row.append(f"{result['own_mib']:.0f} ({result['peak_mib']:.0f})" if result.get("ms") else "–")
            rows.append(row)
    return text + table(["model"] + [f"`{way}`" for way in ours] + [NAMES[peer] for peer in peers], rows)


def start(data):
    text = ("## Time to first answer\n\nMilliseconds, one thread, files in the page cache. Ours: from process creation to its end, "
            "`giemsa-field infer MODEL one.png` with a picture of 224 × 224, and its peak MiB. "
            "Peers: only load and first run, in an interpreter that is already running. Goals, int8: "
            + ", ".join(f"{NAMES[name]} {goal} ms" for name, goal in START.items()) + ".\n\n")
    kinds = [kind for kind in ("float", "int8") if kind in data["start"]]
    peers = [peer for peer in data["names"]
             if any(peer in entry["peers"] for kind in kinds for entry in data["start"][kind].values())]
    rows = []
    for kind in kinds:
        for name, entry in data["start"][kind].items():
            row = [f"{name}, {kind}"]
            row += [f"{mid(result['ms']):.0f} ms, {result['peak_mib']:.0f} MiB" for result in entry["ours"].values()]
            row += [f"{mid(entry['peers'][peer]):.0f}" if entry["peers"].get(peer) else "–" for peer in peers]
            rows.append(row)
    ways = list(next(iter(data["start"][kinds[0]].values()))["ours"])
    return text + table(["model"] + [f"`{way}`" for way in ways] + [NAMES[peer] for peer in peers], rows)


def two_threads(data):
    found = data["threads"]
    text = ("## Two threads against one\n\n`--memory fast`, one thread and two threads in immediate succession, "
            f"{len(next(iter(found.values())))} pairs. A low lower quartile means that in some pairs other processes used a part of "
            "one of the cores.\n\n")
    rows = []
    for name, pairs in found.items():
        one, two = (mid(ms) for ms in zip(*pairs))
        low, middle, high = statistics.quantiles([one / two for one, two in pairs], n=4)
        is_resnet = name.startswith("ResNet-")
        wanted = TWO_THREADS[is_resnet]
        is_judged = name.endswith("float") if is_resnet else one > 5
        judged = goal(wanted, middle >= wanted) if is_judged else "–"
        rows.append([name, f"{one:.2f}", f"{two:.2f}", f"**{middle:.2f} ×**", f"{low:.2f} to {high:.2f}", judged])
    return text + table(["model", "one thread, ms", "two, ms", "as fast, median of the pairs", "quartiles", "goal"], rows)


def growth(data):
    found = data["growth"]
    text = ("## Growth\n\n![Time and memory against batch and number of pictures](plots/growth.svg)\n\n"
            f"{NAMES[found['model']]}, one thread, `--memory fast`. A batch is one run of `bench --batch`; pictures are PNG "
            "files of 224 × 224 given to one `infer`, from process creation to its end, compared with the same number of runs of "
            "`bench` (goal for the increments, which exclude start-up: at least 0.95 of that rate). Medians of "
            f"{len(next(iter(found['bare'].values())))} rounds, of the increments too.\n\n")
    rows = [[kind, batch, f"{r['ms']:.1f}", f"{r['ms'] / batch:.1f}", f"{r['peak_mib']:.0f}"]
            for kind, results in found["batch"].items() for batch, r in results.items()]
    text += table(["", "batch", "ms", "ms per picture", "peak MiB"], rows) + "\n"
    rows = []
    for kind, results in found["pictures"].items():
        before = None
        for count, r in results.items():
            step = "–"
            if before:
                shares = [bare * (count - before[0]) / (ms - less)
                          for bare, ms, less in zip(found["bare"][kind], r["ms"], before[1])]
                step = f"{statistics.median(shares):.2f}"
            ms = statistics.median(r["ms"])
            rows.append([kind, count, f"{ms / 1e3:.2f}", f"{count / ms * 1e3:.1f}", step, f"{r['peak_mib']:.0f}"])
            before = (count, r["ms"])
    return text + table(["", "pictures", "s", "pictures/s", "increment / bare rate", "peak MiB"], rows)


def sizes(data):
    found = data["sizes"]
    text = "## On disk\n\nMB. Programs: what must be installed to run a model; for the "
    text += "peers the shared libraries in their Python packages (in brackets the whole packages).\n\n"
    rows = [[what, f"{size / 1e6:.2f}"] for what, size in found["ours"].items()]
    rows += [[f"{NAMES[peer]} {version}", f"{libraries / 1e6:.1f} ({whole / 1e6:.1f})"]
             for peer, (version, libraries, whole) in found["peers"].items()]
    text += table(["program", "MB"], rows) + "\n"
    formats = list(next(iter(found["models"].values())))
    rows = [[name] + [f"{entry[what] / 1e6:.1f}" if entry.get(what) else "–" for what in formats]
            for name, entry in found["models"].items()]
    return text + table(["model"] + formats, rows)


def in_turn(theirs, ours):
    """Our speed relative to theirs, round by round; None if one of them could not run."""
    return mid([o / t for o, t in zip(ours, theirs)]) if ours and theirs else None


def training(data):
    rows = []
    for r in data["training"]:
        for precision in ("float", "bf16"):
            cell = r[precision]
            ours, theirs, ratio = cell["ours"], cell["theirs"], in_turn(cell["theirs"], cell["ours"])
            other = in_turn(r["bf16" if precision == "float" else "float"]["theirs"], ours)
            memory = cell["memory"]
            rows.append([NAMES[r["arch"]], r["size"], r["batch"], precision, f"{mid(ours):.1f}" if ours else "–",
                         f"{mid(theirs):.1f}" if theirs else "–", f"**{ratio:.2f} ×**" if ratio else "–",
                         f"{other:.2f} ×" if other else "–", f"{memory[0]:.0f}" if ours else "–",
                         f"{memory[1]:.0f}" if theirs else "–", f"{memory[0] / memory[1]:.2f}" if ratio else "–"])
    return ("## Training, two threads\n\nImages per second of a whole step (forward, backward, SGD with momentum); PyTorch in the "
            "faster of its two memory formats, bf16 by autocast. Ours: `--precision float` and `bf16`. Goals: "
            f"{TRAINING} × PyTorch in the same precision, in at most half of its memory.\n\n"
            + table(["model", "pixels", "batch", "precision", "giemsa", "PyTorch", "as fast", "against its other precision",
                     "our peak MiB", "PyTorch's", "of its memory"], rows))


def slowest(profile, count=12):
    """A profile with its slowest steps alone."""
    head, steps = profile.rstrip().split("\n\n", 1)
    title, *rows = steps.splitlines()
    sums = [row for row in rows if re.match("sum of steps|whole run", row)]
    by_time = sorted((row for row in rows if row not in sums), key=lambda row: -float(row.split("%")[0].split()[-1]))
    return "\n".join([head, "", title, *by_time[:count], *sums])


def profiles(data):
    if not data["profiles"]:
        return ""
    text = "## Where a goal was missed\n\nThe output of `giemsa-field bench --profile --memory fast` for that cell, its slowest steps.\n"
    for title, profile in data["profiles"].items():
        text += f"\n<details><summary>{title}</summary>\n\n```\n{slowest(profile)}\n```\n\n</details>\n"
    return text


def machine(data):
    m, roof = data["machine"], data["roof"]
    some = next(iter(roof.values()))
    rows = [[threads, f"{r['f32']:.0f}", f"{r['int8']:.0f}", f"{r['read_gb']:.1f}"] for threads, r in roof.items()]
    return (f"{m['cpu']}, {m['cores']} cores used; {m['isa']}. " + ", ".join(f"{n} {v}" for n, v in m["versions"].items())
            + f".\n{m['date']}, {m['minutes']:.0f} minutes: {m['rounds']} rounds of {m['seconds']:g} s, load average "
            f"{m['load'][0]:.1f} before and {m['load'][1]:.1f} after. Command: `{m['command']}`.\n\n"
            "The roof is the peak multiply-add rate with all operands in registers, measured by `tools/peers/roof.c` between the "
            f"rounds (the best of the run): in float with {some['f32_instruction']}, in 8-bit integers without saturation with "
            f"{some['int8_instruction']}. \"Of the roof\" is the time that the model's multiply-adds by direct convolution would "
            "take at that rate, divided by the measured time. Winograd needs fewer multiplications and can exceed 100 %.\n\n"
            + table(["threads", "float, GMAC/s", "int8, GMAC/s", "memory, GB/s read"], rows))


def notes(data):
    """Every failure once, with the places where it occurred."""
    said = {}
    for kind, models in data["inference"].items():
        for name, threads in models.items():
            for count, entry in threads.items():
                for peer, result in entry["peers"].items():
                    if result.get("error"):
                        said.setdefault((NAMES[peer], result["error"]), []).append(f"{name}, {kind}, {times(count)}")
    lines = [f"- {peer}: {error} ({'; '.join(where) if len(where) < 4 else f'{len(where)} cells'})"
             for (peer, error), where in said.items()]
    lines += [f"- {target}: {why}" for target, why in data["failures"].items()]
    lines += [f"- {peer} is not in the table of {kind}: {why}" for kind, left in data["left_out"].items()
              for peer, why in left.items()]
    lines += [f"- {name}, {kind}: {', '.join(NAMES[peer] for peer in peers)} predicts another class than onnxruntime"
              for (name, kind), peers in data["disagree"].items()]
    return "## Left out or failed\n\n" + "\n".join(lines) + "\n" if lines else ""


def page(data, written):
    """`written` is the hand-written text between the marks, which is kept."""
    parts = ["# Benchmarks\n\nWritten by `tools/compare-peers`; only the part between the marks is edited by hand.\n"
             "The peers and giemsa-field run interleaved, each in its own process, over several rounds, on torchvision's and\n"
             "timm's networks with random weights (int8: as written by onnxruntime's static quantizer; MNN has its own quantization).\n", f"<!-- by hand -->\n{written.strip()}\n<!-- /by hand -->\n"]
    parts.append("## The machine\n\n" + machine(data))
    if data["inference"]:
        parts.append("## Against the best peer\n\nOurs: `--memory fast`.\n\n" + summary(data))
        parts += [speed(data, kind) for kind in ("float", "int8") if kind in data["inference"]]
        parts.append(memory(data))
    for what, section in (("threads", two_threads), ("start", start), ("growth", growth), ("sizes", sizes), ("training", training)):
        if data.get(what):
            parts.append(section(data))
    parts += [text for text in (profiles(data), notes(data)) if text]
    return "\n".join(parts)


def pictures(data):
    """name → SVG."""
    drawn = {}
    for kind in data["inference"]:
        panels = []
        for cell in cells(data, kind):
            entries = [(title, mid(cell.ours[way]["ms"]), True)
                       for way, title in (("fast", "giemsa-field"), ("small", "its --memory small")) if way in cell.ours]
            entries += sorted(((NAMES[peer], mid(r["ms"]), False) for peer, r in cell.peers.items() if r.get("ms")),
                              key=lambda entry: entry[1])
            panels.append((f"{NAMES.get(cell.name, cell.name)}, {times(cell.threads)}", entries))
        drawn[kind] = plots.bars(f"{TITLES[kind]} inference, batch 1, median", "ms", panels)
    if data["inference"]:
        panels = []
        names = dict.fromkeys(name for models in data["inference"].values() for name in models if name in RESNETS)
        for name in names:
            for kind, models in data["inference"].items():
                if name not in models:
                    continue
                one = models[name][min(models[name])]
                entries = [(f"giemsa-field {way}", one["ours"][way]["peak_mib"], True) for way in ("small", "balanced", "fast")]
                entries += sorted(((NAMES[peer], r["own_mib"], False) for peer, r in one["peers"].items() if r.get("ms")),
                                  key=lambda entry: entry[1])
                panels.append((f"{NAMES.get(name, name)}, {kind}", entries))
        drawn["memory"] = plots.bars("Peak memory: our whole process, the peers' growth", "MiB", panels)
    if data.get("growth"):
        found = data["growth"]
        drawn["growth"] = plots.lines("Growth with batch and pictures", [
            ("Time of a run", "batch", "ms", [(k, [(b, r["ms"]) for b, r in v.items()]) for k, v in found["batch"].items()]),
            ("Peak memory", "batch", "MiB", [(k, [(b, r["peak_mib"]) for b, r in v.items()]) for k, v in found["batch"].items()]),
            ("Time of infer", "pictures", "s", [(k, [(n, statistics.median(r["ms"]) / 1e3) for n, r in v.items()]) for k, v in found["pictures"].items()]),
            ("Peak memory", "pictures", "MiB", [(k, [(n, r["peak_mib"]) for n, r in v.items()]) for k, v in found["pictures"].items()]),
        ])
    return drawn
