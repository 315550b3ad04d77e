"""Writes interchange.json and the files of interchange/ beside itself: what PyTorch, Keras and ONNX Runtime write, read and
compute. Logits are those of float64 with the weights of the file, which are float32 or shorter.

    python tests/golden/make_interchange.py GRUVE      (the program)
"""

import json
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
import onnx
import onnxruntime
import safetensors.torch
import torch

HERE = pathlib.Path(__file__).resolve().parent
FILES = HERE / "interchange"
TOOL = HERE.parents[1] / "tools" / "keras_to_safetensors.py"
V, E, H, L = 11, 5, 7, 2
TOKENS = np.random.default_rng(5).integers(V, size=12)
GRUVE = pathlib.Path(sys.argv[1]).resolve()
TOLERANCE = 1e-5  # of the logits' range: float32 against float64


class Model(torch.nn.Module):
    def __init__(self, embedding_size=E, num_layers=L, bias=True, tied=False):
        super().__init__()
        self.encoder = torch.nn.Embedding(V, embedding_size)
        self.rnn = torch.nn.GRU(embedding_size, H, num_layers, bias=bias)
        self.decoder = torch.nn.Linear(H, V, bias=bias)
        if tied:
            self.decoder.weight = self.encoder.weight

    def forward(self, tokens, state):
        out, state = self.rnn(self.encoder(tokens), state)
        return self.decoder(out), state


cases = {}


def keep(name, logits, **settings):
    logits = np.asarray(logits, dtype=np.float64).reshape(len(TOKENS), V)
    cases[name] = {
        "settings": {"V": V, "E": E, "H": H, "L": L, **settings},
        "tensors": {
            "tokens": {"shape": [len(TOKENS)], "values": [float(token) for token in TOKENS]},
            "logits": {"shape": list(logits.shape), "values": [float(f"{x:.9g}") for x in logits.ravel()]},
        },
    }
    return logits


def state_of(model):
    return torch.zeros(model.rnn.num_layers, 1, H)


def truth(model, dtype=torch.float32):
    """The logits of a copy whose weights are those of `dtype`, in float64."""
    exact = Model(model.encoder.embedding_dim, model.rnn.num_layers, model.rnn.bias).double()
    exact.load_state_dict({name: value.to(dtype).double() for name, value in model.state_dict().items()})
    return exact(torch.tensor(TOKENS)[:, None], state_of(model).double())[0].detach().numpy()


def save(name, arrays):
    safetensors.torch.save_file({key: value.contiguous() for key, value in arrays.items()}, FILES / f"{name}.safetensors")


def torch_files():
    torch.manual_seed(1)
    model = Model().eval()
    named = {f"_orig_mod.module.{name}": value for name, value in model.state_dict().items()}
    save("torch", named | {"_orig_mod.module.norm.weight": torch.ones(3)})
    keep("torch", truth(model))
    for name, dtype in (("f16", torch.float16), ("bf16", torch.bfloat16)):
        save(f"torch_{name}", {key: value.to(dtype) for key, value in named.items()})
        keep(f"torch_{name}", truth(model, dtype))
    plain = Model(num_layers=1, bias=False)
    save("torch_no_bias", plain.state_dict())
    keep("torch_no_bias", truth(plain), L=1)
    tied = Model(embedding_size=H, num_layers=1, tied=True)
    save("torch_tied", {name: value for name, value in tied.state_dict().items() if name != "decoder.weight"})
    keep("torch_tied", truth(tied), E=H, L=1)
    return model


def strip(path):
    """Removes what an exporter says of the machine that it ran on."""
    model = onnx.load(path, load_external_data=False)
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    model.doc_string = model.graph.doc_string = ""
    for part in (*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    path.write_bytes(model.SerializeToString(deterministic=True))


def run_onnx(path, num_layers=L):
    session = onnxruntime.InferenceSession(path)
    names = [each.name for each in session.get_inputs()]
    inputs = (TOKENS[:, None].astype(np.int64), np.zeros((num_layers, 1, H), np.float32))
    return session.run(None, dict(zip(names, inputs)))[0][:, 0]


def require_near(what, logits, exact):
    difference = np.abs(logits - exact).max() / np.ptp(exact)
    print(f"{what}: {difference:.1e} of the range")
    if not difference <= TOLERANCE:
        sys.exit(f"{what} is too far")


def torch_onnx(model):
    arguments = (torch.tensor(TOKENS)[:, None], state_of(model))
    names = {"input_names": ["tokens", "state"], "output_names": ["logits", "state_out"]}
    for name, is_dynamo in (("torch_script", False), ("torch_dynamo", True)):
        path = FILES / f"{name}.onnx"
        torch.onnx.export(model, arguments, path, dynamo=is_dynamo, **names)
        strip(path)
        require_near(name, run_onnx(path), truth(model)[:, 0])


def keras_model(reset_after):
    keras.utils.set_random_seed(2)
    grus = [keras.layers.GRU(H, return_sequences=True, reset_after=reset_after, bias_initializer="random_normal")
            for _ in range(L)]
    return keras.Sequential([keras.Input((None,), dtype="int32"), keras.layers.Embedding(V, E), *grus,
                             keras.layers.Dense(V, bias_initializer="random_normal")])


def keras_files():
    for reset_after, name in ((True, "keras_after"), (False, "keras_before")):
        model = keras_model(reset_after)
        with tempfile.TemporaryDirectory() as folder:
            model.save(f"{folder}/model.keras")
            subprocess.run([sys.executable, TOOL, f"{folder}/model.keras", FILES / f"{name}.safetensors"], check=True)
        keep(name, keras.ops.convert_to_numpy(model(TOKENS[None])))
        if reset_after:
            rtneural_file(model)


def rtneural_file(model):
    """The JSON that RTNeural's Python scripts write of Keras layers: type, activation, shape and get_weights()."""
    def lists(arrays):
        return [np.round(array.astype(np.float64), 9).tolist() for array in arrays]

    embedding, *grus, dense = model.layers
    kernel = embedding.get_weights()[0]
    layers = [{"type": "dense", "activation": "", "shape": [None, None, E], "weights": lists([kernel, np.zeros(E)])}]
    layers += [{"type": "gru", "activation": "tanh", "shape": [None, None, H], "weights": lists(gru.get_weights())}
               for gru in grus]
    layers.append({"type": "time-distributed-dense", "activation": "", "shape": [None, None, V],
                   "weights": lists(dense.get_weights())})
    (FILES / "keras.json").write_text(json.dumps({"in_shape": [None, None, V], "layers": layers}))
    # The same without an embedding: its product with the first kernel is the kernel of a one-hot input.
    first = grus[0].get_weights()
    layers[1]["weights"] = lists([kernel @ first[0], *first[1:]])
    (FILES / "keras_one_hot.json").write_text(json.dumps({"in_shape": [None, None, V], "layers": layers[1:]}))


def gruve_files(model):
    """What gruve writes, which the tests compare byte by byte: here ONNX Runtime computes with it."""
    for source, name in (("torch", "gruve"), ("keras_before", "gruve_before")):
        with tempfile.TemporaryDirectory() as folder:
            imported = f"{folder}/model.safetensors"
            subprocess.run([GRUVE, "import", FILES / f"{source}.safetensors", "--out", imported], check=True)
            onnx_file = FILES / f"{name}.onnx"
            subprocess.run([GRUVE, "export", imported, "--onnx", onnx_file], check=True)
            if source == "torch":
                subprocess.run([GRUVE, "export", imported, "--rtneural", FILES / "gruve.json"], check=True)
        onnx.checker.check_model(onnx_file, full_check=True)
        exact = np.array(cases[source]["tensors"]["logits"]["values"]).reshape(-1, V)
        require_near(name + ".onnx in ONNX Runtime", run_onnx(onnx_file), exact)


FILES.mkdir(exist_ok=True)
trained = torch_files()
torch_onnx(trained)
keras_files()
gruve_files(trained)
framework = f"PyTorch {torch.__version__.split('+')[0]}, Keras {keras.__version__}, ONNX Runtime {onnxruntime.__version__}"
text = json.dumps({"framework": framework, "cases": cases}, separators=(",", ":"))
(HERE / "interchange.json").write_text(text.replace('"cases":{', '"cases":{\n').replace('}}},"', '}}},\n"') + "\n")
