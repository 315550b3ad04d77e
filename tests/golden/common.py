"""What make_torch.py and make_keras.py share: the file format, the random numbers, and an independent check.

The check is a GRU in plain numpy that knows no backward pass: gradients come from the complex step,
f'(x) = Im f(x + ih) / h with h = 1e-50. Every array in it has one more axis in front, over which the step's
variations of one tensor run side by side; it has length 1 for all the others.
"""

import json
import pathlib

import numpy as np

V, E, H, B, T = 11, 5, 7, 3, 6  # vocabulary, embedding, hidden, sequences, timesteps
STEPS = 20  # of a training run

TOLERANCE = 1e-12  # of a tensor's norm: framework against numpy, both in float64


# Values.


def uniform(rng, *shape, scale=0.8):
    """Numbers in ±scale with four decimals, so that the file is short and its text the very value."""
    return np.round(rng.uniform(-scale, scale, shape), 4)


def gru_parameters(rng, num_layers, prefix="", scale=0.8):
    """Parameters by PyTorch's names; rows in the order r, z, n."""
    parameters = {}
    for layer in range(num_layers):
        parameters[f"{prefix}weight_ih_l{layer}"] = uniform(rng, 3 * H, E if layer == 0 else H, scale=scale)
        parameters[f"{prefix}weight_hh_l{layer}"] = uniform(rng, 3 * H, H, scale=scale)
        parameters[f"{prefix}bias_ih_l{layer}"] = uniform(rng, 3 * H, scale=scale)
        parameters[f"{prefix}bias_hh_l{layer}"] = uniform(rng, 3 * H, scale=scale)
    return parameters


def model_parameters(rng, num_layers, scale=0.8):
    return {
        "embedding.weight": uniform(rng, V, E, scale=scale),
        **gru_parameters(rng, num_layers, "gru.", scale),
        "output.weight": uniform(rng, V, H, scale=scale),
        "output.bias": uniform(rng, V, scale=scale),
    }


def token_stream(rng):
    """[B, STEPS · T + 1] tokens: three up, one time in four anywhere: something to learn, and noise."""
    tokens = rng.integers(V, size=(B, STEPS * T + 1))
    for t in range(1, tokens.shape[1]):
        tokens[:, t] = np.where(rng.random(B) < 0.75, (tokens[:, t - 1] + 3) % V, tokens[:, t])
    return tokens


def chunk(stream, step):
    """Inputs and targets [T, B] of a training step."""
    part = stream[:, step * T : (step + 1) * T + 1].T
    return part[:-1], part[1:]


def sizes(num_layers, reset_after):
    return {
        "vocab_size": V, "embedding_size": E, "hidden_size": H, "num_layers": num_layers,
        "batch_size": B, "seq_len": T, "reset_after": reset_after,
    }  # fmt: skip


# The file.


def write_golden(name, framework, cases):
    """cases: {case: {"settings": {…}, "tensors": {name: array}}}; one row of a tensor is one line."""

    def tensor(array):
        array = np.asarray(array)
        rows = array.reshape(-1, array.shape[-1]).tolist()
        lines = ",\n        ".join(", ".join(json.dumps(value) for value in row) for row in rows)
        return f'{{"shape": {json.dumps(list(array.shape))}, "values": [\n        {lines}]}}'

    def case(content):
        tensors = ",\n      ".join(f'"{key}": {tensor(value)}' for key, value in content["tensors"].items())
        return (
            f'{{\n      "settings": {json.dumps(content["settings"])},\n'
            f'      "tensors": {{\n      {tensors}\n      }}\n    }}'
        )

    body = ",\n    ".join(f'"{key}": {case(content)}' for key, content in cases.items())
    text = f'{{\n  "framework": "{framework}",\n  "dtype": "float64",\n  "cases": {{\n    {body}\n  }}\n}}\n'
    json.loads(text)
    path = pathlib.Path(__file__).with_name(name)
    path.write_text(text)
    print(f"{name}: {len(text)} bytes")


def gradients(tensors):
    """Gradients go by their tensor's name with a d in front."""
    return {"d" + name: value for name, value in tensors.items()}


# The independent check.


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru(x, h0, parameters, reset_after):
    """x [·, T, B, E], h0 [·, L, B, H] → states of the last layer [·, T, B, H] and h_n [·, L, B, H]."""
    last = []
    for layer in range(h0.shape[1]):
        w_ih, w_hh, b_ih, b_hh = (
            parameters[f"{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        W_ir, W_iz, W_in = np.split(w_ih.swapaxes(1, 2), 3, axis=2)
        W_hr, W_hz, W_hn = np.split(w_hh.swapaxes(1, 2), 3, axis=2)
        b_ir, b_iz, b_in = np.split(b_ih[:, None, :], 3, axis=2)
        b_hr, b_hz, b_hn = np.split(b_hh[:, None, :], 3, axis=2)
        h = h0[:, layer]
        states = []
        for t in range(x.shape[1]):
            r = sigmoid(x[:, t] @ W_ir + b_ir + h @ W_hr + b_hr)
            z = sigmoid(x[:, t] @ W_iz + b_iz + h @ W_hz + b_hz)
            recurrent = r * (h @ W_hn + b_hn) if reset_after else (r * h) @ W_hn + b_hn
            n = np.tanh(x[:, t] @ W_in + b_in + recurrent)
            h = (1 - z) * n + z * h
            states.append(h)
        x = np.stack(states, axis=1)
        last.append(h)
    return x, np.stack(np.broadcast_arrays(*last), axis=1)


def model(parameters, tokens, h0, reset_after):
    """tokens [T, B] → logits [·, T, B, V] and h_n."""
    inner = {name[4:]: value for name, value in parameters.items() if name.startswith("gru.")}
    out, h_n = gru(parameters["embedding.weight"][:, tokens], h0, inner, reset_after)
    logits = (
        out @ parameters["output.weight"].swapaxes(1, 2)[:, None]
        + parameters["output.bias"][:, None, None, :]
    )
    return logits, h_n


def cross_entropy(logits, targets):
    """Mean over tokens, in nats: [·]."""
    logits = logits - logits.real.max(axis=-1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    t, b = np.indices(targets.shape)
    return -log_p[:, t, b, targets].mean(axis=(1, 2))


def once(tensors):
    return {name: value[None] for name, value in tensors.items()}


def complex_step(f, tensors):
    """Gradients of the scalar f for every tensor."""
    result = {}
    for name, value in tensors.items():
        varied = value[None] + 1e-50j * np.eye(value.size).reshape(value.size, *value.shape)
        result[name] = (f({**once(tensors), name: varied}).imag / 1e-50).reshape(value.shape)
    return result


def compare(label, theirs, ours):
    """Stops unless all of a framework's tensors agree with numpy's."""
    worst = max(
        np.linalg.norm(np.asarray(theirs[name]) - value) / max(np.linalg.norm(value), 1e-300)
        for name, value in ours.items()
    )
    print(f"  {label}: {len(ours)} tensors agree with numpy to {worst:.1e}")
    if not worst < TOLERANCE:
        raise SystemExit(f"{label}: differs from numpy by {worst:.1e} of the norm, more than {TOLERANCE:.0e}")


def train(parameters, stream, num_layers, reset_after, update):
    """Losses and final parameters of truncated backpropagation, with update(step, parameters, gradients)."""
    h0 = np.zeros((1, num_layers, B, H))
    losses = []
    for step in range(STEPS):
        tokens, targets = chunk(stream, step)
        logits, h_n = model(once(parameters), tokens, h0, reset_after)
        losses.append(cross_entropy(logits, targets)[0])
        d = complex_step(lambda p: cross_entropy(model(p, tokens, h0, reset_after)[0], targets), parameters)
        parameters = update(step, parameters, d)
        h0 = h_n
    return np.array(losses), parameters
