"""Converts a Keras model of Embedding, GRU layers and Dense to safetensors that `gruve import` reads, and a model file
of gruve to Keras.

    python3 tools/keras_to_safetensors.py model.keras out.safetensors     # or model.h5; then: gruve import
    python3 tools/keras_to_safetensors.py model.safetensors out.keras

Needs keras (3 or later, with any backend), numpy and safetensors. docs/interchange.md has the equations.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import safetensors
import safetensors.numpy


def fail(reason):
    sys.exit(f"keras_to_safetensors: {reason}")


def exchanged(rows):
    """Rows [3H, ...] in the order z, r, n become r, z, n, and the other way round."""
    first, second, third = np.split(rows, 3)
    return np.concatenate([second, first, third])


def is_activation(layer, attribute, name):
    return keras.activations.serialize(getattr(layer, attribute)) == name


def check_gru(layer):
    if not is_activation(layer, "activation", "tanh") or not is_activation(layer, "recurrent_activation", "sigmoid"):
        fail(f"the layer {layer.name} has other activations than tanh and sigmoid")
    if layer.go_backwards:
        fail(f"the layer {layer.name} reads backwards")


def network_layers(model):
    """The embedding, the GRU layers and the dense layer of a model. Stops on any other that computes something."""
    embeddings, grus, dense = [], [], []
    for layer in model.layers:
        inner = layer.layer if isinstance(layer, keras.layers.TimeDistributed) else layer
        if isinstance(inner, keras.layers.Embedding):
            embeddings.append(inner)
            if inner.mask_zero:
                fail(f"the layer {layer.name} has mask_zero: timesteps of token 0 would be skipped")
        elif isinstance(inner, keras.layers.GRU):
            check_gru(inner)
            grus.append(inner)
        elif isinstance(inner, keras.layers.Dense):
            dense.append(inner)
            if is_activation(inner, "activation", "softmax"):
                print(f"the softmax of {layer.name} is left out: logits do without it")
            elif not is_activation(inner, "activation", "linear"):
                fail(f"the layer {layer.name} has an activation")
        elif not isinstance(inner, (keras.layers.InputLayer, keras.layers.Dropout, keras.layers.SpatialDropout1D)):
            fail(f"the layer {layer.name} is a {type(layer).__name__}, expected Embedding, GRU, Dense or Dropout")
    if len(embeddings) != 1 or not grus or len(dense) != 1:
        fail(f"the model has {len(embeddings)} Embedding, {len(grus)} GRU and {len(dense)} Dense layers, expected one, "
             "at least one and one")
    if len({layer.reset_after for layer in grus}) != 1:
        fail("the GRU layers differ in reset_after")
    return embeddings[0], grus, dense[0]


def from_keras(source, target):
    embedding, grus, dense = network_layers(keras.models.load_model(source, compile=False))
    arrays = {"embedding.weight": embedding.get_weights()[0]}
    for number, layer in enumerate(grus):
        kernel, recurrent, *bias = layer.get_weights()
        bias = bias[0] if bias else np.zeros(kernel.shape[1])
        bias_ih, bias_hh = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
        arrays |= {
            f"gru.weight_ih_l{number}": exchanged(kernel.T),
            f"gru.weight_hh_l{number}": exchanged(recurrent.T),
            f"gru.bias_ih_l{number}": exchanged(bias_ih),
            f"gru.bias_hh_l{number}": exchanged(bias_hh),
        }
    weights = dense.get_weights()
    arrays["output.weight"] = weights[0].T
    arrays["output.bias"] = weights[1] if len(weights) > 1 else np.zeros(weights[0].shape[1])
    arrays = {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in arrays.items()}
    safetensors.numpy.save_file(arrays, target, {"gruve.config": json.dumps({"reset_after": bool(grus[0].reset_after)})})


def to_keras(source, target):
    with safetensors.safe_open(source, "np") as file:
        metadata = file.metadata() or {}
        try:
            arrays = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}
        except (TypeError, ValueError, safetensors.SafetensorError) as error:
            fail(f"{source}: {error}; gruve convert --precision fp32 writes float32")
    config = json.loads(metadata.get("gruve.config", "{}"))
    if any(name.endswith(".scale") for name in arrays):
        fail(f"{source} has weights in 8 bits; gruve convert --precision fp32 writes float32")
    if config.get("features"):
        fail(f"{source} has the features {config['features']!r}: the input of a Keras model is the last token alone")
    if "initial_state" in arrays:
        fail(f"{source} begins in a state that it has learnt, a Keras layer in zeros")
    missing = {"embedding.weight", "gru.weight_ih_l0", "output.weight", "output.bias"} - arrays.keys()
    if missing:
        fail(f"{source} lacks {', '.join(sorted(missing))}: is it a model file of gruve?")
    reset_after = config.get("reset_after", True)
    V, E = arrays["embedding.weight"].shape
    H = arrays["gru.weight_hh_l0"].shape[1]
    L = sum(name.startswith("gru.weight_ih_l") for name in arrays)
    grus = [keras.layers.GRU(H, reset_after=reset_after, return_sequences=True) for _ in range(L)]
    embedding, dense = keras.layers.Embedding(V, E), keras.layers.Dense(V)
    model = keras.Sequential([keras.Input((None,), dtype="int32"), embedding, *grus, dense])
    embedding.set_weights([arrays["embedding.weight"]])
    for number, layer in enumerate(grus):
        of = {name: exchanged(arrays[f"gru.{name}_l{number}"]) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        # With one bias its place is the sum: in both variants of the other gates, and here in n as well.
        bias = np.stack([of["bias_ih"], of["bias_hh"]]) if reset_after else of["bias_ih"] + of["bias_hh"]
        layer.set_weights([of["weight_ih"].T, of["weight_hh"].T, bias])
    dense.set_weights([arrays["output.weight"].T, arrays["output.bias"]])
    model.save(target)


def main():
    if len(sys.argv) != 3:
        fail("give the file to read and the file to write")
    source, target = sys.argv[1:]
    if not os.path.exists(source):
        fail(f"{source} does not exist")
    if target.endswith(".safetensors"):
        from_keras(source, target)
    elif target.endswith((".keras", ".h5")):
        to_keras(source, target)
    else:
        fail(f"{target} ends neither in .safetensors nor in .keras or .h5")


if __name__ == "__main__":
    main()
