"""sigmoid, tanh and exp of NumPy."""

import numpy as np

import common

if __name__ == "__main__":

    def sigmoid(x, out):
        np.negative(x, out=out)
        np.exp(out, out=out)
        np.add(out, 1, out=out)
        np.reciprocal(out, out=out)

    forms = {
        "sigmoid": sigmoid,
        "tanh": lambda x, out: np.tanh(x, out=out),
        "exp": lambda x, out: np.exp(x, out=out),
    }
    x = common.activation_inputs()
    out = np.empty_like(x)
    name = common.arguments().function
    common.serve_activation(f"numpy-{np.__version__}", lambda: forms[name](x, out), out)
