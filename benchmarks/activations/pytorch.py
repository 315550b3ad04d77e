"""sigmoid, tanh and exp of PyTorch."""

import torch

import common

if __name__ == "__main__":
    torch.set_num_threads(1)
    x = torch.from_numpy(common.activation_inputs())
    out = torch.empty_like(x)
    function = getattr(torch, common.arguments().function)
    with torch.inference_mode():
        common.serve_activation(f"torch-{torch.__version__}", lambda: function(x, out=out), out.numpy())
