#!/usr/bin/env python3
"""Weights from and to PyTorch, Keras, ONNX Runtime and RTNeural, each with the program itself: the largest difference of
logits, relative to their range. The promise is 2e-5.

    cmake --build BUILD --target gruve_program logits
    python3 tests/long/interchange.py BUILD/gruve BUILD/tests/logits [RTNEURAL]

RTNEURAL is a checkout of RTNeural, which is compiled with Eigen (c++ and Eigen in /usr/include/eigen3 or $EIGEN). Needs
torch, keras, onnx, onnxruntime, onnxscript, safetensors and numpy. A few minutes.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

os.environ["KERAS_BACKEND"] = "torch"
warnings.filterwarnings("ignore")

import keras
import numpy as np
import onnxruntime
import safetensors
import safetensors.torch
import torch

PROMISE = 2e-5
ROOT = pathlib.Path(__file__).resolve().parents[2]
gruve, logits_program = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
rtneural = pathlib.Path(sys.argv[3]).resolve() if len(sys.argv) > 3 else None
here = pathlib.Path(tempfile.mkdtemp(prefix="gruve-interchange-"))
V, E, H, T = 100, 32, 64, 200
TOKENS = np.random.default_rng(3).integers(V, size=T)
TEXT = " ".join(map(str, TOKENS))
worst = {}


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=here)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def rows(text):
    return np.array([[float(number) for number in line.split()] for line in text.splitlines()])


def logits_of(model):
    return rows(run(logits_program, model, text=TEXT))


def imported(file):
    run(gruve, "import", file, "--out", "imported.safetensors")
    return logits_of("imported.safetensors")


def compare(framework, way, ours, theirs):
    difference = float(np.abs(ours - theirs).max() / np.ptp(theirs))
    worst[framework] = max(worst.get(framework, 0), difference)
    print(f"{framework:13} {way:52} {difference:.1e}", flush=True)


class Model(torch.nn.Module):
    def __init__(self, num_layers=1, bias=True, batch_first=False, scale=1.0):
        super().__init__()
        self.embedding = torch.nn.Embedding(V, E)
        self.gru = torch.nn.GRU(E, H, num_layers, bias=bias, batch_first=batch_first)
        self.output = torch.nn.Linear(H, V, bias=bias)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter *= scale
        self.eval()

    def forward(self, tokens, state):
        out, state = self.gru(self.embedding(tokens), state)
        return self.output(out), state


def torch_logits(model):
    axis = 0 if model.gru.batch_first else 1
    tokens = torch.tensor(TOKENS).unsqueeze(axis)
    with torch.no_grad():
        return model(tokens, torch.zeros(model.gru.num_layers, 1, H))[0].squeeze(axis).float().numpy()


def save(model, name="state_dict.safetensors", dtype=torch.float32, prefix=""):
    arrays = {prefix + key: value.to(dtype).contiguous() for key, value in model.state_dict().items()}
    safetensors.torch.save_file(arrays, here / name)
    return name


def of_pytorch():
    for layers in (1, 2, 3):
        for bias in (True, False):
            model = Model(layers, bias)
            compare("PyTorch", f"state_dict -> gruve, {layers} layers{'' if bias else ', no biases'}",
                    imported(save(model)), torch_logits(model))
    model = Model(2, scale=3)
    compare("PyTorch", "state_dict -> gruve, weights times 3", imported(save(model)), torch_logits(model))
    for dtype in (torch.float16, torch.bfloat16):
        rounded = Model(2)
        rounded.load_state_dict({key: value.to(dtype).float() for key, value in rounded.state_dict().items()})
        compare("PyTorch", f"state_dict of {dtype} -> gruve", imported(save(rounded, dtype=dtype, prefix="module.")),
                torch_logits(rounded))
    run(gruve, "import", save(Model(2)), "--out", "model.safetensors")
    back = Model(2)
    back.load_state_dict(safetensors.torch.load_file(here / "model.safetensors"))
    compare("PyTorch", "gruve -> load_state_dict", logits_of("model.safetensors"), torch_logits(back))
    # Trained further: saved with the old metadata, and without any.
    with torch.no_grad():
        for parameter in back.parameters():
            parameter += 0.01 * torch.randn_like(parameter)
    with safetensors.safe_open(here / "model.safetensors", "pt") as file:
        safetensors.torch.save_file(back.state_dict(), here / "stale.safetensors", file.metadata())
    compare("PyTorch", "saved again with the old metadata -> gruve", imported("stale.safetensors"), torch_logits(back))
    compare("PyTorch", "saved again without metadata -> gruve", imported(save(back)), torch_logits(back))


def onnx_logits(file, layers, batch_axis=1):
    session = onnxruntime.InferenceSession(here / file)
    names = [each.name for each in session.get_inputs()]
    tokens = np.expand_dims(TOKENS, batch_axis).astype(np.int64)
    values = (tokens, np.zeros((layers, 1, H), np.float32))
    return session.run(None, dict(zip(names, values)))[0].squeeze(batch_axis)


def stepped_onnx_logits(file, layers):
    session = onnxruntime.InferenceSession(here / file)
    state, result = np.zeros((layers, 1, H), np.float32), []
    for token in TOKENS:
        logits, state = session.run(["logits", "state_out"], {"tokens": np.array([[token]]), "state_in": state})
        result.append(logits[0, 0])
    return np.array(result)


def of_onnx():
    for is_dynamo in (False, True):
        for layers, batch_first, bias in ((1, False, True), (2, True, True), (2, False, False)):
            model = Model(layers, bias, batch_first)
            axis = 0 if batch_first else 1
            arguments = (torch.tensor(TOKENS).unsqueeze(axis), torch.zeros(layers, 1, H))
            torch.onnx.export(model, arguments, here / "torch.onnx", dynamo=is_dynamo, verbose=False,
                              input_names=["tokens", "state"], output_names=["logits", "state_out"])
            compare("ONNX Runtime", f"torch.onnx ({'dynamo' if is_dynamo else 'script'}, {layers} layers"
                    f"{', batch first' if batch_first else ''}{'' if bias else ', no biases'}) -> gruve",
                    imported("torch.onnx"), onnx_logits("torch.onnx", layers, axis))
    for layers in (1, 3):
        run(gruve, "import", save(Model(layers)), "--out", "model.safetensors")
        run(gruve, "export", "model.safetensors", "--onnx", "model.onnx")
        ours = logits_of("model.safetensors")
        compare("ONNX Runtime", f"gruve -> all at once, {layers} layers", ours, onnx_logits("model.onnx", layers))
        compare("ONNX Runtime", f"gruve -> token by token, {layers} layers", ours,
                stepped_onnx_logits("model.onnx", layers))
        compare("ONNX Runtime", f"gruve -> gruve, {layers} layers", imported("model.onnx"),
                onnx_logits("model.onnx", layers))


def keras_model(reset_after, layers=2):
    grus = [keras.layers.GRU(H, return_sequences=True, reset_after=reset_after, bias_initializer="random_normal")
            for _ in range(layers)]
    return keras.Sequential([keras.Input((None,), dtype="int32"), keras.layers.Embedding(V, E), *grus,
                             keras.layers.Dense(V, bias_initializer="random_normal")])


def keras_logits(model):
    return keras.ops.convert_to_numpy(model(TOKENS[None]))[0]


def of_keras():
    tool = ROOT / "tools" / "keras_to_safetensors.py"
    for reset_after in (True, False):
        for ending in ("keras", "h5"):
            model = keras_model(reset_after)
            model.save(here / f"model.{ending}")
            run(sys.executable, tool, f"model.{ending}", "keras.safetensors")
            compare("Keras", f".{ending}, reset_after={reset_after} -> gruve", imported("keras.safetensors"),
                    keras_logits(model))
        run(sys.executable, tool, "imported.safetensors", "back.keras")
        back = keras.models.load_model(here / "back.keras")
        compare("Keras", f"gruve -> .keras, reset_after={reset_after}", logits_of("imported.safetensors"),
                keras_logits(back))
        run(gruve, "export", "imported.safetensors", "--onnx", "model.onnx")
        compare("ONNX Runtime", f"gruve -> reset_after={reset_after}", logits_of("imported.safetensors"),
                onnx_logits("model.onnx", 2))


def of_rtneural():
    eigen = os.environ.get("EIGEN", "/usr/include/eigen3")
    run(os.environ.get("CXX", "c++"), "-std=c++17", "-O1", "-DRTNEURAL_USE_EIGEN=1", "-DRTNEURAL_DEFAULT_ALIGNMENT=16",
        f"-I{rtneural}", "-isystem", eigen, ROOT / "tests/long/rtneural_outputs.cpp", rtneural / "RTNeural/RTNeural.cpp",
        "-o", "rtneural_outputs")
    for layers in (1, 3):
        run(gruve, "import", save(Model(layers)), "--out", "model.safetensors")
        run(gruve, "export", "model.safetensors", "--rtneural", "model.json")
        theirs = rows(run("./rtneural_outputs", "model.json", str(V), text=TEXT))
        compare("RTNeural", f"gruve -> RTNeural, {layers} layers", logits_of("model.safetensors"), theirs)
        compare("RTNeural", f"its JSON -> gruve, {layers} layers", imported("model.json"), theirs)


keras.utils.set_random_seed(1)
of_pytorch()
of_onnx()
of_keras()
if rtneural is None:
    print("RTNeural: skipped, no checkout was given")
else:
    of_rtneural()
for framework, difference in worst.items():
    print(f"largest of {framework}: {difference:.1e} of the range, {'kept' if difference <= PROMISE else 'BROKEN'}")
sys.exit(any(difference > PROMISE for difference in worst.values()))
