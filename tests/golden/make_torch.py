"""Writes torch_gru.json, torch_model.json and torch_training.json beside itself, from PyTorch in float64."""

import numpy as np
import torch

import common
from common import B, E, H, STEPS, T, V, compare, gradients

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
FRAMEWORK = "PyTorch " + torch.__version__.split("+")[0]


class Model(torch.nn.Module):
    def __init__(self, parameters, num_layers):
        super().__init__()
        self.embedding = torch.nn.Embedding(V, E)
        self.gru = torch.nn.GRU(E, H, num_layers)
        self.output = torch.nn.Linear(H, V)
        self.load_state_dict({name: torch.tensor(value) for name, value in parameters.items()})

    def forward(self, tokens, h0=None):
        out, h_n = self.gru(self.embedding(tokens), h0)
        return self.output(out), h_n


def cross_entropy(logits, targets):
    return torch.nn.functional.cross_entropy(logits.reshape(-1, V), targets.reshape(-1))


def values(named):
    return {name: value.detach().numpy().copy() for name, value in named}


def grads(named):
    return {name: value.grad.numpy().copy() for name, value in named}


def gru_case(num_layers):
    rng = np.random.default_rng(100 + num_layers)
    parameters = common.gru_parameters(rng, num_layers)
    given = {"x": common.uniform(rng, T, B, E), "h0": common.uniform(rng, num_layers, B, H)}
    dout, dh_n = common.uniform(rng, T, B, H), common.uniform(rng, num_layers, B, H)

    gru = torch.nn.GRU(E, H, num_layers)
    gru.load_state_dict({name: torch.tensor(value) for name, value in parameters.items()})
    x, h0 = (torch.tensor(value, requires_grad=True) for value in given.values())
    out, h_n = gru(x, h0)
    torch.autograd.backward([out, h_n], [torch.tensor(dout), torch.tensor(dh_n)])
    result = values([("out", out), ("h_n", h_n)])
    d = gradients(grads([("x", x), ("h0", h0), *gru.named_parameters()]))

    def numpy_gru(p):
        return common.gru(p["x"], p["h0"], p, reset_after=True)

    def projected(p):
        out, h_n = numpy_gru(p)
        return (out * dout).sum(axis=(1, 2, 3)) + (h_n * dh_n).sum(axis=(1, 2, 3))

    everything = {**given, **parameters}
    out, h_n = numpy_gru(common.once(everything))
    compare(f"GRU, {num_layers} layers, outputs", result, {"out": out[0], "h_n": h_n[0]})
    compare(f"GRU, {num_layers} layers, gradients", d, gradients(common.complex_step(projected, everything)))
    return {
        "settings": common.sizes(num_layers, True),
        "tensors": {**everything, **result, "dout": dout, "dh_n": dh_n, **d},
    }


def model_case(num_layers=2):
    rng = np.random.default_rng(200)
    parameters = common.model_parameters(rng, num_layers)
    tokens, targets = rng.integers(V, size=(2, T, B))

    model = Model(parameters, num_layers)
    logits, h_n = model(torch.tensor(tokens))
    loss = cross_entropy(logits, torch.tensor(targets))
    loss.backward()
    result = values([("logits", logits), ("h_n", h_n), ("loss", loss[None])])
    d = gradients(grads(model.named_parameters()))

    h0 = np.zeros((1, num_layers, B, H))

    def numpy_loss(p):
        return common.cross_entropy(common.model(p, tokens, h0, True)[0], targets)

    compare("model, loss", result, {"loss": numpy_loss(common.once(parameters))})
    compare("model, gradients", d, gradients(common.complex_step(numpy_loss, parameters)))
    return {
        "settings": common.sizes(num_layers, True),
        "tensors": {"tokens": tokens, "targets": targets, **parameters, **result, **d},
    }


CLIP_NORM = 1.0
OPTIMIZERS = {
    "sgd": {"learning_rate": 0.1, "momentum": 0.9},
    "adam": {"learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
    "rmsprop": {"learning_rate": 0.01, "alpha": 0.99, "epsilon": 1e-8},
}


def torch_optimizer(name, parameters):
    o = OPTIMIZERS[name]
    if name == "sgd":
        return torch.optim.SGD(parameters, o["learning_rate"], momentum=o["momentum"])
    if name == "adam":
        return torch.optim.Adam(
            parameters, o["learning_rate"], betas=(o["beta_1"], o["beta_2"]), eps=o["epsilon"]
        )
    return torch.optim.RMSprop(parameters, o["learning_rate"], alpha=o["alpha"], eps=o["epsilon"])


def numpy_update(name):
    """The optimizers' equations, with their state."""
    options = OPTIMIZERS[name]
    m, v = {}, {}

    def update(step, parameters, d):
        norm = np.sqrt(sum((g**2).sum() for g in d.values()))
        result = {}
        for key, p in parameters.items():
            g = d[key] * min(1.0, CLIP_NORM / (norm + 1e-6))
            if name == "sgd":
                m[key] = options["momentum"] * m.get(key, 0) + g
                change = m[key]
            elif name == "adam":
                beta1, beta2 = options["beta_1"], options["beta_2"]
                m[key] = beta1 * m.get(key, 0) + (1 - beta1) * g
                v[key] = beta2 * v.get(key, 0) + (1 - beta2) * g**2
                m_hat, v_hat = m[key] / (1 - beta1 ** (step + 1)), v[key] / (1 - beta2 ** (step + 1))
                change = m_hat / (np.sqrt(v_hat) + options["epsilon"])
            else:
                v[key] = options["alpha"] * v.get(key, 0) + (1 - options["alpha"]) * g**2
                change = g / (np.sqrt(v[key]) + options["epsilon"])
            result[key] = p - options["learning_rate"] * change
        return result

    return update


def training_cases(num_layers=2):
    rng = np.random.default_rng(300)
    # So large that some gradients are clipped and some not.
    parameters = common.model_parameters(rng, num_layers, scale=1.7)
    stream = common.token_stream(rng)
    cases = {
        "start": {"settings": common.sizes(num_layers, True), "tensors": {"stream": stream, **parameters}}
    }
    for name, options in OPTIMIZERS.items():
        model = Model(parameters, num_layers)
        optimizer = torch_optimizer(name, model.parameters())
        h = torch.zeros(num_layers, B, H)
        losses, norms = [], []
        for step in range(STEPS):
            tokens, targets = (torch.tensor(part) for part in common.chunk(stream, step))
            optimizer.zero_grad()
            logits, h = model(tokens, h.detach())
            loss = cross_entropy(logits, targets)
            loss.backward()
            norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM).item())
            optimizer.step()
            losses.append(loss.item())
        result = {"losses": np.array(losses), **values(model.named_parameters())}

        losses, final = common.train(parameters, stream, num_layers, True, numpy_update(name))
        compare(f"training with {name}, losses and final parameters", result, {"losses": losses, **final})
        clipped = sum(norm > CLIP_NORM for norm in norms)
        print(f"    loss {losses[0]:.3f} to {losses[-1]:.3f}; {clipped} of {STEPS} gradients clipped")
        if not 0 < clipped < STEPS:
            raise SystemExit("the clipping is not tested: choose another scale of the parameters")
        if name != "adam":
            result = {"losses": result["losses"]}
        cases[name] = {
            "settings": {"optimizer": name, **options, "clip_norm": CLIP_NORM, "steps": STEPS},
            "tensors": {"gradient_norms": np.array(norms), **result},
        }
    return cases


common.write_golden("torch_gru.json", FRAMEWORK, {"one_layer": gru_case(1), "two_layers": gru_case(2)})
common.write_golden("torch_model.json", FRAMEWORK, {"model": model_case()})
common.write_golden("torch_training.json", FRAMEWORK, training_cases())
