"""The logits of many tokens of one sequence in ONNX Runtime: one GRU node."""

import numpy as np
import onnxruntime

import common
from step.onnxruntime import make_session


def main():
    args = common.arguments()
    work = common.Work(args.work)
    session = make_session(work, work.T, args.threads, argmax=False)
    zero = np.zeros((1, work.B, work.H), np.float32)
    feed = {"token": work.inputs, **{f"h{l}": zero for l in range(work.L)}}

    def forward():
        return session.run(None, feed)[0]

    common.check_logits(work, forward())
    config = f"onnxruntime-{onnxruntime.__version__} {common.sizes(work, args)}"
    common.serve("forward", config, "ms", lambda: [s * 1e3 for s in common.seconds_per_call(forward, args)])


if __name__ == "__main__":
    main()
