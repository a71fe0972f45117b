#!/usr/bin/env python3
"""Chat templates rendered by the code that trainers render them with: what `corpus` has to give for them.

    render_templates.py FOLDER OUT.jsonl [NAME…]

FOLDER holds templates (`*.jinja`), such as `chat_templates` of TRL's wheel; with names, only those are rendered. Each is
rendered over nine conversations, with and without the beginning of the next answer, by `transformers`' own
`render_jinja_template`, which runs Jinja2. A line a case: the template, the variables, messages and tools, and the text
with the ranges (in bytes) of what `{% generation %}` blocks wrote, or why Jinja2 refused.

    CORPUS_TEMPLATE_CASES=OUT.jsonl cargo test --lib -- template::tests::cases

compares them with ours. `tests/models/templates.jsonl` was written by this from templates of the wheel of TRL 1.16.0
(Apache-2.0); transformers 5.24.0, Jinja2 3.1.6.
"""

import datetime
import json
import sys
from pathlib import Path

from transformers.utils import chat_template_utils
from transformers.utils.chat_template_utils import render_jinja_template

DAY = datetime.date(2026, 11, 29)
VARIABLES = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


class Midnight(datetime.datetime):
    """A clock that stands."""

    @classmethod
    def now(cls, tz=None):
        return cls(DAY.year, DAY.month, DAY.day)


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


def call(number, name, **arguments):
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Weather \"now\" & <soon> — 天气",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "城市", "enum": ["北京", "Oslo"]},
                "days": {"type": "integer", "default": 1},
                "units": {"type": ["string", "null"]},
                "where": {"type": "array", "items": {"type": "number"}},
            },
            "required": ["city"],
        },
    },
}

CONVERSATIONS = {
    "tools": [
        turn("system", "Use tools."),
        turn("user", "Weather in Oslo?"),
        turn("assistant", "", tool_calls=[call(1, "weather", city="Oslo", days=2, where=[59.9, 10.0], units=None)]),
        turn("tool", '{"sky": "clear", "c": -3.5}', tool_call_id="call_1", name="weather"),
        turn("assistant", "Clear, −3.5 °C."),
    ],
    "thinking": [
        turn("user", "17 × 3?"),
        turn("assistant", "51", reasoning_content="17 × 3 = 51.\nSure."),
        turn("user", "And 4?"),
        turn("assistant", "68", reasoning_content="51 + 17"),
    ],
    "turns": [
        turn("user", "  a line \n"),
        turn("assistant", "one"),
        turn("user", "<think>no</think> it's \"two\"?"),
        turn("assistant", "<think>\nhm\n</think>\n\ntwo \n"),
        turn("user", "three"),
        turn("assistant", "\n\nthree"),
    ],
    "calls": [
        turn("user", "Weather in Oslo?"),
        turn("assistant", "", reasoning_content="I look it up.", tool_calls=[call(1, "weather", city="Oslo")]),
        turn("tool", '{"sky": "clear"}', tool_call_id="call_1", name="weather"),
        turn("assistant", "Clear.", reasoning_content="Clear, it says."),
        turn("user", "And in 北京?"),
        turn("assistant", "", reasoning_content="Once more.", tool_calls=[call(2, "weather", city="北京")]),
        turn("tool", '{"sky": "haze"}', tool_call_id="call_2", name="weather"),
        turn("assistant", "Haze.", reasoning_content="Haze, it says."),
    ],
    "system": [turn("system", "Be brief."), turn("user", "Hi"), turn("assistant", "Hello.")],
    "crlf": [turn("user", "one\r\ntwo\r\n"), turn("assistant", "\r\nthree\rfour\r\n")],
    "empty_system": [turn("system", ""), turn("user", "Hi"), turn("assistant", "Hello.")],
    "chinese": [
        turn("system", "你是一个乐于助人的助手。"),
        turn("user", "北京今天天气怎么样？𠮷👨‍👩‍👧"),
        turn("assistant", "抱歉，我不知道。"),
    ],
    "image": [
        turn("user", [{"type": "image"}, {"type": "text", "text": "What is it?"}]),
        turn("assistant", [{"type": "text", "text": "A cat."}]),
    ],
}


def case(name, template, conversation, prompt):
    messages, tools = CONVERSATIONS[conversation], [WEATHER] if conversation in ("tools", "calls") else None
    # Without the answer where the next one is asked for.
    messages = messages[:-1] if prompt else messages
    made = {"name": name, "conversation": conversation, "prompt": prompt, "messages": messages, "tools": tools}
    try:
        options = {"chat_template": template, "add_generation_prompt": prompt, "return_assistant_tokens_mask": True}
        texts, spans = render_jinja_template([messages], tools, **options, **VARIABLES)
    except Exception as error:
        return {**made, "refused": f"{type(error).__name__}: {error}"}
    text = texts[0]
    at = lambda chars: len(text[:chars].encode())
    return {**made, "text": text, "learnt": [[at(start), at(end)] for start, end in spans[0]]}


def main():
    folder, out, names = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    chat_template_utils.datetime = Midnight
    templates = sorted(folder.glob("*.jinja"))
    with open(out, "w", encoding="utf-8") as lines:
        for path in templates:
            if names and path.stem not in names:
                continue
            # Bytes as they are: Python would mend line ends.
            template = path.read_bytes().decode()
            print(json.dumps({"name": path.stem, "template": template, "variables": VARIABLES, "day": str(DAY)}, ensure_ascii=False), file=lines)
            for conversation in CONVERSATIONS:
                for prompt in (False, True):
                    print(json.dumps(case(path.stem, template, conversation, prompt), ensure_ascii=False), file=lines)


main()
