"""Is layer normalisation inside the recurrence worthwhile on chorales? (Ba et al. 2016, arXiv:1607.06450)

python examples/recipes/layer_norm.py DATA.json [--epochs 60] [--seeds 2] [--threads 1]

Trains a plain GRU on gruve's tokens, without features, and one whose products W x and U h are normalised over the
units of each gate, all else equal, and prints their losses on the valid split, in nats per timestep under the
grammar. gruve's kernels have no such layer; this experiment decides whether they should.
"""

import argparse
import json
import math
import time

import torch
from torch import nn

VOCABULARY = 89  # 88 keys, the highest first in a timestep, and its end
END = 88


def tokens_of(song):
    tokens = []
    for step in song:
        tokens += sorted((key - 21 for key in step), reverse=True) + [END]
    return torch.tensor(tokens)


class Gru(nn.Module):
    def __init__(self, hidden, normalised):
        super().__init__()
        self.hidden, self.normalised = hidden, normalised
        self.embedding = nn.Embedding(VOCABULARY, 128)
        self.input = nn.Linear(128, 3 * hidden)
        self.recurrent = nn.Linear(hidden, 3 * hidden)
        self.output = nn.Linear(hidden, VOCABULARY)
        self.dropout = nn.Dropout(0.5)
        for parameter in [*self.input.parameters(), *self.recurrent.parameters()]:
            nn.init.uniform_(parameter, -(hidden**-0.5), hidden**-0.5)
        self.gains = nn.Parameter(torch.ones(2, 3, hidden))  # of the input's and of the state's products
        self.biases = nn.Parameter(torch.zeros(2, 3, hidden))

    def normalise(self, products, which):  # [..., 3H] -> [..., 3, H]
        products = products.view(*products.shape[:-1], 3, self.hidden)
        if not self.normalised:
            return products
        normal = torch.nn.functional.layer_norm(products, (self.hidden,))
        return normal * self.gains[which] + self.biases[which]

    def forward(self, tokens):  # [T, B] -> [T, B, V]
        products = self.normalise(self.input(self.embedding(tokens)), 0).unbind(0)
        h = torch.zeros(tokens.shape[1], self.hidden)
        states = []
        for product in products:
            recurrent = self.normalise(self.recurrent(h), 1)
            r, z = torch.sigmoid(product[:, :2] + recurrent[:, :2]).unbind(1)
            n = torch.tanh(product[:, 2] + r * recurrent[:, 2])
            h = n + z * (h - n)
            states.append(h)
        return self.output(self.dropout(torch.stack(states)))


def losses(model, songs):
    """−log p of each token of some songs side by side, 0 behind their ends: [T, B]."""
    targets = nn.utils.rnn.pad_sequence(songs, padding_value=-1)
    inputs = torch.cat([torch.full((1, len(songs)), END), targets[:-1].clamp(min=0)])
    # After a key only lower ones may follow, or the end.
    forbidden = torch.arange(VOCABULARY) >= inputs[..., None]
    forbidden[..., END] = False
    forbidden[inputs == END] = False
    logits = model(inputs).masked_fill(forbidden, -1e9)
    return nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="none"
    ).view_as(targets)


def train(data, normalised, epochs, seed):
    torch.manual_seed(seed)
    model = Gru(256, normalised)
    songs = [tokens_of(song) for song in data["train"]]
    batch = 16
    steps = epochs * math.ceil(len(songs) / batch)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, steps)
    best = math.inf
    for epoch in range(epochs):
        model.train()
        for indices in torch.randperm(len(songs)).split(batch):
            loss = losses(model, [songs[i] for i in indices])
            tokens = sum(len(songs[i]) for i in indices)
            optimizer.zero_grad()
            (loss.sum() / tokens).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1)
            optimizer.step()
            schedule.step()
        model.eval()
        with torch.no_grad():
            valid = [tokens_of(song) for song in data["valid"]]
            nats = losses(model, valid).sum().item() / sum(map(len, data["valid"]))
        best = min(best, nats)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("data")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with open(arguments.data, encoding="utf-8") as file:
        data = json.load(file)
    for seed in range(1, arguments.seeds + 1):
        for normalised in (False, True):
            begin = time.time()
            nats = train(data, normalised, arguments.epochs, seed)
            name = "normalised" if normalised else "plain"
            print(f"{name:10} seed {seed}: {nats:.3f} nats a timestep, {time.time() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
