"""The ids of every document of a build, as Python's `tokenizers` makes them: BUILD TOKENIZER END_ID VOCABULARY OUT

Special tokens that stand in a text are words there, as they are for `corpus`; the end token stands behind each document.
"""

import json
import sys

import tokenizers

from common import build_rows

build, tokenizer, end, vocabulary, out = sys.argv[1:]
made = tokenizers.Tokenizer.from_file(tokenizer)
made.encode_special_tokens = True
texts = [row["text"] for row in build_rows(build, "pretrain")]
ids = [encoding.ids + [int(end)] for encoding in made.encode_batch(texts, add_special_tokens=False)]
with open(out, "w", encoding="utf-8") as file:
    json.dump({"end": int(end), "vocabulary": int(vocabulary), "documents": ids}, file)
