"""A step of B sequences in Keras: cells in a tf.function, the most probable token fed back."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf

import common
from train.keras import gru_weights


def main():
    args = common.arguments()
    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    work = common.Work(args.work)
    tokens = keras.Input(batch_shape=(work.B,), dtype="int64")
    states = [keras.Input(batch_shape=(work.B, work.H)) for _ in range(work.L)]
    embedding = keras.layers.Embedding(work.V, work.E)
    cells = [keras.layers.GRUCell(work.H) for _ in states]
    output = keras.layers.Dense(work.V)
    y, new_states = embedding(tokens), []
    for cell, state in zip(cells, states):
        y, (new_state,) = cell(y, [state])
        new_states.append(new_state)
    model = keras.Model([tokens, *states], [output(y), *new_states])
    embedding.set_weights([work.parameters["embedding.weight"]])
    for layer, cell in enumerate(cells):
        cell.set_weights(gru_weights(work, layer))
    output.set_weights([work.parameters["output.weight"].T, work.parameters["output.bias"]])

    @tf.function
    def net(tokens, *h):
        logits, *h = model([tokens, *h])
        return [tf.argmax(logits, 1), *h]

    state = [tf.constant(work.generated[0])] + [tf.zeros((work.B, work.H)) for _ in states]

    def step(given=None):
        nonlocal state
        state = net(*([tf.constant(given)] if given is not None else state[:1]), *state[1:])
        return state[0]

    common.check_generated(work, lambda given: step(given).numpy())
    common.serve_step(f"keras-{keras.__version__}/tensorflow-{tf.__version__} tf.function", work, args, step)


if __name__ == "__main__":
    main()
