"""Makes the small tokenizers of tests/models, and the ids that the libraries themselves give for some texts.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.2 sentencepiece==0.2.3
    venv/bin/python tests/python/make_tokenizers.py tests/models

The text that they are trained on is our own. Written: tiny-tokenizer.json (byte-level BPE with Qwen's split), tiny-spm.model
(SentencePiece: BPE with bytes for what is unknown, as LLaMA has it), tiny-unigram.model (one that is refused), and tiny-ids.json: for each, texts and their ids.
"""

import io
import json
import sys
from pathlib import Path

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

SENTENCES = [
    "河边的小镇很安静，早上有人在桥上卖豆腐。",
    "下雨以后，山路上的石头很滑，走路要小心。",
    "老师把问题写在黑板上，学生把答案写在本子上。",
    "今天的气温是 23 度，明天会下降到 18 度。",
    "The ferry leaves at nine and comes back before the rain.",
    "She counted the boats, wrote the number down, and counted again.",
    "def total(rows):\n    return sum(row.size for row in rows)\n",
    "for (let i = 0; i < 10; i += 1) { list.push(i * 2); }",
    "模型读一段文字，把它切成小块，每一块有一个号码。",
    "水是液体，冰是固体，水汽是气体；它们是同一种物质。",
]

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

TEXTS = SENTENCES + [
    "",
    " ",
    "\n\n  \t\n",
    "🐟🐟 和 👩‍🚀 一起游泳 é é",
    "a<|endoftext|>b <|im_end|>\n<think>想一想</think>",
    "𠮷野家 12345 ½ ﷽ \u200b\ufeff",
    "    if (x) {\r\n\t\treturn 'it''s';\r\n    }\r\n",
    "水" * 50 + "a" * 50,
]


def hugging_face(folder: Path) -> list:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=480, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False)])
    tokenizer.save(str(folder / "tiny-tokenizer.json"), pretty=False)
    # Special tokens in a text are text, as `corpus` counts them.
    tokenizer.encode_special_tokens = True
    return [[text, tokenizer.encode(text, add_special_tokens=False).ids] for text in TEXTS]


def trained(path: Path, kind: str) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for text in SENTENCES for line in text.splitlines()]),
        model_writer=model,
        vocab_size=400,
        model_type=kind,
        character_coverage=0.98,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        minloglevel=2,
    )
    path.write_bytes(model.getvalue())
    return model.getvalue()


def sentence_piece(folder: Path) -> list:
    trained(folder / "tiny-unigram.model", "unigram")
    processor = sentencepiece.SentencePieceProcessor(model_proto=trained(folder / "tiny-spm.model", "bpe"))
    return [[text, processor.encode(text)] for text in TEXTS]


def main() -> None:
    folder = Path(sys.argv[1])
    ids = {"tiny-tokenizer.json": hugging_face(folder), "tiny-spm.model": sentence_piece(folder)}
    lines = [f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(pair, ensure_ascii=False) for pair in pairs) + "\n]" for name, pairs in ids.items()]
    (folder / "tiny-ids.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


main()
