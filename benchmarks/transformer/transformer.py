#!/usr/bin/env python3
r"""What a transformer reaches where docs/results.md says what gruve's GRU does: nats per timestep on a polyphonic
data set, with the same tokens, grammar, transpositions and, with --context, features.

    python3 benchmarks/transformer/transformer.py data/jsb_chorales_quarter.json --test
    python3 benchmarks/transformer/transformer.py data/jsb_chorales_quarter.json --context features-jsb \
        --epochs 40 --every 2 --patience 2 --dropout 0.2 --test

features-jsb is what features.cpp (which see) writes. Needs NumPy and PyTorch (2.15.0 was used); one thread.

The model has only what comes before a token in its song, whole. Attention is relative: a query is also multiplied
with learnt vectors for the distances in tokens and in timesteps (Huang et al. 2019), and nothing says where a
token is but these. Features enter as they enter the GRU: rows of the embedding are added to the token's, and rows
of the output layer to the logits of the tokens. The best epoch on the valid split counts; --test prints the test
split's figure of that epoch.
"""
import argparse
import json
import math
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

VOCAB, END = 89, 88  # as in gruve's timestep format; END is also the start token


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="JSON file of the splits train, valid and test")
    parser.add_argument("--context", type=pathlib.Path, help="folder of features, from features.cpp")
    parser.add_argument("--test", action="store_true", help="evaluate the test split at the end")
    parser.add_argument("--out", help="file for the parameters of the best epoch")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=54)
    parser.add_argument("--batch", type=int, default=4, help="songs")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--warm-up", type=float, default=0.05, help="share of the updates")
    parser.add_argument("--weight-decay", type=float, default=0.1)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--embedding-dropout", type=float, default=0.2)
    parser.add_argument("--average", type=float, default=0.998, help="decay of the evaluated weights' average")
    parser.add_argument("--transpose", type=int, default=6)
    parser.add_argument("--transpose-share", type=float, default=0.5)
    parser.add_argument("--every", type=int, default=3, help="epochs from evaluation to evaluation")
    parser.add_argument("--patience", type=int, default=10**9, help="evaluations after the best one, then it ends")
    parser.add_argument("--minutes", type=float, default=math.inf, help="end after this time")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def song_tokens(song):
    return np.array([t for keys in song for t in sorted({key - 21 for key in keys}, reverse=True) + [END]])


class Songs:
    """The songs of the splits in all transpositions, and the features at their tokens."""

    def __init__(self, args):
        data = json.loads(pathlib.Path(args.data).read_text())
        self.splits = {name: [song_tokens(song) for song in data[name]] for name in ("train", "valid", "test")}
        self.context = args.context is not None
        self.inputs = self.outputs = 0
        if self.context:
            self.read_features(args.context)

    def read_features(self, folder):
        shape = json.loads((folder / "shape.json").read_text())
        self.inputs, self.outputs = shape["inputs"], shape["outputs"]
        self.offsets = np.fromfile(folder / "offsets.i64", np.int64)
        self.input_rows = np.fromfile(folder / "inputs.u16", np.uint16)
        self.output_rows = np.fromfile(folder / "outputs.u8", np.uint8).reshape(-1, VOCAB, shape["terms"])
        tokens = np.fromfile(folder / "tokens.u8", np.uint8)
        self.first, number = {}, [-1] * 3
        before = None
        for split, shift, first, count in np.fromfile(folder / "songs.i32", np.int32).reshape(-1, 4).tolist():
            # The transpositions of a song ascend.
            if before is None or before[0] != split or before[1] >= shift:
                number[split] += 1
            before = (split, shift)
            name = shape["names"][split]
            self.first[name, number[split], shift] = first
            expected = transposed(self.splits[name][number[split]], shift)
            assert np.array_equal(tokens[first : first + count], expected), "features of other songs"

    def batch(self, split, songs):
        """The arrays of (number, transposition) pairs: [B, T], or one row for each token of [B, T]."""
        sequences = [transposed(self.splits[split][i], shift) for i, shift in songs]
        B, T = len(sequences), max(map(len, sequences))
        targets = np.full((B, T), -1)
        inputs = np.full((B, T), END)
        steps = np.zeros((B, T), np.int64)
        for b, sequence in enumerate(sequences):
            n = len(sequence)
            targets[b, :n] = sequence
            inputs[b, 1:n] = sequence[:-1]
            steps[b, 1:n] = np.cumsum(sequence[:-1] == END)
        batch = {"inputs": inputs, "targets": targets, "steps": steps}
        if self.context:
            rows, ends, outputs = [], [], np.zeros((B, T, *self.output_rows.shape[1:]), np.int64)
            total = 0
            for b, (i, shift) in enumerate(songs):
                first, n = self.first[split, i, shift], len(sequences[b])
                offsets = self.offsets[first : first + n + 1]
                rows.append(self.input_rows[offsets[0] : offsets[-1]])
                ends.append(total + offsets[:-1] - offsets[0])
                total += len(rows[-1])
                ends.append(np.full(T - n, total))
                outputs[b, :n] = self.output_rows[first : first + n]
            batch["rows"] = np.concatenate(rows).astype(np.int64)
            batch["offsets"] = np.concatenate(ends)
            batch["outputs"] = outputs
        return {name: torch.from_numpy(array) for name, array in batch.items()}


def transposed(tokens, shift):
    return np.where(tokens == END, END, tokens + shift)


class Dropout(nn.Module):
    """nn.Dropout, to 1/256, with bytes of random numbers: PyTorch's took a tenth of the time."""

    def __init__(self, probability):
        super().__init__()
        self.dropped = round(256 * probability)

    def forward(self, x):
        if not self.training or self.dropped == 0:
            return x
        kept = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None).view(torch.uint8)
        return x * (kept[: x.numel()].view(x.shape) >= self.dropped) * (256 / (256 - self.dropped))


class Attention(nn.Module):
    def __init__(self, width, heads, tokens, steps):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        # For each distance in tokens, from the largest to 0, and in timesteps, from 0; a bias is a query's.
        self.by_tokens = nn.Parameter(torch.randn(heads, width // heads, tokens) * 0.02)
        self.by_steps = nn.Parameter(torch.randn(heads, width // heads, steps) * 0.02)
        self.query = nn.Parameter(torch.zeros(heads, 1, width // heads))

    def forward(self, x, steps_apart, step_is, mask):
        B, T, W = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, W // self.heads).permute(2, 0, 3, 1, 4)
        q = q * (W // self.heads) ** -0.5
        scores = q @ k.transpose(2, 3)
        near = (q + self.query) @ self.by_tokens[..., -T:]
        # Row i moves i to the right, so that distances become positions.
        near = functional.pad(near, (T - near.shape[-1] + 1, 0)).view(B, self.heads, T + 1, T)[:, :, 1:]
        scores += near
        # The same for the positions of timesteps, then for those of their tokens.
        by_steps = (q + self.query) @ self.by_steps[..., : step_is.shape[2]]
        by_steps = by_steps.gather(3, steps_apart.expand(-1, self.heads, -1, -1))
        scores += by_steps @ step_is
        scores += mask
        y = scores.softmax(-1) @ v
        return self.out(y.transpose(1, 2).reshape(B, T, W))


class Layer(nn.Module):
    def __init__(self, args, tokens, steps):
        super().__init__()
        self.attention = Attention(args.width, args.heads, tokens, steps)
        self.norms = nn.ModuleList(nn.LayerNorm(args.width) for _ in range(2))
        self.wide, self.narrow = nn.Linear(args.width, 4 * args.width), nn.Linear(4 * args.width, args.width)
        self.dropout = Dropout(args.dropout)

    def forward(self, x, *where):
        x = x + self.dropout(self.attention(self.norms[0](x), *where))
        y = self.dropout(functional.gelu(self.wide(self.norms[1](x))))
        return x + self.dropout(self.narrow(y))


class Transformer(nn.Module):
    TOKENS, STEPS = 64, 160  # distances that have vectors; beyond, there is none or the last

    def __init__(self, args, inputs, outputs):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, args.width)
        self.rows = nn.EmbeddingBag(inputs, args.width, mode="sum") if inputs else None
        self.layers = nn.ModuleList(Layer(args, self.TOKENS, self.STEPS) for _ in range(args.layers))
        self.norm = nn.LayerNorm(args.width)
        self.output = nn.Linear(args.width, VOCAB + outputs)
        self.embedding_dropout = Dropout(args.embedding_dropout)
        self.dropout = Dropout(args.dropout)
        for table in filter(None, (self.embedding, self.rows)):
            nn.init.normal_(table.weight, std=0.1)
        for layer in self.layers:
            for linear in (layer.attention.out, layer.narrow):
                nn.init.normal_(linear.weight, std=0.02 / math.sqrt(2 * args.layers))
                nn.init.zeros_(linear.bias)
        nn.init.zeros_(self.output.bias)

    def forward(self, batch):
        """The logits [B, T, V], with those of tokens that the grammar forbids at −1e9."""
        inputs, steps = batch["inputs"], batch["steps"]
        B, T = inputs.shape
        numbers = torch.arange(steps.max() + 1)
        steps_apart = (steps[..., None] - numbers).clamp(0, self.STEPS - 1)[:, None]
        step_is = (steps[:, None] == numbers[:, None]).float()[:, None]
        mask = torch.full((T, T), -1e9).triu(1)
        x = self.embedding(inputs)
        if self.rows is not None:
            x = x + self.rows(batch["rows"], batch["offsets"]).view(B, T, -1)
        x = self.embedding_dropout(x)
        for layer in self.layers:
            x = layer(x, steps_apart, step_is, mask)
        y = self.output(self.dropout(self.norm(x))).float()
        logits = y[..., :VOCAB]
        if "outputs" in batch:
            rows = batch["outputs"]
            logits = logits + y[..., VOCAB:].gather(2, rows.view(B, T, -1)).view(rows.shape).sum(-1)
        tokens = torch.arange(VOCAB)
        return logits.masked_fill((tokens != END) & (tokens >= inputs[..., None]), -1e9)


def nats_of(model, batch):
    """The sum over the batch, and the number of timesteps."""
    logits, targets = model(batch), batch["targets"]
    nats = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="sum")
    return nats, (targets == END).sum().item()


@torch.no_grad()
def evaluate(model, songs, split):
    model.eval()
    order = sorted(range(len(songs.splits[split])), key=lambda i: len(songs.splits[split][i]))
    sums = np.zeros(2)
    for i in range(0, len(order), 8):
        nats, steps = nats_of(model, songs.batch(split, [(song, 0) for song in order[i : i + 8]]))
        sums += nats.item(), steps
    return sums[0] / sums[1]


def shift_of(song, args, rng):
    keys = song[song != END]
    low, high = max(-args.transpose, -keys.min()), min(args.transpose, VOCAB - 2 - keys.max())
    return int(rng.integers(low, high + 1)) if rng.random() < args.transpose_share else 0


def batches(songs, args, rng):
    """An epoch's batches of songs that are about equally long."""
    train = songs.splits["train"]
    order = np.argsort([len(song) * rng.uniform(0.8, 1.25) for song in train])
    parts = [order[i : i + args.batch] for i in range(0, len(order), args.batch)]
    for part in rng.permutation(len(parts)):
        yield [(i, shift_of(train[i], args, rng)) for i in parts[part]]


def rate(args, update, updates):
    warm = args.warm_up * updates
    if update < warm:
        return (update + 1) / warm
    return 0.5 + 0.5 * math.cos(math.pi * (update - warm) / (updates - warm))


def main():
    args = arguments()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    songs = Songs(args)
    model = Transformer(args, songs.inputs, songs.outputs)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"torch {torch.__version__}, {parameters} parameters, {vars(args)}", flush=True)
    average = torch.optim.swa_utils.AveragedModel(
        model,
        avg_fn=lambda mean, new, n: mean + (1 - min(args.average, (n + 1) / (n + 10))) * (new - mean),
    )
    decayed = [p for p in model.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if p.ndim != 2]
    groups = [{"params": decayed, "weight_decay": args.weight_decay}, {"params": others, "weight_decay": 0}]
    optimizer = torch.optim.AdamW(groups, lr=args.lr, betas=(0.9, 0.98), fused=True)
    per_epoch = -(-len(songs.splits["train"]) // args.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: rate(args, n, args.epochs * per_epoch))

    begun, cpu = time.time(), time.process_time()
    minutes = lambda: f"{(time.time() - begun) / 60:.1f} min, {(time.process_time() - cpu) / 60:.1f} of CPU"
    best, best_epoch, kept = math.inf, 0, None
    for epoch in range(1, args.epochs + 1):
        model.train()
        sums = np.zeros(2)
        for part in batches(songs, args, rng):
            batch = songs.batch("train", part)
            nats, steps = nats_of(model, batch)
            optimizer.zero_grad()
            (nats / (batch["targets"] >= 0).sum()).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            average.update_parameters(model)
            sums += nats.item(), steps
        ended = (time.time() - begun) / 60 > args.minutes
        if epoch % args.every and epoch < args.epochs and not ended:
            continue
        valid = evaluate(average.module, songs, "valid")
        print(f"epoch {epoch}: train {sums[0] / sums[1]:.3f}, valid {valid:.4f}, {minutes()}", flush=True)
        if valid < best:
            best, best_epoch = valid, epoch
            kept = {name: value.clone() for name, value in average.module.state_dict().items()}
        if ended or epoch - best_epoch >= args.patience * args.every:
            break
    average.module.load_state_dict(kept)
    if args.out:
        torch.save(kept, args.out)
    test = f", test {evaluate(average.module, songs, 'test'):.4f}" if args.test else ""
    print(f"best epoch {best_epoch}: valid {best:.4f}{test}; {parameters} parameters, {minutes()}")


if __name__ == "__main__":
    main()
