"""A set of bad dialogues, made up, and good ones beside them: what share of each kind does a profile drop?

Usage:
  bad_dialogues.py make FOLDER [ROWS] [SEED]   writes talks.jsonl, pairs.jsonl, good.jsonl and recipe.toml into FOLDER
  bad_dialogues.py count BUILD                 the share dropped of each kind, and the reasons, of `corpus build` of that recipe

Every dialogue has a seed and a make of its own; nothing of it is copied from anywhere. The kinds of talks.jsonl are asked of
`zh-sft` (Chinese) and `sft` (English), those of pairs.jsonl of `preference`. `count` needs pyarrow.
"""

import collections
import json
import random
import sys

ZH = [q.split("=") for q in """
豆浆为什么会溢锅？=豆浆里的蛋白质受热后形成泡沫，泡沫越积越多，就从锅边溢了出来。先用大火煮开，再转小火敞着盖煮几分钟，可以避免这种情况。
怎样给自行车链条上油？=先用旧牙刷把链条上的泥沙刷干净，再用布擦干，然后每节滴一小滴油，转几圈脚踏，最后擦掉多余的油。
海水为什么是咸的？=河流把岩石里的盐分带进大海，水不断蒸发，盐却留了下来，亿万年后海水就变咸了。
孩子不爱刷牙怎么办？=可以让孩子自己挑牙刷，和大人一起刷，编个小故事，每次刷完夸一夸。不要吼，习惯是慢慢养成的。
怎么判断西瓜熟没熟？=看瓜蒂是不是弯曲枯干，拍一拍听声音是不是沉闷，再看瓜皮的纹路是不是清楚。三样都对，多半是熟的。
阳台上适合种什么菜？=小葱、生菜、樱桃番茄和辣椒都好种，花盆深二十厘米就够，每天见到四个小时的太阳，收成不会差。
为什么飞机要在平流层飞？=平流层里空气平稳，云少，能见度高，阻力也小，所以既省油又安全。
怎样写好一份会议纪要？=先写清时间、地点和参加的人，再按议题列出结论，每条后面注明由谁负责、什么时候完成。
煮饺子为什么要加凉水？=加凉水让锅里的温度降下来，皮不会先煮烂，馅却还没熟。一般加两到三次，饺子浮起来就好了。
老人学用手机有什么建议？=字号调大，常用的软件放在第一屏，一次只教一件事，让他自己多按几遍，写一张步骤卡贴在桌上。
雷雨天为什么不能在树下躲雨？=雷电容易击中高处的东西，电流会顺着树干流到地面，站在树下的人很危险。应当躲进房屋或汽车里。
怎么挑一双合脚的跑鞋？=下午去试，脚比早上大一点；脚尖前面留一个拇指的宽度，系好鞋带走几步，后跟不滑才算合脚。
围棋的规则难吗？=规则只有几条：轮流下子，没有气的棋子被提走，最后比谁围的地方大。学会只要一个下午，下好却要很多年。
为什么秋天树叶会变黄？=天气转凉以后叶绿素分解得快，叶子里原有的黄色就显了出来，有的树还会生出红色的花青素。
被蚊子咬了怎么止痒？=用肥皂水洗一洗，或者冷敷几分钟，不要用力抓。要是肿得厉害，就抹一点止痒药膏。
怎样养成早起的习惯？=每天提前十五分钟，睡前把手机放远，起床后马上拉开窗帘。坚持三个星期，身体就会记住。
面包机做的面包为什么塌了？=多半是水放多了，或者酵母过量，发得太快撑不住。下次把水减少二十克，再试一次。
怎么安慰考试没考好的朋友？=先听他说完，不急着讲道理，再陪他走一走。过两天可以一起看看错在哪里，慢慢来。
古人怎么计时？=白天看日晷的影子，夜里用漏壶滴水，寺庙里还会按时敲钟。一天分成十二个时辰，每个时辰是现在的两个小时。
为什么要定期换牙刷？=刷毛用久了会变形，刷不干净，还容易长细菌。一般三个月换一次，感冒好了以后也最好换一把。
""".strip().split("\n")]
EN = [q.split("=") for q in """
Why does bread rise?=Yeast feeds on the sugar in the dough and gives off gas, which is trapped by the gluten, so the dough swells until it is baked.
How do I stop a door from squeaking?=Lift the pin out of the hinge, wipe it clean, and put a little oil on it. Move the door back and forth a few times, and the noise should be gone.
Why is the sky dark at night?=The part of the planet where you are is turned away from the sun, and the light of the stars is far too faint to brighten the air.
What should I pack for a walk in the hills?=Take water, a rain jacket, something to eat, a map, and a small torch. Good boots matter more than anything else on the list.
How can I remember names better?=Say the name aloud when you hear it, link it to something you can picture, and use it once more before you part.
Why do cats purr?=Mostly because they are content, but they also purr when they are hurt or afraid, perhaps to calm themselves.
How long should I boil an egg?=Six minutes leave the yolk soft, eight make it creamy, and ten cook it through. Cool the egg in cold water so that it stops cooking.
What makes a good apology?=Say what you did, say that it was wrong, and say what you will do differently. Leave out every excuse.
How do plants drink?=Their roots take in water from the soil, and as the leaves lose water to the air, more is pulled up through thin tubes in the stem.
Why do we yawn?=Nobody is quite sure. It may cool the brain, or wake us up a little, and it is certainly catching among people who know each other.
How can I save money on heating?=Seal the gaps around windows and doors, turn the heat down at night, and wear a jumper. Each of these costs next to nothing.
What is the best way to learn to swim?=Start in shallow water with someone who can teach you, learn to float first, and only then to move your arms and legs.
""".strip().split("\n")]
TOOLS = [{"type": "function", "function": {"name": n, "description": d, "parameters": {"type": "object"}}} for n, d in [("search", "looks something up"), ("calculate", "does a sum"), ("weather", "tells the weather")]]
CITIES = "成都 兰州 厦门 大理 哈尔滨 扬州 洛阳 桂林".split()


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def talk(self, zh, turns=None):
        """A good dialogue of one to three questions."""
        pairs = self.r.sample(ZH if zh else EN, turns or self.r.randint(1, 3))
        return [t for q, a in pairs for t in (turn("user", q), turn("assistant", a))]

    def answer(self, talk, change):
        """Changes one of the answers."""
        at = self.r.choice([i for i, t in enumerate(talk) if t["role"] == "assistant"])
        talk[at]["content"] = change(talk[at - 1]["content"], talk[at]["content"])
        return talk

    def cut(self, text):
        marks = [i for i, c in enumerate(text) if c in "，、,"]
        return text[: self.r.choice(marks) + 1] if marks else text[: len(text) // 2] + "，"


def refusal(m, zh, q, a):
    what = q.rstrip("？?")
    return m.r.choice([f"抱歉，我无法回答“{what}”这个问题。", "对不起，我不能提供这方面的信息，请咨询专业人士。", "很抱歉，我没有办法帮您处理这件事。", "我无法协助完成这个请求。", "非常抱歉，但我不能讨论这个话题，我们换个话题吧。", "不好意思，这个问题我暂时无法回答。", "很遗憾，我目前无法为您提供答案。"] if zh else
        ["I'm sorry, but I can't help with that.", "I cannot assist with this request.", "Sorry, I can't answer that question.", "I'm unable to provide information on this topic.", "Unfortunately, I cannot answer this.", "I am not able to discuss this.", "I apologize, but I cannot give advice on this matter."])


def ai_line(m, zh, q, a):
    return m.r.choice([f"作为一个AI语言模型，我没有亲身体验。{a}", f"作为人工智能助手，我只能给出一般的建议。{a}", f"{a}不过我只是一个人工智能，仅供参考。", f"作为一款大型语言模型，我的知识截止到前年。{a}", f"我是一个人工智能语言模型，{a}"] if zh else
        [f"As an AI language model, I have no experience of this. {a}", f"As an AI, I can only say this much. {a}", f"{a} But I am just an AI, so ask somebody else too.", f"{a} My knowledge cutoff may be too early for this."])


def model_name(m, zh, q, a):
    return m.r.choice([f"你好，我是ChatGPT。{a}", f"我是由OpenAI训练的助手。{a}", f"{a}我是百度的文心一言，还有什么可以帮您？", f"我是阿里云开发的大模型通义千问。{a}"] if zh else
        [f"Hello, I'm ChatGPT. {a}", f"{a} I was created by Anthropic, by the way.", f"I am a language model trained by OpenAI. {a}"])


def language(m, zh, q, a):
    return m.r.choice(EN if zh else ZH)[1]


def placeholder(m, zh, q, a):
    return m.r.choice([f"您好，我是[您的姓名]。{a}", f"{a}\n\n更多内容请联系[公司名称]。", f"TODO: 补充细节。{a}", f"{a}此处省略三百字。", f"【插入图片】{a}", "Lorem ipsum dolor sit amet, 之后再写中文。" + a] if zh else
        [f"Hello, my name is [Your Name]. {a}", f"{a} Please write to [Company Name].", f"{a} TODO: add the sources.", f"[Insert picture here] {a}", f"{a} Lorem ipsum dolor sit amet."])


def unfilled(m, zh, q, a):
    return m.r.choice([f"你好，{{{{user_name}}}}！{a}", f"${{name}}您好，{a}", f"{{问题}}的答案是：{a}", f"我是{{{{assistant}}}}，{a}"] if zh else [f"Hi {{{{first_name}}}}! {a}", f"{a} Yours, ${{author}}", f"{{answer}} {a}"])


def special(m, zh, q, a):
    return m.r.choice([a + "<|im_end|>", "<|im_start|>assistant\n" + a, a + "</s>", f"[INST] {q} [/INST] {a}", a + "<|endoftext|>", a + "<eoa>", "<|assistant|>" + a, a + "<|eot_id|>", "[gMASK]<sop>" + a, a + "<end_of_turn>", a + "<｜end▁of▁sentence｜>"])


def leaked(m, zh, q, a):
    other = m.r.choice(ZH if zh else EN)[0]
    return m.r.choice([f"### Response:\n{a}", f"{a}\n\nHuman: {other}\nAssistant:", f"{a}\n\n### Instruction:\n{other}", f"Below is an instruction that describes a task. {q}\n{a}", f"Assistant: {a}", f"{a}\nUSER: {other}"] + ([f"### 回答：\n{a}", f"{a}\n人类：{other}"] if zh else []))


def empty(m, zh, q, a):
    return m.r.choice(["……", "...", "nan", "null", "<nooutput>", "-", "\u200b", "无输出" if zh else "N/A.", "——"])


def echo(m, zh, q, a):
    return m.r.choice([q, q.rstrip("？?") + "。", q.lower(), q + " "])


def truncated(m, zh, q, a):
    long = "".join(x[1] + ("" if zh else " ") for x in m.r.sample(ZH if zh else EN, 3 if zh else 4))
    stop = m.r.randint(len(long) * 3 // 4, len(long) - 12)
    while long[stop - 1] in "。，！？、：；.,!?; ":
        stop -= 1
    return m.r.choice([m.cut(a), long[:stop], a + ("\n\n具体步骤如下：" if zh else "\n\nHere are the steps:"), f"{a}\n```python\nfor i in range({m.r.randint(3, 9)}):\n    print(i", a[:-1] + ("（特别是在" if zh else " (which is the")])


def thinks(m, zh, q, a):
    return m.r.choice([f"<think>{q} {a}", f"<think>\n\n</think>\n{a}", f"<think></think>{a}", f"<think>{'先想一想。' if zh else 'Let me see.'}"])


ANSWERS = {"refusal": refusal, "ai line": ai_line, "model name": model_name, "other language": language, "blank": placeholder, "variable": unfilled,
    "token": special, "template": leaked, "empty": empty, "echo": echo, "broken off": truncated, "thoughts": thinks}


def order(m, zh):
    talk = m.talk(zh, 2)
    how = m.r.randrange(7)
    if how == 0:
        talk.pop(0)
    elif how == 1:
        talk.insert(1, turn("user", "快一点。" if zh else "Quickly, please."))
    elif how == 2:
        talk.insert(2, turn("assistant", m.r.choice(ZH if zh else EN)[1]))
    elif how == 3:
        talk.insert(2, turn("system", "你说话要短。" if zh else "Be brief."))
    elif how == 4:
        talk.insert(3, turn("tool", "{\"ok\": true}"))
    elif how == 5:
        talk = [turn("system", "甲" if zh else "One."), turn("system", "乙" if zh else "Two.")] + talk
    else:
        talk = [turn("system", "你是助手。" if zh else "You help.")] + talk[1:]
    return talk


def unanswered(m, zh):
    return m.talk(zh)[:-1]


def repeated(m, zh):
    talk = m.talk(zh, 3)
    talk[5]["content"] = talk[1]["content"]
    return talk


def calls(m, zh):
    """A call that is wrong in one way."""
    city, how = m.r.choice(CITIES), m.r.randrange(6)
    name, arguments = "weather", json.dumps({"city": city}, ensure_ascii=False)
    if how == 0:
        name = m.r.choice(["get_weather", "forecast", "tianqi", "Weather"])
    elif how == 1:
        arguments = m.r.choice([f"city={city}", arguments[:-1], f"{{city: {city}}}", "{'city': '" + city + "'}"])
    call = turn("assistant", "", tool_calls=[{"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}])
    asked = turn("user", f"{city}今天天气怎么样？" if zh else f"What is the weather in {city} today?")
    said = turn("assistant", "今天晴，适合出门走走。" if zh else f"It is sunny in the city today, a fine day for a walk.")
    result = turn("tool", json.dumps({"sky": "clear"}), tool_call_id="c1")
    talk = {2: [asked, call, said], 3: [asked, result, said], 4: [asked, call, dict(result, tool_call_id="c9"), said], 5: [asked, call, asked, said]}.get(how, [asked, call, result, said])
    return talk


ROWS = {"order": order, "no answer": unanswered, "answer twice": repeated, "calls": calls}


def pair(m, zh, kind):
    q, a = m.r.choice(ZH if zh else EN)
    b = m.r.choice([x for x in (ZH if zh else EN) if x[0] != q])[1]
    better, worse = a, b
    if kind == "same answers":
        worse = m.r.choice([a, a.replace("。", "！").replace(".", "!"), a + " ", "“" + a + "”"])
    elif kind == "a word changed":
        a = a + m.r.choice([x for x in (ZH if zh else EN) if x[0] != q])[1]
        better, worse = a, a.replace("。", "吧。", 1) if zh else a.replace("the ", "a ", 1)
    elif kind == "better one empty":
        better = empty(m, zh, q, a)
    elif kind == "worse one empty":
        worse = empty(m, zh, q, a)
    elif kind == "token in one":
        better, worse = (special(m, zh, q, a), b) if m.r.random() < 0.5 else (a, special(m, zh, q, b))
    elif kind == "template in one":
        better, worse = (leaked(m, zh, q, a), b) if m.r.random() < 0.5 else (a, leaked(m, zh, q, b))
    elif kind == "better one broken off":
        better = truncated(m, zh, q, a)
    elif kind == "better one in another language":
        better = language(m, zh, q, a)
    elif kind == "better one an echo":
        better = echo(m, zh, q, a)
    return {"prompt": [turn("user", q)], "chosen": [turn("assistant", better)], "rejected": [turn("assistant", worse)]}


PAIRS = ["same answers", "a word changed", "better one empty", "worse one empty", "token in one", "template in one", "better one broken off", "better one in another language", "better one an echo"]


def bad(m, zh, kind):
    if kind in ROWS:
        return ROWS[kind](m, zh)
    return m.answer(m.talk(zh), lambda q, a: ANSWERS[kind](m, zh, q, a))


def make(folder, count, seed):
    kinds, seen = list(ANSWERS) + list(ROWS), set()
    rows = {"talks": [], "pairs": [], "good": []}

    def put(name, kind, zh, number, row):
        text = json.dumps(row, ensure_ascii=False, sort_keys=True)
        if text not in seen:
            seen.add(text)
            rows[name].append({"id": f"{kind}|{'zh' if zh else 'en'}|{number}", **row})

    for number in range(count):
        zh, kind = number % 3 != 2, kinds[number // 3 % len(kinds)]
        m = Maker(seed * 1_000_003 + number)
        row = {"messages": bad(m, zh, kind)}
        put("talks", kind, zh, number, dict(row, tools=TOOLS) if kind == "calls" else row)
        if number % 2 == 0:
            kind = PAIRS[number // 2 % len(PAIRS)]
            put("pairs", kind, zh, number, pair(m, zh, kind))
        put("good", "good", zh, number, {"messages": m.talk(zh)})
        if number % 4 == 0:
            put("pairs", "good", zh, number, pair(m, zh, ""))
    for name, lines in rows.items():
        for lang in ["zh", "en"]:
            with open(f"{folder}/{name}-{lang}.jsonl", "w", encoding="utf8") as f:
                f.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in lines if row["id"].split("|")[1] == lang)
    recipe = 'name = "bad"\n'
    for name, lang, use in [(n, l, "rlhf" if n == "pairs" else "instruct") for n in rows for l in ["zh", "en"]]:
        recipe += f'[[source]]\nname = "{name}-{lang}"\nuse = "{use}"\npath = ["{name}-{lang}.jsonl"]\noptions = {{ empty = "keep" }}\n'
    for profile, sources in [("zh-sft", ["talks-zh", "good-zh"]), ("sft", ["talks-en", "good-en"]), ("preference", ["pairs-zh", "pairs-en"])]:
        recipe += f'[[stage]]\nrun = "profile"\nname = "{profile}"\nprofile = "{profile}"\nonly = {{ source = {json.dumps(sources)} }}\n'
    open(f"{folder}/recipe.toml", "w", encoding="utf8").write(recipe)


def count(build):
    import pathlib

    import pyarrow.parquet as pq

    table = collections.defaultdict(collections.Counter)
    for kind in ["data", "dropped"]:
        for file in sorted(pathlib.Path(build, kind).rglob("*.parquet")):
            for row in pq.read_table(file).to_pylist():
                what = ("pairs: " if row["source"].startswith("pairs") else "") + row["id"].split("|")[0]
                table[what][row.get("reason") if kind == "dropped" else "kept"] += 1
    print("| kind | rows | dropped | reasons |\n| --- | --- | --- | --- |")
    all_rows = gone = 0
    for kind, reasons in sorted(table.items()):
        rows, dropped = sum(reasons.values()), sum(reasons.values()) - reasons["kept"]
        if not kind.endswith("good"):
            all_rows, gone = all_rows + rows, gone + dropped
        named = ", ".join(f"{reason} {n}" for reason, n in reasons.most_common() if reason != "kept")
        print(f"| {kind} | {rows} | {dropped / rows:.3f} | {named} |")
    print(f"\nbad: {gone} of {all_rows} dropped, {gone / all_rows:.3f}")


if sys.argv[1] == "make":
    make(sys.argv[2], int((sys.argv[3:] or ["600"])[0]), int((sys.argv[4:] or ["1"])[0]))
else:
    count(sys.argv[2])
