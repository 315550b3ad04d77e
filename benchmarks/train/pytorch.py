"""A training step of PyTorch: embedding, nn.GRU, linear layer, loss, fused Adam, the state carried.

autocast computes products in bfloat16.
"""

import torch
from torch import nn

import common


class Model(nn.Module):
    def __init__(self, work):
        super().__init__()
        self.embedding = nn.Embedding(work.V, work.E)
        self.gru = nn.GRU(work.E, work.H, work.L)
        self.output = nn.Linear(work.H, work.V)
        self.load_state_dict({name: torch.from_numpy(value) for name, value in work.parameters.items()})

    def forward(self, tokens, h):
        y, h = self.gru(self.embedding(tokens), h)
        return self.output(y), h


def main():
    args = common.arguments()
    torch.set_num_threads(args.threads)
    work = common.Work(args.work)
    inputs, targets = torch.from_numpy(work.inputs), torch.from_numpy(work.targets)
    before = common.reset_peak_memory()
    model = Model(work)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    state = torch.zeros(work.L, work.B, work.H)

    def step():
        nonlocal state
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
            logits, h = model(inputs, state)
        state = h.detach().float()
        loss = nn.functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())
        loss.backward()
        optimizer.step()
        return loss.item()

    common.check_losses(work, [step() for _ in range(4)])
    config = f"torch-{torch.__version__} eager {common.sizes(work, args)}"
    if args.memory:
        memory = common.peak_memory() - before
        common.serve("train_memory", config, "MB", lambda: [memory])
    else:
        tokens = work.T * work.B
        common.serve(
            "train", config, "tokens/s", lambda: [tokens / s for s in common.seconds_per_call(step, args)]
        )


if __name__ == "__main__":
    main()
