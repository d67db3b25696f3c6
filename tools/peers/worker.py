"""One engine measured in a process of its own; prints one line of JSON.

worker.py infer ENGINE MODEL.onnx THREADS SECONDS SIZE      ENGINE: a function below; a picture of SIZE x SIZE
worker.py train ARCH SIZE BATCH THREADS SECONDS PRECISION   PyTorch, float or bf16 (autocast), in the better of its two
                                                            memory formats

MODEL.onnx stands for the file of the engine's own format beside it: see prepare.py.
"""

import json
import pathlib
import sys
import time

import numpy as np


def peak_mib():
    # Not getrusage: its peak includes that of the parent process.
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def onnxruntime(model, x, threads):
    import onnxruntime as engine

    options = engine.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = engine.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"input": x})[0]


def openvino(model, x, threads):
    import openvino as engine

    core = engine.Core()
    net = core.read_model(str(model))
    net.reshape(list(x.shape))
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    request = core.compile_model(net, "CPU", settings).create_infer_request()
    return lambda: request.infer({0: x})[0]


def ncnn(model, x, threads):
    import ncnn as engine

    net = engine.Net()
    net.opt.num_threads = threads
    if net.load_param(str(model.with_suffix(".ncnn.param"))) or net.load_model(str(model.with_suffix(".ncnn.bin"))):
        raise RuntimeError("ncnn cannot read its model")
    source, sink = net.input_names()[0], net.output_names()[0]

    def run():
        extractor = net.create_extractor()
        extractor.input(source, engine.Mat(x[0]))
        return np.array(extractor.extract(sink)[1])[None]

    return run


def mnn(model, x, threads):
    import MNN as engine

    net = engine.Interpreter(str(model.with_suffix(".mnn")))
    session = net.createSession({"backend": "CPU", "numThread": threads, "precision": "high"})
    source, sink = net.getSessionInput(session), net.getSessionOutput(session)
    kind, layout = engine.Halide_Type_Float, engine.Tensor_DimensionType_Caffe

    def run():
        source.copyFrom(engine.Tensor(x.shape, kind, x, layout))
        net.runSession(session)
        shape = sink.getShape()
        answer = engine.Tensor(shape, kind, np.zeros(shape, np.float32), layout)
        sink.copyToHostTensor(answer)
        return np.array(answer.getData()).reshape(shape)

    return run


def tract(model, x, threads):
    import tract as engine

    if threads != 1:
        raise RuntimeError("runs on one thread only")
    net = engine.onnx().load(str(model))
    net.set_input_fact(0, ",".join(str(n) for n in x.shape) + ",f32")
    runnable = net.into_model().into_runnable()
    return lambda: runnable.run([x])[0].to_numpy()


def litert(model, x, threads):
    from ai_edge_litert.interpreter import Interpreter

    net = Interpreter(str(model.with_suffix(".tflite")), num_threads=threads)
    net.allocate_tensors()
    source, sink = net.get_input_details()[0]["index"], net.get_output_details()[0]["index"]
    pixels = x.transpose(0, 2, 3, 1).copy()

    def run():
        net.set_tensor(source, pixels)
        net.invoke()
        return net.get_tensor(sink)

    return run


def pytorch(model, x, threads):
    import torch
    import torchvision

    torch.set_num_threads(threads)
    name = model.stem.split("-")[0]
    net = getattr(torchvision.models, name)(weights=None)
    net.load_state_dict(torch.load(model.with_name(f"{name}.pth")))
    net.eval().to(memory_format=torch.channels_last)
    image = torch.from_numpy(x).to(memory_format=torch.channels_last)

    def run():
        with torch.inference_mode():
            return net(image).numpy()

    return run


def infer(engine, model, threads, seconds, size):
    x = np.random.default_rng(1).standard_normal((1, 3, int(size), int(size)), dtype=np.float32)
    before, start = peak_mib(), time.perf_counter()
    run = globals()[engine](pathlib.Path(model), x, int(threads))
    answer = run()
    result = {"load_first_ms": (time.perf_counter() - start) * 1e3, "best_class": int(answer[0].argmax())}
    if float(seconds) > 0:
        run()
        run()
        times, end = [], time.perf_counter() + float(seconds)
        while time.perf_counter() < end or len(times) < 5:
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        result["median_ms"] = float(np.median(times))
    return result | {"peak_mib": peak_mib(), "own_mib": peak_mib() - before}


def train(arch, size, batch, threads, seconds, precision):
    import contextlib
    import gc

    import torch
    import torchvision

    torch.set_num_threads(int(threads))
    size, batch, best = int(size), int(batch), {"images_per_second": 0.0}
    for layout in (torch.channels_last, torch.contiguous_format):
        net = getattr(torchvision.models, arch)(weights=None, num_classes=2).to(memory_format=layout).train()
        optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
        x = torch.randn(batch, 3, size, size).to(memory_format=layout)
        y = torch.randint(0, 2, (batch,))

        def step():
            optimizer.zero_grad()
            narrow = torch.autocast("cpu", dtype=torch.bfloat16) if precision == "bf16" else contextlib.nullcontext()
            with narrow:
                loss = torch.nn.functional.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()

        step()
        steps, start = 0, time.perf_counter()
        while time.perf_counter() - start < float(seconds) or steps < 2:
            step()
            steps += 1
        rate = steps * batch / (time.perf_counter() - start)
        if rate > best["images_per_second"]:
            best = {"images_per_second": rate, "peak_mib": peak_mib()}
        del net, optimizer, x, y
        gc.collect()
        with contextlib.suppress(OSError):  # the peak starts anew
            pathlib.Path("/proc/self/clear_refs").write_text("5")
    return best


print(json.dumps({"infer": infer, "train": train}[sys.argv[1]](*sys.argv[2:])))
