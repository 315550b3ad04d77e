"""Writes keras_gru.json and keras_training.json beside itself, from Keras on TensorFlow in float64."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import numpy as np
import tensorflow as tf

import common
from common import B, E, H, STEPS, T, V, compare, gradients

keras.config.set_floatx("float64")
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
FRAMEWORK = f"Keras {keras.__version__} on TensorFlow {tf.__version__}"


# Keras multiplies from the right and orders the gates z, r, n (its "h"): kernel [E, 3H],
# recurrent_kernel [H, 3H], bias [2, 3H] (input, recurrent) with reset_after=True and [3H] without.


def swap_gates(columns):
    """z, r, n to r, z, n, and back."""
    first, second, n = np.split(columns, 3, axis=-1)
    return np.concatenate([second, first, n], axis=-1)


def to_keras(parameters, reset_after, prefix=""):
    p = {name: parameters[f"{prefix}{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    bias = np.stack([p["bias_ih"], p["bias_hh"]]) if reset_after else p["bias_ih"]
    if not reset_after:
        assert not p["bias_hh"].any(), "Keras has no recurrent bias with reset_after=False"
    return {
        "kernel": swap_gates(p["weight_ih"].T),
        "recurrent_kernel": swap_gates(p["weight_hh"].T),
        "bias": swap_gates(bias),
    }


def from_keras(weights, reset_after, prefix="", is_gradient=False):
    bias = swap_gates(weights["bias"])
    if reset_after:
        bias_ih, bias_hh = bias
    else:  # a gradient is the same for both, since only their sum counts
        bias_ih, bias_hh = bias, bias if is_gradient else np.zeros_like(bias)
    return {
        f"{prefix}weight_ih_l0": swap_gates(weights["kernel"]).T,
        f"{prefix}weight_hh_l0": swap_gates(weights["recurrent_kernel"]).T,
        f"{prefix}bias_ih_l0": bias_ih,
        f"{prefix}bias_hh_l0": bias_hh,
    }


def swap_batch(array):
    """[T, B, ·] to Keras's [B, T, ·], and back."""
    return np.swapaxes(np.asarray(array), 0, 1)


def numbers(names, tensors):
    return {name: tf.convert_to_tensor(value).numpy() for name, value in zip(names, tensors)}


WEIGHTS = ("kernel", "recurrent_kernel", "bias")


def gru_case(reset_after):
    rng = np.random.default_rng(400 + reset_after)
    parameters = common.gru_parameters(rng, 1)
    if not reset_after:
        parameters["bias_hh_l0"][:] = 0
    given = {"x": common.uniform(rng, T, B, E), "h0": common.uniform(rng, 1, B, H)}
    dout, dh_n = common.uniform(rng, T, B, H), common.uniform(rng, 1, B, H)

    layer = keras.layers.GRU(H, reset_after=reset_after, return_sequences=True, return_state=True)
    layer.build((B, T, E))
    weights = to_keras(parameters, reset_after)
    layer.set_weights([weights[name] for name in WEIGHTS])
    x, h0 = tf.constant(swap_batch(given["x"])), tf.constant(given["h0"][0])
    with tf.GradientTape() as tape:
        tape.watch([x, h0])
        out, h_n = layer(x, initial_state=h0)
        projection = tf.reduce_sum(out * swap_batch(dout)) + tf.reduce_sum(h_n * dh_n[0])
    dx, dh0, *dweights = tape.gradient(projection, [x, h0, *(v.value for v in layer.trainable_weights)])
    dweights = numbers(WEIGHTS, dweights)
    result = {"out": swap_batch(out), "h_n": h_n.numpy()[None]}
    d = {"x": swap_batch(dx), "h0": dh0.numpy()[None], **from_keras(dweights, reset_after, is_gradient=True)}
    d = gradients(d)

    def numpy_gru(p):
        return common.gru(p["x"], p["h0"], p, reset_after)

    def projected(p):
        out, h_n = numpy_gru(p)
        return (out * dout).sum(axis=(1, 2, 3)) + (h_n * dh_n).sum(axis=(1, 2, 3))

    everything = {**given, **parameters}
    out, h_n = numpy_gru(common.once(everything))
    compare(f"GRU, reset_after={reset_after}, outputs", result, {"out": out[0], "h_n": h_n[0]})
    compare(
        f"GRU, reset_after={reset_after}, gradients", d, gradients(common.complex_step(projected, everything))
    )
    return {
        "settings": common.sizes(1, reset_after),
        "tensors": {
            **everything,
            **weights,
            **result,
            "dout": dout,
            "dh_n": dh_n,
            **d,
            **gradients(dweights),
        },
    }


# numpy's float64, because TensorFlow rounds Python's float to float32 on its way into the bias correction.
ADAM = {"learning_rate": 0.01, "beta_1": np.float64(0.9), "beta_2": np.float64(0.999)}


def numpy_adam(epsilon, frozen):
    """Keras adds epsilon before the bias correction of v, PyTorch after it."""
    m, v = {}, {}

    def update(step, parameters, d):
        alpha = (
            ADAM["learning_rate"]
            * np.sqrt(1 - ADAM["beta_2"] ** (step + 1))
            / (1 - ADAM["beta_1"] ** (step + 1))
        )
        result = {}
        for key, p in parameters.items():
            m[key] = ADAM["beta_1"] * m.get(key, 0) + (1 - ADAM["beta_1"]) * d[key]
            v[key] = ADAM["beta_2"] * v.get(key, 0) + (1 - ADAM["beta_2"]) * d[key] ** 2
            result[key] = p if key in frozen else p - alpha * m[key] / (np.sqrt(v[key]) + epsilon)
        return result

    return update


def keras_training(parameters, stream, reset_after, epsilon):
    embedding = keras.layers.Embedding(V, E)
    gru = keras.layers.GRU(H, reset_after=reset_after, return_sequences=True, stateful=True)
    output = keras.layers.Dense(V)
    model = keras.Sequential([keras.Input(batch_shape=(B, T), dtype="int64"), embedding, gru, output])
    embedding.set_weights([parameters["embedding.weight"]])
    weights = to_keras(parameters, reset_after, "gru.")
    gru.set_weights([weights[name] for name in WEIGHTS])
    output.set_weights([parameters["output.weight"].T, parameters["output.bias"]])

    optimizer = keras.optimizers.Adam(**ADAM, epsilon=epsilon)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # the softmax is in the loss
    losses = []
    for step in range(STEPS):
        tokens, targets = (swap_batch(part) for part in common.chunk(stream, step))
        with tf.GradientTape() as tape:
            loss = cross_entropy(targets, model(tokens, training=True))
        d = tape.gradient(loss, [v.value for v in model.trainable_variables])
        # Dense, because Keras squares a sparse gradient before it adds up a token's occurrences.
        optimizer.apply([tf.convert_to_tensor(value) for value in d], model.trainable_variables)
        losses.append(float(loss))
    return {
        "losses": np.array(losses),
        "embedding.weight": embedding.get_weights()[0],
        **from_keras(numbers(WEIGHTS, gru.get_weights()), reset_after, "gru."),
        "output.weight": output.get_weights()[0].T,
        "output.bias": output.get_weights()[1],
    }


def training_cases():
    rng = np.random.default_rng(500)
    parameters = common.model_parameters(rng, 1)
    parameters["gru.bias_hh_l0"][:] = 0  # one beginning for both variants
    stream = common.token_stream(rng)
    start = common.sizes(1, True)
    del start["reset_after"]
    cases = {"start": {"settings": start, "tensors": {"stream": stream, **parameters}}}
    for reset_after in (True, False):
        frozen = () if reset_after else ("gru.bias_hh_l0",)
        for epsilon, suffix in ((1e-7, ""), (1e-30, "_tiny_epsilon")):
            name = ("reset_after" if reset_after else "reset_before") + suffix
            result = keras_training(parameters, stream, reset_after, epsilon)
            losses, final = common.train(parameters, stream, 1, reset_after, numpy_adam(epsilon, frozen))
            compare(f"training, {name}, losses and final parameters", result, {"losses": losses, **final})
            print(f"    loss {losses[0]:.3f} to {losses[-1]:.3f}")
            settings = {
                "optimizer": "adam",
                **ADAM,
                "epsilon": epsilon,
                "reset_after": reset_after,
                "steps": STEPS,
            }
            if suffix:
                result = {"losses": result["losses"]}
            cases[name] = {"settings": settings, "tensors": result}
    return cases


common.write_golden(
    "keras_gru.json", FRAMEWORK, {"reset_after": gru_case(True), "reset_before": gru_case(False)}
)
common.write_golden("keras_training.json", FRAMEWORK, training_cases())
