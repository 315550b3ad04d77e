"""A training step of Keras on TensorFlow: a custom tf.function, the state carried over, Adam."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf

import common


def gru_weights(work, layer):
    """Keras multiplies from the right, and its gates are z, r, n."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    w_ih, w_hh, b_ih, b_hh = (common.in_order_zrn(work.parameter(name, layer)) for name in names)
    return [w_ih.T, w_hh.T, np.stack([b_ih, b_hh])]


def main():
    args = common.arguments()
    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    work = common.Work(args.work)
    inputs, targets = tf.constant(work.inputs.T), tf.constant(work.targets.T)
    before = common.reset_peak_memory()

    tokens = keras.Input(batch_shape=(work.B, work.T), dtype="int64")
    states = [keras.Input(batch_shape=(work.B, work.H)) for _ in range(work.L)]
    embedding = keras.layers.Embedding(work.V, work.E)
    grus = [keras.layers.GRU(work.H, return_sequences=True, return_state=True) for _ in states]
    output = keras.layers.Dense(work.V)
    y, new_states = embedding(tokens), []
    for gru, state in zip(grus, states):
        y, new_state = gru(y, initial_state=state)
        new_states.append(new_state)
    model = keras.Model([tokens, states], [output(y), new_states])
    embedding.set_weights([work.parameters["embedding.weight"]])
    for layer, gru in enumerate(grus):
        gru.set_weights(gru_weights(work, layer))
    output.set_weights([work.parameters["output.weight"].T, work.parameters["output.bias"]])
    # Keras divides epsilon by √(1 − β₂ᵗ): in the first updates this is about PyTorch's 1e-8.
    optimizer = keras.optimizers.Adam(1e-3, epsilon=4e-10)
    optimizer.build(model.trainable_variables)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    state = [tf.zeros((work.B, work.H)) for _ in states]

    @tf.function
    def update(h):
        with tf.GradientTape() as tape:
            logits, h = model([inputs, h], training=True)
            loss = loss_of(targets, logits)
        gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
        # Dense, because Keras squares a sparse gradient before it adds up a token's occurrences.
        optimizer.apply([tf.convert_to_tensor(g) for g in gradients], model.trainable_variables)
        return loss, h

    def step():
        nonlocal state
        loss, state = update(state)
        return float(loss)

    common.check_losses(work, [step() for _ in range(4)])
    config = f"keras-{keras.__version__}/tensorflow-{tf.__version__} tf.function {common.sizes(work, args)}"
    if args.memory:
        memory = common.peak_memory() - before
        common.serve("train_memory", config, "MB", lambda: [memory])
    else:
        count = work.T * work.B
        common.serve(
            "train", config, "tokens/s", lambda: [count / s for s in common.seconds_per_call(step, args)]
        )


if __name__ == "__main__":
    main()
