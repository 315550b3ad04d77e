"""Shared by the Python competitors: the work, the comparison with gruve's results, the clock, the output.

A competitor is run by run.py as `python -m TASK.COMPETITOR --work DIR …`. It loads gruve's model, computes what
gruve computed, and stops with "not equal, not timed" if the two differ. Then it prints "ready", and for each
line that it reads it measures once and prints a line of JSON.
"""

import argparse
import functools
import json
import pathlib
import statistics
import sys
import time

# Tolerances between two float computations of the same numbers in a different order.
LOSS_TOLERANCE = 1e-4  # relative, over four updates
LOGIT_TOLERANCE = 1e-3  # of the largest logit, over a whole sequence
# By precision: only tokens that lead by more than the first number are compared; the second is the smallest
# fraction of tokens for which that must hold.
MARGINS = {"fp32": (1e-3, 0.8), "bf16": (5e-3, 0.8), "int8": (1.2e-2, 0.5)}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--work", type=pathlib.Path, help="a folder written by gruve_benchmark_work; it also sets the sizes"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1, help="of each repeat")
    parser.add_argument(
        "--memory", action="store_true", help="train: measure the memory of a step instead of its speed"
    )
    parser.add_argument(
        "--precision", choices=["fp32", "bf16", "int8"], default="fp32", help="of the weights"
    )
    parser.add_argument("--midi", type=pathlib.Path, help="midi: a folder of files")
    parser.add_argument("--notes", type=int, help="midi: how many gruve found in them")
    parser.add_argument("--function", help="activations: sigmoid, tanh or exp")
    return parser.parse_args()


# The work.


class Work:
    """The output of gruve_benchmark_work: sizes, tokens, gruve's results, and parameters by PyTorch's names."""

    def __init__(self, folder):
        import numpy as np

        values = json.loads((folder / "work.json").read_text())
        self.V, self.E, self.H, self.L, self.T, self.B = (values[name] for name in "VEHLTB")
        self.inputs = np.array(values["inputs"]).reshape(self.T, self.B)
        self.targets = np.array(values["targets"]).reshape(self.T, self.B)
        self.losses = values["losses"]
        self.logits_sum = np.array(values["logits_sum"])
        self.last_logits = np.array(values["last_logits"]).reshape(self.B, self.V)
        self.generated = np.array(values["generated"])  # [steps + 1, B]
        self.margin = np.array(values["margin"])  # [steps, B]
        self.parameters = read_safetensors(folder / "model.safetensors")

    def parameter(self, name, layer):
        return self.parameters[f"gru.{name}_l{layer}"]


def read_safetensors(path):
    """{name: array}. The file is the size of its JSON header (u64), the header, the arrays."""
    import numpy as np

    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    tensors = json.loads(data[8:begin])
    tensors.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[begin + t["data_offsets"][0] : begin + t["data_offsets"][1]], "<f4")
        .reshape(t["shape"])
        .copy()
        for name, t in tensors.items()
    }


def in_order_zrn(rows):
    """Rows r, z, n (PyTorch, gruve) in the order z, r, n (ONNX, Keras)."""
    import numpy as np

    r, z, n = np.split(rows, 3)
    return np.concatenate([z, r, n])


# Comparing.


def unequal(reason):
    sys.exit(f"not equal, not timed: {reason}")


def check_losses(work, losses):
    """losses: before each of four updates by Adam."""
    for update, (theirs, ours) in enumerate(zip(losses, work.losses, strict=True)):
        if not abs(theirs - ours) <= LOSS_TOLERANCE * ours:
            unequal(f"a loss of {theirs:.6f} after {update} updates, gruve's is {ours:.6f}")


def check_logits(work, logits):
    """logits [T, B, V] of the chunk, from a zero state."""
    import numpy as np

    scale = np.abs(work.last_logits).max()
    last = np.abs(logits[-1] - work.last_logits).max()
    # A sum of V · B numbers whose errors differ in sign.
    sums = np.abs(logits.sum(axis=(1, 2)) - work.logits_sum).max() / np.sqrt(work.V * work.B)
    if not max(last, sums) <= LOGIT_TOLERANCE * scale:
        unequal(f"logits differ by {max(last, sums):.2e}, the largest is {scale:.2e}")


def check_generated(work, step, precision="fp32"):
    """step(tokens [B]) → the most probable next tokens [B], the state carried inside from zero.

    It is fed gruve's tokens, so that one difference does not cause others.
    """
    counted = wrong = 0
    least_margin, least_share = MARGINS[precision]
    for tokens, following, margin in zip(work.generated, work.generated[1:], work.margin):
        decided = margin > least_margin
        counted += decided.sum()
        wrong += (decided & (step(tokens) != following)).sum()
    if wrong or counted < least_share * work.margin.size:
        unequal(f"{wrong} of {counted} tokens differ")


# Measuring.


@functools.cache
def calls_in(seconds, call):
    call()
    start = time.perf_counter()
    call()
    return max(1, int(seconds / max(time.perf_counter() - start, 1e-9)))


def seconds_per_call(call, args):
    """Seconds per call of args.repeats blocks of calls, each of about args.seconds."""
    calls = calls_in(args.seconds, call)
    values = []
    for _ in range(args.repeats):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        values.append((time.perf_counter() - start) / calls)
    return values


def fastest(forms):
    """The fastest of several forms {name: call} in a short trial, as a user would choose it."""
    if len(forms) == 1:
        return next(iter(forms.items()))
    trial = argparse.Namespace(seconds=0.1, repeats=5)
    return min(forms.items(), key=lambda form: min(seconds_per_call(form[1], trial)))


def serve(bench, config, unit, measure):
    """Prints "ready", then the values of measure() for each line that it reads."""
    print("ready", flush=True)
    for _ in sys.stdin:
        values = measure()
        line = {"bench": bench, "config": config, "unit": unit}
        line |= {"min": min(values), "median": statistics.median(values), "max": max(values)}
        print(json.dumps(line), flush=True)


def serve_step(name, work, args, step):
    """A step of one sequence in microseconds, of several in tokens per second."""
    config = f"{name} {sizes(work, args)}"
    if work.B == 1:
        serve("step", config, "us", lambda: [s * 1e6 for s in seconds_per_call(step, args)])
    else:
        serve("batch", config, "tokens/s", lambda: [work.B / s for s in seconds_per_call(step, args)])


def sizes(work, args):
    return f"{args.precision} H={work.H} L={work.L} B={work.B} T={work.T} E={work.E} threads={args.threads}"


def serve_midi(name, read, tolerance=0):
    """read(file) → number of notes, which may differ from gruve's by this fraction."""
    args = arguments()
    files = sorted(str(file) for file in args.midi.rglob("*") if file.suffix in (".mid", ".midi"))
    notes = sum(read(file) for file in files)
    if abs(notes - args.notes) > tolerance * args.notes:
        unequal(f"{notes} notes, gruve found {args.notes}")

    def call():
        for file in files:
            read(file)

    config = f"{name} files={len(files)} notes={notes}"
    serve("midi", config, "files/s", lambda: [len(files) / s for s in seconds_per_call(call, args)])


def activation_inputs():
    """Numbers over the relevant range, few enough for the first-level cache together with their results."""
    import numpy as np

    return np.linspace(-10, 10, 2048, dtype=np.float32)


def serve_activation(name, call, out):
    """call() writes the function of activation_inputs() into out; the time is per element."""
    import numpy as np

    args = arguments()
    exact = {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "tanh": np.tanh, "exp": np.exp}[args.function]
    call()
    expected = exact(activation_inputs().astype(np.float64))
    worst = np.abs(out / expected - 1).max()
    if not worst <= 1e-6:
        unequal(f"{args.function} is off by {worst:.1e}")
    config = f"{name} {args.function} n={out.size}"
    serve(args.function, config, "ns", lambda: [s * 1e9 / out.size for s in seconds_per_call(call, args)])


# Memory.


def _status(name):
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError(f"/proc/self/status has no {name}")


def reset_peak_memory():
    """Resets the peak, and returns the process's resident memory in MB."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def peak_memory():
    return _status("VmHWM")
