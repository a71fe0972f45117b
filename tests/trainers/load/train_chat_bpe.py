"""A byte-level BPE tokenizer of 4,096 ids, with the tokens of ChatML, out of the dialogues that a build trains on: BUILD OUT"""

import sys

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from common import build_rows

build, out = sys.argv[1:]


def texts():
    for use, fields in [("instruct", ["messages"]), ("rlhf", ["prompt", "chosen", "rejected"])]:
        for row in build_rows(build, use, "train-"):
            for field in fields:
                yield from (turn["content"] or "" for turn in row[field] or [])


made = Tokenizer(models.BPE())
made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
made.decoder = decoders.ByteLevel()
special = [AddedToken(token, special=True, normalized=False) for token in ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]]
trainer = trainers.BpeTrainer(vocab_size=4_096, special_tokens=special, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
made.train_from_iterator(texts(), trainer)
made.save(out)
