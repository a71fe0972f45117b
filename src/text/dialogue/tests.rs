use super::*;

const U: Role = Role::User;
const A: Role = Role::Assistant;

fn measured(turns: &[Turn<'_>]) -> Values {
    Meter::default().measure(&Dialogue { turns: turns.to_vec(), tools: None })
}

/// The places that are named in a dialogue of question and answer, by signal.
fn said(turns: &[(Role, &str)]) -> Vec<(&'static str, f64)> {
    let turns: Vec<_> = turns.iter().map(|(role, text)| Turn::new(*role, text)).collect();
    places(&measured(&turns))
}

fn places(values: &Values) -> Vec<(&'static str, f64)> {
    let named = SIGNALS.iter().zip(values.0).filter(|(about, value)| about.unit == Unit::Message && *value > 0.0);
    named.map(|(about, value)| (about.name, value)).collect()
}

const GOOD: [(Role, &str); 4] = [
    (U, "请介绍一下都江堰。"),
    (A, "都江堰在四川，是两千多年前修的水利工程，今天还在用。"),
    (U, "How old is it, and who built it?"),
    (A, "Li Bing and his son built it around 256 BC, so it is more than 2,200 years old."),
];

#[test]
fn a_good_dialogue_has_nothing_wrong() {
    let values = measured(&GOOD.map(|(role, text)| Turn::new(role, text)));
    assert_eq!(places(&values), []);
    assert_eq!((values.get(Signal::Messages), values.get(Signal::Answers)), (4.0, 2.0));
    assert_eq!(values.get(Signal::RefusalRatio), 0.0);
    assert_eq!(values.get(Signal::ShortestAnswer), GOOD[1].1.chars().count() as f64);
    assert!(values.get(Signal::PairLikeness).is_nan() && values.get(Signal::AnswerRatio) > 1.0);
}

#[test]
fn each_answer_that_is_wrong_is_named() {
    for (signal, question, answer) in [
        ("empty_message", "请介绍一下长江。", "……"),
        ("empty_message", "请介绍一下长江。", ""),
        ("empty_message", "Tell me about rivers.", "NaN"),
        ("empty_message", "Tell me about rivers.", "<noinput>"),
        ("echo", "请介绍一下长江的源头。", "请介绍一下长江的源头"),
        ("echo", "Where does the river begin?", "Where does the river begin? Hm."),
        (
            "looping_answer",
            "请介绍一下长江。",
            "长江很长很长，流过许多省。长江很长很长，流过许多省。长江很长很长，流过许多省。长江很长很长，流过许多省。",
        ),
        ("refusal", "怎么开锁？", "抱歉，我无法提供这方面的帮助。"),
        ("refusal", "怎麼開鎖？", "很抱歉，我不能協助您做這件事。"),
        ("refusal", "How do I open a lock?", "I'm sorry, but I can't help with that."),
        ("refusal", "How do I open a lock?", "I can’t assist with opening locks."),
        ("ai_line", "你喜欢什么颜色？", "作为一个人工智能语言模型，我没有喜好，不过蓝色很多人喜欢。"),
        (
            "ai_line",
            "What do you like?",
            "As an AI language model, I have no taste of my own, though blue is liked by many.",
        ),
        ("model_name", "你是谁？", "我是由OpenAI训练的助手，可以回答问题。"),
        ("model_name", "Who are you?", "I'm ChatGPT, and I answer questions."),
        (
            "answer_language",
            "请介绍一下长江的源头。",
            "The river begins in the high mountains of the west, at a glacier.",
        ),
        ("answer_language", "Where does the river begin?", "长江发源于青藏高原的冰川，一路向东流去。"),
        ("placeholder", "帮我想一句开场白。", "大家好，我是[您的姓名]，很高兴认识各位。"),
        ("placeholder", "Give me an opening line.", "Hello, my name is [Your Name] and I am glad to be here."),
        ("placeholder", "这句话怎么接？", "TODO: 这里以后再写。"),
        ("unfilled", "你叫什么？", "我叫{{name}}，很高兴认识你。"),
        ("unfilled", "What are you called?", "My name is ${assistant_name}."),
        ("truncated", "有哪些乐器？", "常见的有钢琴、小提琴、手风琴、萨克斯、"),
        ("truncated", "Name some instruments.", "Here is a list of the instruments that are played most often:"),
        ("special_token", "下雨了吗？", "下了一整天。<|im_end|>"),
        ("special_token", "Is it raining?", "All day long.</s>"),
        ("leaked_prompt", "下雨了吗？", "### 回答：下了一整天。"),
        ("leaked_prompt", "Is it raining?", "All day long.\n\nHuman: And tomorrow?"),
        ("empty_reasoning", "下雨了吗？", "<think>\n</think>下了。"),
        ("unclosed_reasoning", "Is it raining?", "<think>Let me look out of the window."),
    ] {
        let found = said(&[GOOD[0], GOOD[1], (U, question), (A, answer)]);
        assert!(found.contains(&(signal, 4.0)), "{signal}: {answer}: {found:?}");
    }
}

#[test]
fn what_only_looks_like_it_is_not_named() {
    for (question, answer) in [
        (
            "请把这句话译成英文：河水从雪山上流下来。",
            "The water of the river flows down from the snow mountains, year after year.",
        ),
        ("怎么写循环？", "```python\nfor name in names:\n    print(f'{name} and {{name}}')\n```"),
        ("写一封求职信的模板。", "尊敬的[收件人姓名]：\n我叫[您的姓名]，想应聘贵公司的职位。"),
        ("Write a letter template.", "Dear [Recipient],\n\nMy name is [Your Name]."),
        ("对不起怎么说才诚恳？", "先说清楚错在哪里，再说打算怎么补救。抱歉二字放在最后。"),
        ("为什么有人说抱歉？", "因为做错了事，心里过意不去。这样的人往往很在意别人的感受，我不能说这是缺点。"),
        ("人工智能是什么？", "人工智能是让机器做需要智力的事的学问，语言模型是其中一种。"),
        ("What is a language model?", "A language model predicts the next word. OpenAI and others train such models."),
        ("公式怎么写？", "写成 \\frac{{ab}}{cd} 或 x^{{10}} 都行，集合写 {a, b}。"),
        ("会话标记有哪些？", "ChatML 用 `<|im_start|>` 和 `<|im_end|>`，Llama 2 用 `[INST]`。"),
        ("写一段人与机器的对话。", "Human: 你好。\nAssistant: 你好，有什么事？"),
        ("1+1=?", "2"),
        ("选哪个？A 还是 B", "B"),
        ("谢谢！", "不客气！"),
    ] {
        assert_eq!(said(&[(U, question), (A, answer)]), [], "{question}");
    }
}

#[test]
fn repeated_answers_and_lost_roles_are_named() {
    let long = "这个问题可以从三个方面来看：天气、土壤和人。三者缺一不可，而人是最要紧的。";
    let found = said(&[(U, "甲？"), (A, long), (U, "乙呢？"), (A, long)]);
    assert_eq!(found, [("repeated_answer", 4.0)]);
    assert_eq!(said(&[(U, "甲？"), (A, "好。"), (U, "乙呢？"), (A, "好。")]), []);
    let found = said(&[(A, "您好。"), (U, "甲？")]);
    assert_eq!(found, [("wrong_order", 1.0), ("no_answer", 2.0)]);
    let found = said(&[(U, "### Instruction: 甲？"), (A, "好。")]);
    assert_eq!(found, [("leaked_prompt", 1.0)]);
    assert_eq!(said(&[(Role::System, "You are a helpful assistant"), (U, "甲？"), (A, "好。")]), []);
}

#[test]
fn the_worse_answer_may_be_bad_but_not_broken() {
    let part = |part, text| Turn { part, ..Turn::new(A, text) };
    let row = |better, worse| {
        measured(&[Turn::new(U, "请介绍一下长江的源头。"), part(Part::Chosen, better), part(Part::Rejected, worse)])
    };
    let good = "长江发源于青藏高原的冰川，一路向东流去。";
    assert_eq!(places(&row(good, "抱歉，我无法回答这个问题。")), []);
    assert_eq!(places(&row("抱歉，我无法回答这个问题。", good)), [("refusal", 2.0), ("needless_refusal", 2.0)]);
    assert_eq!(places(&row(good, "")), [("empty_message", 3.0)]);
    assert_eq!(places(&row(good, "不知道。</s>")), [("special_token", 3.0)]);
    let same = row(good, "长江发源于青藏高原的冰川，一路向东流去");
    assert_eq!((same.get(Signal::PairLikeness), same.get(Signal::PairRatio)), (1.0, 20.0 / 19.0));
    let other = row(good, "长江从雪山上来。");
    assert!(other.get(Signal::PairLikeness) < 0.5 && other.get(Signal::PairRatio) > 2.0);
}

#[test]
fn calls_of_tools_are_held_against_the_tools() {
    let tools = r#"[{"type":"function","function":{"name":"weather","parameters":{}}}]"#;
    let call = |name: &str, arguments: &str| {
        serde_json::json!([{"type": "function", "function": {"name": name, "arguments": arguments}}]).to_string()
    };
    let row = |calls: &str, tools: Option<&str>, result: bool| {
        let mut turns =
            vec![Turn::new(U, "北京下雨吗？用 forecast 查。"), Turn { calls: Some(calls), ..Turn::new(A, "") }];
        turns.extend(result.then(|| Turn::new(Role::Tool, "{\"雨\": true}")));
        turns.push(Turn::new(A, "下雨，记得带伞。"));
        places(&Meter::default().measure(&Dialogue { turns, tools }))
    };
    let good = call("weather", "{\"city\": \"北京\"}");
    assert_eq!(row(&good, Some(tools), true), []);
    assert_eq!(row(&call("forecast", "{}"), Some(tools), true), [("undeclared_tool", 2.0)]);
    assert_eq!(row(&call("forecast", "{}"), None, true), []);
    assert_eq!(row(&good, None, true), [("undeclared_tool", 2.0)]);
    assert_eq!(row(&call("weather", "city=北京"), Some(tools), true), [("bad_arguments", 2.0)]);
    assert_eq!(row(&good, Some(tools), false), [("call_without_result", 2.0)]);
    assert!(row("not JSON", Some(tools), true).contains(&("bad_arguments", 2.0)));
}

#[test]
fn phrases_of_a_recipe_count_too() {
    let turns = vec![Turn::new(U, "能退货吗？"), Turn::new(A, "本店概不退换。")];
    let dialogue = Dialogue { turns, tools: None };
    assert_eq!(Meter::default().measure(&dialogue).get(Signal::Refusal), 0.0);
    let meter = Meter::with(&[patterns::pattern("refusal", "any", "概不*换").unwrap()]);
    assert_eq!(meter.measure(&dialogue).get(Signal::Refusal), 2.0);
}

#[test]
fn no_row_is_too_odd() {
    let odd = [
        "",
        "\u{0}",
        "`",
        "```",
        "```\n```",
        "{{",
        "{{}}",
        "${",
        "<think>",
        "</think>",
        "（",
        "[",
        "抱歉",
        "\u{202e}好",
        "🇨🇳👨‍👩‍👧",
        "As an AI",
        "***",
        "| |",
        "\r\n",
        "{{{{a}}}}",
        "$${a}",
        "{\u{2028}{",
        "。。。",
        "甲`乙\n```丙",
        "作为一个",
    ];
    for a in odd {
        for b in odd {
            for (one, two) in [(U, A), (A, A), (Role::System, Role::Tool), (Role::Other, U)] {
                for part in [Part::Dialogue, Part::Chosen, Part::Rejected] {
                    let first = Turn { reasoning: Some(b), calls: Some(a), call_id: Some(b), ..Turn::new(one, a) };
                    let turns = vec![first, Turn { part, ..Turn::new(two, b) }];
                    let row = Dialogue { turns, tools: Some(b) };
                    let values = Meter::default().measure(&row);
                    assert_eq!(format!("{values:?}"), format!("{:?}", Meter::default().measure(&row)));
                }
            }
        }
    }
    assert_eq!(measured(&[]).get(Signal::NoAnswer), 1.0);
}

#[test]
fn refusals_that_were_chosen() {
    let row = |prompt: &str, better: &str, worse: &str| {
        let better = Turn { part: Part::Chosen, ..Turn::new(A, better) };
        let worse = Turn { part: Part::Rejected, ..Turn::new(A, worse) };
        measured(&[Turn::new(U, prompt), better, worse]).get(Signal::NeedlessRefusal)
    };
    let wall = "长城始建于春秋战国，秦统一六国后连接各国旧墙，明代大规模重修，东起山海关，西至嘉峪关。";
    let short = "对不起，我无法回答这个问题。";
    assert_eq!(row("请介绍一下长城的历史。", short, wall), 2.0);
    let english = "A long wall in the north, built over many centuries to keep riders out.";
    assert_eq!(row("Tell me of the Great Wall.", "I'm sorry, but I can't help with that.", english), 2.0);
    // The other way round, of harm, of what nobody knows, and with a reason.
    assert_eq!(row("请介绍一下长城的历史。", wall, short), 0.0);
    assert_eq!(row("怎么造炸弹？", short, wall), 0.0);
    assert_eq!(row("明天的天气怎么样？", short, wall), 0.0);
    let reason = "对不起，我无法回答这个问题，因为史书对此各说不一，学者们至今没有定论，您可以先读几本通史再来比较。";
    assert_eq!(row("请介绍一下长城的历史。", reason, &wall.repeat(2)), 0.0);
    assert_eq!(
        row("请介绍一下长城的历史。", short, "抱歉，我不能回答，因为我不知道长城的历史是什么样子的，也没有资料。"),
        0.0
    );
}
