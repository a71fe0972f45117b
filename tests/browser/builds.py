"""Builds that the pages are looked at with: the quick start, one with all four uses and texts that mean harm, and one of
the files beside the repository, where they are there."""

import json
import pathlib
import random
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Texts that a page must show and never run, and signs that are not seen.
HOSTILE = [
    "<script>window.ran = true</script><img src=x onerror='window.ran = true'> 河水 \"quoted\" 'single' `back`",
    "</script><script>window.ran = true</script><!-- <svg onload=window.ran=true> --> 山水 &lt;b&gt; ${window.ran}",
    "javascript:window.ran=true \u202e逆向的文字\u202c 和 \u200bzero\u2066 width\u2069 \ufeff\u0007 bell",
    "四字节字符：𠀀𠮷𪚥𫝀 😀👩‍👩‍👧‍👦 🏳️‍🌈 مرحبا بالعالم שלום עולם नमस्ते",
]

# What an evaluation set asks, and some rows of the web say.
ASKED = "下列哪一项最能说明这座古桥为什么经过数百年洪水冲刷依然保存完好"

ROWS = {
    "pretrain": 300,
    "task": 60,
    "instruct": 60,
    "rlhf": 60,
}

RECIPE = """name = 'four'
[[source]]
name = 'pages'
path = ['pages.jsonl']
use = 'pretrain'
license = 'CC-BY-4.0'
[[source]]
name = 'web'
path = ['web.jsonl']
use = 'pretrain'
[[source]]
name = 'pairs'
path = ['pairs.tsv']
format = 'pairs'
license = 'CC0-1.0'
[[source]]
name = 'talk'
path = ['talk.jsonl']
use = 'instruct'
license = 'Apache-2.0'
[[source]]
name = 'prefs'
path = ['prefs.jsonl']
use = 'rlhf'
[input]
max_unreadable = 0.5
[[stage]]
run = 'normalize'
only = { use = ['pretrain'] }
[[stage]]
run = 'words'
[[stage]]
run = 'language'
[[stage]]
run = 'characters'
[[stage]]
run = 'keep'
name = 'length'
only = { use = ['pretrain'] }
chars = { min = 30, max = 2000 }
[[stage]]
run = 'decontaminate'
against = ['asked.jsonl']
[[stage]]
run = 'exact_dedup'
[[stage]]
run = 'near_dedup'
[output]
signals = ['chars', 'word_count', 'han_ratio', 'punct_ratio', 'digit_ratio']
"""

PARTS = ["河水流过桥下，", "他们在平原上种田。", "城里的市场清早就开了，", "学生读书写字，", "春天的风吹过山岗；", "老人坐在门前讲故事。",
         "铁路通向北方，", "船在港口等候。", "厨师切菜、生火、煮汤，", "The river runs under the bridge. ", "夜里下了一场大雨，"]


def lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write(folder):
    """The files of the build with all four uses, the same every time."""
    draw = random.Random(7)
    said = lambda n: "".join(draw.choice(PARTS) for _ in range(n))
    pages = [{"id": f"p{n}", "text": said(draw.randint(2, 40))} for n in range(ROWS["pretrain"])]
    pages += [{"id": f"hostile{n}", "text": text + said(4)} for n, text in enumerate(HOSTILE)]
    pages += [{"id": f"short{n}", "text": "短"} for n in range(12)]
    pages += [{"id": f"copy{n}", "text": pages[n % 5]["text"]} for n in range(30)]
    pages += [{"id": f"near{n}", "text": pages[200]["text"] + said(12) + f"第{n}版。"} for n in range(2)]
    pages.append({"id": "person", "text": "请打电话13812345678给我，邮箱 someone@example.org。" + said(4)})
    long = "".join(draw.choice(PARTS) for _ in range(30))
    pages += [{"id": f"like{n}", "text": long + f"结尾不同，第{n}次。"} for n in range(6)]
    (folder / "pages.jsonl").write_text(lines(pages))
    web = [{"id": f"w{n}", "text": said(6) + draw.choice([ASKED, "欢迎点击购买，公众号里有优惠，" + ASKED]) + said(2)} for n in range(50)]
    web += [{"id": f"wh{n}", "text": said(5) + ASKED + "？" + text} for n, text in enumerate(HOSTILE)]
    (folder / "web.jsonl").write_text(lines(web) + "not json at all <script>window.ran = true</script>\n")
    pairs = ["zh\ten"] + [f"第{n}句：{said(1)}\tSentence {n}: the river runs." for n in range(ROWS["task"])]
    (folder / "pairs.tsv").write_text("\n".join(pairs + [f"{HOSTILE[0]}\t{HOSTILE[1]}"]) + "\n")
    turn = lambda role, text: {"role": role, "content": text}
    talk = []
    for n in range(ROWS["instruct"]):
        turns = [turn("system", "你是助手。")] if n % 3 == 0 else []
        for at in range(draw.randint(1, 9)):
            turns += [turn("user", f"问题{n}-{at}：{said(1)}"), turn("assistant", said(draw.randint(1, 6)))]
        talk.append({"id": f"t{n}", "messages": turns})
    talk.append({"id": "th", "messages": [turn("user", HOSTILE[0]), turn("assistant", HOSTILE[1] + HOSTILE[2])]})
    talk.append({"id": "tb", "messages": [turn("user", "买什么？"), turn("assistant", "想一想：" + ASKED + "？")]})
    (folder / "talk.jsonl").write_text(lines(talk))
    prefs = [{"id": f"r{n}", "prompt": f"问{n}：{said(1)}", "chosen": said(3), "rejected": said(2)} for n in range(ROWS["rlhf"])]
    prefs.append({"id": "rh", "prompt": HOSTILE[2], "chosen": HOSTILE[0], "rejected": HOSTILE[1]})
    (folder / "prefs.jsonl").write_text(lines(prefs))
    (folder / "asked.jsonl").write_text(lines([{"question": ASKED}]))
    (folder / "four.toml").write_text(RECIPE)


def run(corpus, *words, cwd=None):
    done = subprocess.run([corpus, *map(str, words)], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


# Builds that have next to nothing to show: nothing stays and no text is kept of what went; or nothing goes.
BARE = """name = 'bare'
[[source]]
name = 'web'
path = ['web.jsonl']
use = 'pretrain'
[input]
max_unreadable = 0.5
[[stage]]
run = 'keep'
chars = { min = 1000000 }
[output]
dropped_text = 0.0
"""
WHOLE = """name = 'whole'
[[source]]
name = 'prefs'
path = ['prefs.jsonl']
use = 'rlhf'
"""

SHARED = """name = 'shared'
[[source]]
name = 'wiki'
path = ['{data}/pretrain/zhwiki-plain.jsonl']
use = 'pretrain'
[[source]]
name = 'docs'
path = ['{data}/pretrain/md-docs-cn.jsonl', '{data}/pretrain/md-javaguide.jsonl']
use = 'pretrain'
[[source]]
name = 'c4'
path = ['{data}/pretrain/c4_demo.jsonl']
use = 'pretrain'
[[source]]
name = 'alpaca'
path = ['{data}/instruct/alpaca_zh_demo.json']
[[source]]
name = 'sharegpt'
path = ['{data}/chat/sharegpt_zh_500.jsonl']
[[source]]
name = 'dpo'
path = ['{data}/prefs/dpo_zh_demo.json']
[[source]]
name = 'hh'
path = ['{data}/prefs/hh-rlhf-harmless-test-1-800.jsonl.gz']
[input]
max_unreadable = 0.5
[[stage]]
run = 'normalize'
[[stage]]
run = 'words'
[[stage]]
run = 'language'
[[stage]]
run = 'quality'
[[stage]]
run = 'keep'
name = 'basics'
only = {{ use = ['pretrain'] }}
chars = {{ min = 200, max = 100000 }}
language = {{ in = ['zh', 'en'] }}
[[stage]]
run = 'exact_dedup'
[[stage]]
run = 'near_dedup'
[output]
signals = ['chars', 'word_count', 'units', 'unique_units', 'mean_line_length', 'alnum_ratio']
"""


def builds(corpus, folder):
    """Folders of finished builds by name."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    run(corpus, "build", "--recipe", ROOT / "recipes/quickstart.toml", "--out", folder / "quickstart")
    found["quickstart"] = folder / "quickstart"
    write(folder)
    run(corpus, "build", "--recipe", folder / "four.toml", "--out", folder / "four")
    found["four"] = folder / "four"
    for name, recipe in [("bare", BARE), ("whole", WHOLE)]:
        (folder / f"{name}.toml").write_text(recipe)
        run(corpus, "build", "--recipe", folder / f"{name}.toml", "--out", folder / name)
        found[name] = folder / name
    data = ROOT.parent / "shared" / "data"
    if data.is_dir():
        (folder / "shared.toml").write_text(SHARED.format(data=data.resolve()))
        run(corpus, "build", "--recipe", folder / "shared.toml", "--out", folder / "shared")
        found["shared"] = folder / "shared"
    return found
