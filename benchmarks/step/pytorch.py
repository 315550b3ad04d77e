"""A step of B sequences in PyTorch: cells, eager or traced, the most probable token fed back.

In bfloat16 throughout, or with weights quantised to 8 bits and inputs quantised in each step.
"""

import warnings

import torch
from torch import nn

import common


class Cells(nn.Module):
    def __init__(self, work):
        super().__init__()
        self.embedding = nn.Embedding(work.V, work.E)
        self.cells = nn.ModuleList(nn.GRUCell(work.H if l else work.E, work.H) for l in range(work.L))
        self.output = nn.Linear(work.H, work.V)
        # gru.weight_ih_l0 is cells.0.weight_ih here.
        renamed = {}
        for name, value in work.parameters.items():
            if name.startswith("gru."):
                kind, layer = name[4:].rsplit("_l", 1)
                name = f"cells.{layer}.{kind}"
            renamed[name] = torch.from_numpy(value)
        self.load_state_dict(renamed)

    def forward(self, tokens, h):
        y, states = self.embedding(tokens), []
        for l, cell in enumerate(self.cells):
            y = cell(y, h[l])
            states.append(y)
        return self.output(y).argmax(1), torch.stack(states)


def main():
    args = common.arguments()
    torch.set_num_threads(args.threads)
    work = common.Work(args.work)
    cells = Cells(work).eval()
    zero = torch.zeros(work.L, work.B, work.H)
    if args.precision == "bf16":
        cells, zero = cells.bfloat16(), zero.bfloat16()
    tokens = torch.from_numpy(work.generated[0])
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is deprecated here is the fastest
        if args.precision == "int8":
            cells = torch.ao.quantization.quantize_dynamic(cells, {nn.GRUCell, nn.Linear}, torch.qint8)
        forms = {"cells": cells, "traced": torch.jit.freeze(torch.jit.trace(cells, (tokens, zero)))}
        steps = {}
        for name, net in forms.items():

            def stepper(net=net):
                state = [tokens, zero]

                def step(given=None):
                    state[:] = net(state[0] if given is None else torch.from_numpy(given), state[1])
                    return state[0]

                return step

            common.check_generated(work, lambda given, step=stepper(): step(given).numpy(), args.precision)
            steps[name] = stepper()
        name, step = common.fastest(steps)
        common.serve_step(f"torch-{torch.__version__} {name}", work, args, step)


if __name__ == "__main__":
    main()
