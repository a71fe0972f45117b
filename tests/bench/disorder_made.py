"""Puts texts into disorder, in some forty ways: what disorder.py learns gibberish from. Needs jieba 0.42 and pypinyin 0.55."""

import base64
import collections
import functools
import random
import re

import jieba
import jieba.posseg
from pypinyin import lazy_pinyin

TIES = "的一是了我不在他有这个上们来到和地为也以说而去对就那要与之其于则者所但被把很都着过大人中国年会生学"
SIGNS = "，，，，。。？！；"
LAUGHTER = "哈呵嘿啦嘻啊哦嗯呜哇噢喔嘎咚叮吧"
SPECKS = "'`~|^.,-·°*"
# Parts of speech: noun, verb, adjective, adverb.
SENTENCES = "a的n v了n|n在n里d v|因为n v，所以n d a|n和n都v着a n|n把n v到n上|虽然n很a，但是n v过n|n的n是a的n|v n的n不v".split("|")


def han(text: str) -> bool:
    return re.fullmatch("[\u4e00-\u9fff]+", text) is not None


def gb2312() -> list:
    pairs = (bytes([high, low]) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF))
    return [c for pair in pairs if len(c := pair.decode("gb2312", "ignore")) == 1]


class Bank:
    """Pieces of texts: words and clauses by length, and characters."""

    def __init__(self, texts: list):
        self.words, self.clauses, self.runs = collections.defaultdict(list), collections.defaultdict(list), []
        for text in texts:
            self.runs += (runs := re.findall("[\u4e00-\u9fff]+", text))
            for run in runs:
                self.clauses[len(run)].append(run)
            for word in jieba.lcut(text[:600]):
                if han(word):
                    self.words[len(word)].append(word)
        self.characters = "".join(self.runs)

    def piece(self, chance: random.Random, least: int, most: int) -> str:
        run = chance.choice(self.runs)
        size = min(len(run), chance.randint(least, most))
        return run[(at := chance.randrange(len(run) - size + 1)) : at + size]


class Maker:
    """Makes gibberish of texts, by kind: a list of texts of each."""

    def __init__(self, kinds: dict, chance: random.Random):
        self.chance, self.models = chance, {}
        self.cut = functools.cache(jieba.lcut)
        texts = [(kind, text) for kind, of in kinds.items() for text in of]
        texts = chance.sample(texts, min(3000, len(texts)))
        self.pool = [text for _, text in texts]
        self.kinds = collections.defaultdict(list)
        for kind, text in texts:
            self.kinds[kind].append(text)
        self.all = Bank(self.pool[:600])
        self.banks = {kind: Bank(of[:60]) for kind, of in self.kinds.items()}
        self.gb2312 = gb2312()
        self.sounds = collections.defaultdict(list)
        for c in self.gb2312[:3755]:
            self.sounds[lazy_pinyin(c)[0]].append(c)
        words = (line.split()[0] for line in jieba.get_dict_file())
        words = (word.decode() if isinstance(word, bytes) else word for word in words)
        self.dictionary = [word for word in words if len(word) > 1 and han(word)]
        self.sentences = [s for text in self.pool for s in re.findall("[^。！？\n]{8,60}[。！？]", text)[:12]]
        self.speech = collections.defaultdict(list)
        for text in self.pool[:150]:
            for word, flag in jieba.posseg.lcut(text[:1200]):
                if han(word):
                    self.speech[flag[0]].append(word)

    def length(self) -> int:
        return self.chance.randint(*self.chance.choice([(60, 120), (120, 250), (250, 500), (400, 900)]))

    def window(self, longest: int = 1200) -> str:
        """Some sentences of a text."""
        while True:
            parts = re.split("(?<=[。！？\n])", self.chance.choice(self.pool))
            length, text = self.length(), ""
            for part in parts[self.chance.randrange(len(parts)) :]:
                text += part
                if len(text) >= length:
                    break
            if 50 <= len(text) < longest and len(re.findall("[\u4e00-\u9fff]", text)) > 0.5 * len(text):
                return text.strip()

    def until(self, part, between: str = "") -> str:
        """Parts up to some length; in half of the texts sentences end paragraphs."""
        length, out = self.length(), []
        while sum(len(p) + len(between) for p in out) < length:
            out.append(part())
        text = between.join(out)
        return re.sub("(?<=[。！？])", lambda _: "\n" * (self.chance.random() < 0.25), text) if self.chance.random() < 0.5 else text

    def sign(self) -> str:
        return self.chance.choice(SIGNS)

    def follows(self, order: int, texts: int, words: bool) -> tuple:
        """What follows what in some texts, and what sentences begin with; the same for twenty chains."""
        used, found = self.models.get((order, texts, words), (0, None))
        if used % 20 == 0:
            sources = self.chance.sample(self.pool, texts) if texts > 1 else [self.chance.choice(self.pool)]
            behind, starts = collections.defaultdict(list), []
            for source in sources:
                source = self.cut(source[:2500]) if words else list(source[:2500])
                for at in range(len(source) - order):
                    behind[tuple(source[at : at + order])].append(source[at + order])
                    if at == 0 or source[at - 1] in "。！？\n":
                        starts.append(tuple(source[at : at + order]))
            found = behind, starts
        self.models[order, texts, words] = used + 1, found
        return found

    def chain(self, order: int, texts: int, words: bool = False) -> str:
        """What follows what in some texts, or in one."""
        behind, starts = self.follows(order, texts, words)
        length, out = self.length(), list(self.chance.choice(starts or [("",)]))
        while sum(map(len, out)) < length and starts:
            last = tuple(out[-order:])
            out += [self.chance.choice(behind[last])] if last in behind else self.chance.choice(starts)
        return "".join(out)

    def spun(self, share: float) -> str:
        """A text with words of the same part of speech put in place of others."""
        out = ""
        for word, flag in jieba.posseg.lcut(self.window()):
            others = self.speech[flag[0]] if flag[0] in "nvad" and han(word) and self.chance.random() < share else []
            same = [other for other in self.chance.sample(others, min(8, len(others))) if len(other) == len(word)]
            out += self.chance.choice(same or others[:50] or [word])
        return out

    def filled(self, part, kept: float = 0) -> str:
        """The form of a text, its signs, lines, digits and lengths, and Han of elsewhere."""
        bank = self.all if self.chance.random() < 0.6 else self.chance.choice(list(self.banks.values()))

        def run(match):
            if self.chance.random() < kept:
                return match[0]
            out = ""
            while len(out) < len(match[0]):
                out += part(bank, len(match[0]) - len(out))
            return out[: len(match[0])]

        return re.sub("[\u4e00-\u9fff]+", run, self.window())

    def word(self, bank: Bank, left: int) -> str:
        size = self.chance.choice([n for n in (1, 2, 2, 2, 3, 4) if n <= left])
        return self.chance.choice(bank.words[size] or bank.characters)

    def clause(self, bank: Bank, left: int) -> str:
        size = next((n for n in range(left, 0, -1) if bank.clauses[n]), 0)
        return self.chance.choice(bank.clauses[size]) if size else self.chance.choice(bank.characters)

    def mixed(self, parts: list, size: int) -> str:
        groups = (parts[at : at + size] for at in range(0, len(parts), max(1, size)))
        return "".join(part for group in groups for part in self.chance.sample(group, len(group)))

    def changed(self, share: float, of) -> str:
        return "".join(of(c) if han(c) and self.chance.random() < share else c for c in self.window())

    def own(self) -> str:
        """The words of a text in another order, where its words stand."""
        text = self.window()
        words = iter("".join(self.mixed([w for w in jieba.lcut(text) if han(w)], 10**6)))
        return re.sub("[\u4e00-\u9fff]", lambda m: next(words, m[0]), text)

    def near(self) -> str:
        """Words in another order within each clause."""
        size = self.chance.randint(3, 6)
        return re.sub("[\u4e00-\u9fff]{3,}", lambda m: self.mixed(jieba.lcut(m[0]), size), self.window())

    def halves(self) -> str:
        first, then = self.chance.choice(self.sentences), self.chance.choice(self.sentences)
        return first[: len(first) // 2] + then[len(then) // 2 :]

    def beside(self, part, before: bool) -> str:
        """A text and something else, one behind the other."""
        text, other = self.window(500), part()
        return f"{other}\n{text}" if before else f"{text}\n{other}"

    def between(self, part) -> str:
        """A text with something else behind its sentences."""
        return re.sub("(?<=[。！？])", lambda _: part(self.chance.randint(6, 25)) if self.chance.random() < 0.7 else "", self.window())

    def sounded(self) -> str:
        """A text with characters of the same sound put in place of others, as input by pinyin leaves them."""
        share = self.chance.choice((0.15, 0.3, 0.5))
        return self.changed(share, lambda c: self.chance.choice(self.sounds.get(lazy_pinyin(c)[0], c)))

    def template(self) -> str:
        form = self.chance.choice(SENTENCES).replace(" ", "")
        return re.sub("[nvad]", lambda m: self.chance.choice(self.speech[m[0]]), form) + self.chance.choice("。。，！")

    def scanned(self, c: str) -> str:
        return chr(ord(c) + self.chance.choice((-3, -2, -1, 1, 2, 3)))

    def swapped(self) -> str:
        return re.sub("(.)(.)", lambda m: m[2] + m[1] if self.chance.random() < 0.6 else m[0], self.window())

    def sorted_words(self) -> str:
        at = self.chance.randrange(len(self.dictionary) - 200)
        return self.chance.choice([" ", "、", "，", "\n"]).join(self.dictionary[at : at + self.chance.randint(20, 150)])

    def ways(self) -> dict:
        """The ways by name; each makes a text."""
        chance, pick = self.chance, self.chance.choice
        words = lambda: "".join(pick(self.dictionary) for _ in range(chance.randint(2, 6))) + self.sign()
        pieces = lambda least, most, some: "".join(self.all.piece(chance, least, most) for _ in range(chance.randint(*some))) + self.sign()
        drawn = lambda of: "".join(pick(of) for _ in range(chance.randint(4, 14))) + self.sign()
        return {
            **{f"chain of {order}, {texts}": lambda order=order, texts=texts: self.chain(order, texts) for order, texts in [(1, 40), (2, 1), (2, 8), (2, 60)]},
            **{f"word chain of {order}, {texts}": lambda order=order, texts=texts: self.chain(order, texts, True) for order, texts in [(1, 8), (1, 60), (2, 150)]},
            **{f"spun {share}": lambda share=share: self.spun(share) for share in (0.33, 0.5, 0.9)},
            "word chain of 3, 400": lambda: self.chain(3, 400, True),
            "word chain of 2, 8": lambda: self.chain(2, 8, True),
            "chain of 3, 60": lambda: self.chain(3, 60),
            "spun 0.2": lambda: self.spun(0.2),
            "sentences": lambda: self.until(lambda: pick(self.sentences)),
            "noise behind": lambda: self.beside(lambda: self.until(lambda: drawn(self.gb2312)), False),
            "noise before": lambda: self.beside(lambda: self.until(lambda: drawn(self.all.characters)), True),
            "words behind": lambda: self.beside(lambda: self.until(words), False),
            "noise between": lambda: self.between(lambda size: "".join(pick(self.gb2312) for _ in range(size)) + "。"),
            "words between": lambda: self.between(lambda size: words()),
            "replaced, same sound": self.sounded,
            "clauses": lambda: self.until(lambda: self.all.piece(chance, 4, 20) + self.sign()),
            "pieces of 2 to 4": lambda: self.until(lambda: pieces(2, 4, (2, 5))),
            "pieces of 4 to 8": lambda: self.until(lambda: pieces(4, 8, (1, 3))),
            "halves of sentences": lambda: self.until(self.halves),
            "templates": lambda: self.until(self.template),
            "dictionary": lambda: self.until(lambda: pick(self.dictionary), pick([" ", "、", "，", "\n", "/", "；"])),
            "dictionary, sorted": self.sorted_words,
            "dictionary, sentences": lambda: self.until(words),
            "characters of GB 2312": lambda: self.until(lambda: drawn(self.gb2312)),
            "frequent characters": lambda: self.until(lambda: drawn(TIES)),
            "replaced, any": lambda: self.changed(0.2, lambda c: pick(self.gb2312)),
            "replaced, as text has them": lambda: self.changed(pick((0.12, 0.25)), lambda c: pick(self.all.characters)),
            "scanned": lambda: "".join(c + pick(SPECKS) * (chance.random() < 0.05) for c in self.changed(0.15, self.scanned)),
            "swapped": self.swapped,
            "left out": lambda: "".join(c for c in self.window() if chance.random() < 0.65),
            "keys": lambda: self.until(lambda: pick(self.gb2312) + pick("撒打发的是啊") + "".join(pick("asdfghjk") for _ in range(chance.randint(0, 4)))),
            "base64 within": lambda: (t := self.window())[:40] + base64.b64encode(t.encode()).decode()[:300] + t[40:80],
            "backwards": lambda: self.window()[::-1],
            "words backwards": lambda: "".join(jieba.lcut(self.window())[::-1]),
            "shuffled": lambda: self.mixed(jieba.lcut(self.window()), 10**6),
            "shuffled nearby": lambda: self.mixed(jieba.lcut(self.window()), chance.randint(3, 8)),
            "form, words": lambda: self.filled(self.word),
            "form, some words": lambda: self.filled(self.word, 0.4),
            "form, short pieces": lambda: self.filled(lambda bank, left: bank.piece(chance, 2, 3)),
            "form, pieces": lambda: self.filled(lambda bank, left: bank.piece(chance, 3, 6)),
            "form, clauses": lambda: self.filled(self.clause),
            "form, characters": lambda: self.filled(lambda bank, left: pick(bank.characters)),
            "form, its own words": self.own,
            "form, words nearby": self.near,
        }
