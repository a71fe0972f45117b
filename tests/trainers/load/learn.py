"""Trains a model of 5 million parameters on `FOLDER/train-packed` and on `FOLDER/train-nanogpt`, and measures its loss on
what was held out: FOLDER STEPS (tests/trainers/learn makes the folder)."""

import math
import os
import sys
import time

import datasets
import numpy
import torch
from torch.nn import functional
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

datasets.disable_progress_bars()
VOCABULARY, LENGTH, WIDTH, LAYERS, HEADS, BATCH = 4_096, 256, 256, 5, 4, 8
# Sequences, or blocks, of what was held out that the loss is measured on.
HELD = 32


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.between = torch.nn.LayerNorm(WIDTH), torch.nn.LayerNorm(WIDTH)
        self.qkv, self.out = torch.nn.Linear(WIDTH, 3 * WIDTH), torch.nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = torch.nn.Linear(WIDTH, 4 * WIDTH), torch.nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x, seen):
        batch, length, _ = x.shape
        parts = self.qkv(self.before(x)).view(batch, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(*parts, attn_mask=seen)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        return x + self.narrow(functional.gelu(self.wide(self.between(x))))


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = torch.nn.Embedding(VOCABULARY, WIDTH), torch.nn.Embedding(LENGTH, WIDTH)
        self.blocks, self.last = torch.nn.ModuleList(Block() for _ in range(LAYERS)), torch.nn.LayerNorm(WIDTH)
        for weight in [self.tokens.weight, self.places.weight]:
            torch.nn.init.normal_(weight, std=0.02)

    def forward(self, ids, places, documents):
        """The loss by token; `documents` says which tokens may see one another."""
        length = ids.shape[1]
        before = torch.ones(length, length, dtype=torch.bool).tril()
        seen = (before & (documents[:, :, None] == documents[:, None, :]))[:, None]
        x = self.tokens(ids) + self.places(places)
        for block in self.blocks:
            x = block(x, seen)
        return self.last(x) @ self.tokens.weight.T


def loss_of(model, batch):
    ids, labels, places, documents = batch
    said = model(ids, places, documents)
    return functional.cross_entropy(said.flatten(0, 1), labels.flatten(), ignore_index=-100)


def packed(folder, name):
    """Batches as TRL's collator makes them of packed sequences: what it flattened is laid out by sequence again."""
    rows = datasets.load_dataset("parquet", data_files=f"{folder}/{name}-packed/data/*.parquet", split="train")
    collator = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)

    def batch(numbers):
        out = [torch.zeros(len(numbers), LENGTH, dtype=torch.long) for _ in range(4)]
        out[1][:], out[3][:] = -100, -1
        for at, number in enumerate(numbers):
            flat = collator([rows[int(number)]])
            ids, labels, places = (flat[key][0] for key in ["input_ids", "labels", "position_ids"])
            documents, length = flat["seq_idx"][0], len(ids)
            out[0][at, :length], out[2][at, :length], out[3][at, :length] = ids, places, documents
            # The label of a token is the token behind it; the collator gives each token as its own.
            out[1][at, : length - 1] = labels[1:]
        return out

    return len(rows), batch


def blocks(folder, name):
    """Batches as nanoGPT's `get_batch` takes them out of `train.bin`."""
    data = numpy.memmap(f"{folder}/{name}-nanogpt/train.bin", dtype=numpy.uint16, mode="r")

    def batch(numbers):
        x = torch.stack([torch.from_numpy(data[n : n + LENGTH].astype(numpy.int64)) for n in numbers])
        y = torch.stack([torch.from_numpy(data[n + 1 : n + 1 + LENGTH].astype(numpy.int64)) for n in numbers])
        return x, y, torch.arange(LENGTH).expand_as(x), torch.zeros_like(x)

    return len(data) - LENGTH, batch


@torch.no_grad()
def held_out(model, source):
    count, batch = source
    chosen = numpy.linspace(0, count - 1, min(HELD, count)).astype(int)
    losses = [loss_of(model, batch(chosen[at : at + BATCH])).item() for at in range(0, len(chosen), BATCH)]
    return sum(losses) / len(losses)


def train(what, folder, source, steps):
    torch.manual_seed(1)
    random, model = numpy.random.default_rng(1), Model()
    (count, batch), held = source(folder, "train"), source(folder, "held-out")
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)
    size, began, losses = sum(p.numel() for p in model.parameters()), time.monotonic(), []
    print(f"\n{what}: {size / 1e6:.1f} M parameters, {steps} steps of {BATCH} × {LENGTH} tokens\n\n| step | loss | held-out loss | s |\n| ---: | ---: | ---: | ---: |")
    first = last = held_out(model, held)
    print(f"| 0 | | {first:.3f} | 0 |", flush=True)
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(step / 20, 0.5 + 0.5 * math.cos(math.pi * step / steps) + 0.05)
        loss = loss_of(model, batch(random.integers(count, size=BATCH)))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if step % max(steps // 5, 1) == 0:
            last, recent = held_out(model, held), losses[-max(steps // 5, 1) :]
            print(f"| {step} | {sum(recent) / len(recent):.3f} | {last:.3f} | {time.monotonic() - began:.0f} |", flush=True)
    return last <= 0.9 * first


folder, steps = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(len(os.sched_getaffinity(0)))
told = [train("packed, through TRL's collator", folder, packed, steps), train("nanogpt, by the rule of get_batch", folder, blocks, steps)]
sys.exit(0 if all(told) else "the held-out loss did not fall by a tenth")
