"""The logits of many tokens of one sequence in PyTorch: one call of nn.GRU."""

import torch

import common
from train.pytorch import Model


def main():
    args = common.arguments()
    torch.set_num_threads(args.threads)
    work = common.Work(args.work)
    model = Model(work).eval()
    tokens, state = torch.from_numpy(work.inputs), torch.zeros(work.L, work.B, work.H)

    def forward():
        return model(tokens, state)[0]

    with torch.inference_mode():
        common.check_logits(work, forward().numpy())
        config = f"torch-{torch.__version__} eager {common.sizes(work, args)}"
        common.serve(
            "forward", config, "ms", lambda: [s * 1e3 for s in common.seconds_per_call(forward, args)]
        )


if __name__ == "__main__":
    main()
