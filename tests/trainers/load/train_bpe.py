"""A byte-level BPE tokenizer of 4,096 ids out of the rows of a build for pretraining: BUILD OUT"""

import sys

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from common import build_rows

build, out = sys.argv[1:]
made = Tokenizer(models.BPE())
made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
made.decoder = decoders.ByteLevel()
special = [AddedToken("<|endoftext|>", special=True, normalized=False)]
trainer = trainers.BpeTrainer(vocab_size=4_096, special_tokens=special, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
made.train_from_iterator((row["text"] for row in build_rows(build, "pretrain")), trainer)
made.save(out)
