"""One engine measured in a process of its own; prints one line of JSON.

peer_worker.py infer ENGINE MODEL.onnx THREADS SECONDS     ENGINE: onnxruntime, openvino, ncnn, pytorch; batch 1, 224 x 224
peer_worker.py train ARCH SIZE BATCH THREADS SECONDS       PyTorch, the better of its two memory formats
"""

import json
import pathlib
import sys
import time

import numpy as np


def peak_mib():
    # Not getrusage: its peak starts from that of the process that started this one.
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def onnxruntime(model, x, threads):
    import onnxruntime as engine

    options = engine.SessionOptions()
    options.intra_op_num_threads = threads
    session = engine.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"input": x})[0]


def openvino(model, x, threads):
    import openvino as engine

    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    request = engine.Core().compile_model(str(model), "CPU", settings).create_infer_request()
    return lambda: request.infer({0: x})[0]


def ncnn(model, x, threads):
    import ncnn as engine

    net = engine.Net()
    net.opt.num_threads = threads
    net.load_param(str(model.with_suffix(".ncnn.param")))
    net.load_model(str(model.with_suffix(".ncnn.bin")))
    source, sink = net.input_names()[0], net.output_names()[0]

    def run():
        extractor = net.create_extractor()
        extractor.input(source, engine.Mat(x[0]))
        return np.array(extractor.extract(sink)[1])

    return run


def pytorch(model, x, threads):
    import torch
    import torchvision

    torch.set_num_threads(threads)
    net = getattr(torchvision.models, model.stem)(weights=None).eval().to(memory_format=torch.channels_last)
    image = torch.from_numpy(x).to(memory_format=torch.channels_last)

    def run():
        with torch.inference_mode():
            return net(image).numpy()

    return run


def infer(engine, model, threads, seconds):
    x = np.random.default_rng(1).standard_normal((1, 3, 224, 224), dtype=np.float32)
    before, start = peak_mib(), time.perf_counter()
    run = globals()[engine](pathlib.Path(model), x, int(threads))
    run()
    first = (time.perf_counter() - start) * 1e3
    for _ in range(3):
        run()
    times, end = [], time.perf_counter() + float(seconds)
    while time.perf_counter() < end or len(times) < 10:
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return {"median_ms": float(np.median(times)), "load_first_ms": first, "own_mib": peak_mib() - before}


def train(arch, size, batch, threads, seconds):
    import torch
    import torchvision

    torch.set_num_threads(int(threads))
    size, batch, best = int(size), int(batch), 0.0
    for layout in (torch.channels_last, torch.contiguous_format):
        net = getattr(torchvision.models, arch)(weights=None, num_classes=2).to(memory_format=layout).train()
        optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
        x = torch.randn(batch, 3, size, size).to(memory_format=layout)
        y = torch.randint(0, 2, (batch,))

        def step():
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()

        step()
        steps, start = 0, time.perf_counter()
        while time.perf_counter() - start < float(seconds) / 2 or steps < 2:
            step()
            steps += 1
        best = max(best, steps * batch / (time.perf_counter() - start))
    return {"images_per_second": best, "peak_mib": peak_mib()}


print(json.dumps({"infer": infer, "train": train}[sys.argv[1]](*sys.argv[2:])))
