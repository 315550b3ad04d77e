"""The rows of the benchmark: each a command of gruve, the peers that do the same work, and the targets."""

import dataclasses


@dataclasses.dataclass
class Row:
    name: str  # --only selects rows by a prefix of it
    title: str
    unit: str
    bench: str  # which line of gruve's output
    gruve: str  # arguments of gruve bench
    peers: dict[str, str] = dataclasses.field(default_factory=dict)  # {who: command}, see Commands in run.py
    work: tuple[int, int, int, int] | None = None  # H, L, B, T of the model on which results are compared
    threads: int = 1
    midi: str | None = None  # a folder of files
    peers_of: str | None = None  # a row whose peers are shown here as well
    per_parameter: bool = False  # tokens/s become ns per token and parameter
    # Targets: {against: factor}. against is a peer, "best peer", "best fp32 peer" (of peers_of), "limit"
    # (percent), or another row of gruve's; a row with "~" before it may differ by the factor in either direction.
    must: dict[str, float] = dataclasses.field(default_factory=dict)
    must_with_amx: dict[str, float] = dataclasses.field(default_factory=dict)  # targets that apply only if gruve runs AMX
    seconds: float = 0.1  # of each repeat
    repeats: int = 5
    rounds: int = 3
    quick: bool = False  # measured with --quick as well


LESS_IS_BETTER = ("us", "ms", "ns", "MB", "ns/parameter")

V, E = 89, 128


def num_parameters(hidden, layers):
    """The number of parameters of a model with PyTorch's layers."""
    gru = sum(3 * hidden * ((E if layer == 0 else hidden) + hidden + 2) for layer in range(layers))
    return V * E + gru + V * (hidden + 1)


def train_rows():
    def row(name, hidden, layers, batch, threads, must, **more):
        sizes = f"--hidden {hidden} --layers {layers} --batch {batch}"
        peers = {"PyTorch": "python train.pytorch", "Keras": "python train.keras"}
        if threads == 1:  # much slower, and its speed does not depend on T
            peers = {"plain Eigen": f"gruve train {sizes} --unroll 8 --isa reference"} | peers
        title = f"training, H={hidden} L={layers} B={batch}, {threads} thread{'s' * (threads > 1)}"
        return Row(
            name,
            title,
            "tokens/s",
            "train",
            f"train {sizes}",
            peers,
            (hidden, layers, batch, 128),
            threads,
            must=must,
            seconds=1,
            repeats=1,
            **more,
        )

    at_512 = {"PyTorch": 2.2, "Keras": 2.8, "limit": 85}
    for hidden, layers, batch, must in (
        (256, 1, 32, {"PyTorch": 3, "limit": 80}),
        (512, 1, 64, at_512),
        (512, 2, 64, at_512),
    ):
        name = f"train-H{hidden}-L{layers}"
        yield row(name, hidden, layers, batch, 1, must, quick=layers == 1)
        yield row(
            f"{name}-2threads", hidden, layers, batch, 2, {name: 1.8, "best peer": 2.5}, quick=hidden == 256
        )
    for hidden, layers, batch in ((256, 1, 32), (512, 1, 64), (512, 2, 64)):
        yield Row(
            f"train-layers-H{hidden}-L{layers}",
            f"training, the GRU layers, H={hidden} L={layers} B={batch}",
            "ms",
            "train_layers",
            f"train --hidden {hidden} --layers {layers} --batch {batch}",
            {"oneDNN": f"cpp train_onednn --hidden {hidden} --layers {layers} --batch {batch}"},
            must={"oneDNN": 1.5} if hidden == 512 else {},
            seconds=1,
            repeats=1,
            quick=hidden == 256,
        )
    yield Row(
        "train-memory",
        "memory of a training step, H=512 L=1 B=64",
        "MB",
        "train_memory",
        "train",
        {"PyTorch": "python train.pytorch --memory", "Keras": "python train.keras --memory"},
        (512, 1, 64, 128),
        must={"PyTorch": 2},
        seconds=0.01,
        repeats=1,
        rounds=1,
        quick=True,
    )
    yield Row(
        "train-bf16",
        "training in bf16, H=512 L=1 B=64",
        "tokens/s",
        "train",
        "train --precision bf16",
        {"PyTorch in bf16": "python train.pytorch --precision bf16"},
        (512, 1, 64, 128),
        peers_of="train-H512-L1",
        must={"train-H512-L1": 1},
        must_with_amx={"PyTorch in bf16": 4, "train-H512-L1": 4},
        seconds=1,
        repeats=1,
    )
    for hidden, layers, unroll in (
        (256, 1, 64),
        (512, 1, 64),
        (1024, 1, 64),
        (2048, 1, 64),
        (512, 2, 64),
        (512, 1, 256),
    ):
        name = f"scaling-H{hidden}" + f"-L{layers}" * (layers > 1) + f"-T{unroll}" * (unroll != 64)
        yield Row(
            name,
            f"training, cost per token and parameter, H={hidden} L={layers} T={unroll}",
            "ns/parameter",
            "train",
            f"train --hidden {hidden} --layers {layers} --unroll {unroll}",
            per_parameter=True,
            must={} if name == "scaling-H256" else {"~scaling-H256": 1.2},
            seconds=0.5,
            repeats=1,
            rounds=1 if hidden > 1000 else 3,
        )


def step_rows():
    peers = {
        "PyTorch": "python step.pytorch",
        "Keras": "python step.keras",
        "ONNX Runtime": "python step.onnxruntime",
    }

    def row(name, what, hidden, gruve, peers, must, **more):
        return Row(
            name,
            f"one token, {what}",
            "us",
            "step",
            f"step --hidden {hidden} {gruve}".strip(),
            peers,
            (hidden, 1, 1, 50),
            must=must,
            **more,
        )

    for hidden in (16, 32, 64, 128, 256, 512, 1024):
        must = {"ONNX Runtime": 8} if hidden <= 128 else {"ONNX Runtime": 1.4, "limit": 85}
        every = {
            "plain Eigen": f"gruve step --hidden {hidden} --isa reference",
            **peers,
            "oneDNN": f"cpp step_onednn --hidden {hidden}",
        }
        if hidden not in (128, 512):  # much slower, and slow to start
            del every["Keras"]
        yield row(f"step-H{hidden}", f"H={hidden}", hidden, "", every, must, quick=hidden in (128, 512))
    both = {name: command for name, command in peers.items() if name != "Keras"}
    both["oneDNN"] = "cpp step_onednn --hidden 512"
    yield row("step-H512-2threads", "H=512, 2 threads", 512, "--threads 2", both, {"best peer": 2}, threads=2)
    for hidden, precision, must in (
        (512, "bf16", {"best fp32 peer": 7}),
        (128, "int8", {}),
        (256, "int8", {}),
        (512, "int8", {"best fp32 peer": 12}),
    ):
        yield row(
            f"step-H{hidden}-{precision}",
            f"H={hidden}, {precision} weights",
            hidden,
            f"--precision {precision}",
            {f"PyTorch in {precision}": f"python step.pytorch --precision {precision}"},
            must,
            peers_of=f"step-H{hidden}",
        )


def cell_rows():
    for hidden in (16, 32, 64, 128):
        for inputs in (E, 1):
            sizes = f"--hidden {hidden} --embedding {inputs}"
            yield Row(
                f"cell-H{hidden}" + f"-E{inputs}" * (inputs != E),
                f"a step of one GRU layer, H={hidden} E={inputs}",
                "us",
                "cell",
                f"cell {sizes}",
                {"plain Eigen": f"gruve cell {sizes} --isa reference"},
                quick=hidden == 16,
            )


def batch_rows():
    for hidden in (256, 512):
        yield Row(
            f"batch-H{hidden}",
            f"64 sequences, H={hidden}",
            "tokens/s",
            "batch",
            f"batch --hidden {hidden}",
            {
                "plain Eigen": f"gruve batch --hidden {hidden} --isa reference",
                "PyTorch": "python batch.pytorch",
                "Keras": "python batch.keras",
                "ONNX Runtime": "python batch.onnxruntime",
            },
            (hidden, 1, 64, 4),
            must={"best peer": 2},
            quick=hidden == 256,
        )
        for precision in ("bf16", "int8"):
            yield Row(
                f"batch-H{hidden}-{precision}",
                f"64 sequences, H={hidden}, {precision} weights",
                "tokens/s",
                "batch",
                f"batch --hidden {hidden} --precision {precision}",
                {f"PyTorch in {precision}": f"python batch.pytorch --precision {precision}"},
                (hidden, 1, 64, 4),
                peers_of=f"batch-H{hidden}",
                must_with_amx={"best fp32 peer": 8},
            )


def forward_rows():
    yield Row(
        "forward-T1000",
        "one sequence of T=1000, H=512",
        "ms",
        "forward",
        "forward --hidden 512",
        {
            "plain Eigen": "gruve forward --hidden 512 --isa reference",
            "PyTorch": "python forward.pytorch",
            "ONNX Runtime": "python forward.onnxruntime",
            "oneDNN": "cpp forward_onednn --hidden 512",
        },
        (512, 1, 1, 1000),
        must={"ONNX Runtime": 1.2, "oneDNN": 1.2},
        seconds=0.3,
        repeats=3,
        quick=True,
    )


def midi_rows(folders, few):
    """few: {name: folder} with few files, for a slow peer."""
    for name, folder in folders.items():
        # The peers only read, in both rows.
        for what, bench, must in (
            ("read", "midi", {"symusic": 3}),
            ("encoded as tokens", "midi_tokens", {"symusic": 1.3, "mido": 200}),
        ):
            yield Row(
                f"{bench}-{name}",
                f"MIDI files {what}, {name}",
                "files/s",
                bench,
                "midi",
                {"symusic": "python midi.symusic", "mido": "python midi.mido"},
                must=must,
                midi=folder,
                repeats=1,
                quick=True,
            )
        yield Row(
            f"midi_tokens-{name}-2threads",
            f"MIDI files encoded as tokens, {name}, 2 threads",
            "files/s",
            "midi_tokens",
            "midi",
            threads=2,
            must={f"midi_tokens-{name}": 1.8},
            midi=folder,
            repeats=1,
        )
    for name, folder in few.items():
        yield Row(
            f"midi_tokens-{name}-few",
            f"MIDI files encoded as tokens, two of {name}",
            "files/s",
            "midi_tokens",
            "midi",
            {"music21": "python midi.music21"},
            must={"music21": 20_000},
            midi=folder,
            repeats=1,
            rounds=1,
        )


def activation_rows():
    for function in ("sigmoid", "tanh", "exp"):
        yield Row(
            f"activation-{function}",
            f"{function}, per element",
            "ns",
            function,
            "activations",
            {
                "plain Eigen": "gruve activations --isa reference",
                "NumPy": f"python activations.numpy --function {function}",
                "PyTorch": f"python activations.pytorch --function {function}",
            },
            quick=True,
        )


def all_rows(midi_folders, few_midi_files):
    return [
        *train_rows(),
        *step_rows(),
        *cell_rows(),
        *batch_rows(),
        *forward_rows(),
        *midi_rows(midi_folders, few_midi_files),
        *activation_rows(),
    ]
