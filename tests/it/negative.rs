//! Layouts that no shape of ours reads whole: each is refused or told, with the key that settles it, never read in
//! silence.

use super::harness::Scratch;

/// A row, and the field that the message must name.
const LOST: &[(&str, &str)] = &[
    // Answers under other names.
    (r#"{"prompt":"哪条河最长？","std_answer":"青石河。"}"#, "std_answer"),
    (r#"{"prompt":"哪条河最长？","reference_answer":"青石河。"}"#, "reference_answer"),
    (r#"{"question":"How deep is the well?","gold":"Nine metres."}"#, "gold"),
    (r#"{"question":"How deep is the well?","ground_truth":"Nine metres."}"#, "ground_truth"),
    (r#"{"query":"井有多深？","参考答案":"九米。"}"#, "参考答案"),
    (r#"{"query":"井有多深？","标准答案":"九米。"}"#, "标准答案"),
    (r#"{"prompt":"Name a tree.","reply":"An oak."}"#, "reply"),
    (r#"{"prompt":"Name a tree.","target_text":"An oak."}"#, "target_text"),
    (r#"{"prompt":"Name a tree.","modelOutput":"An oak."}"#, "modelOutput"),
    (r#"{"prompt":"Name a tree.","bot_response":"An oak."}"#, "bot_response"),
    (r#"{"prompt":"Name a tree.","explained":"An oak, since it stands at the gate."}"#, "explained"),
    (r#"{"query":"Double two.","answers":"[{\"name\":\"times\"}]"}"#, "answers"),
    (r#"{"prompt":"Name a tree.","solutions":["An oak.","An elm."]}"#, "solutions"),
    (r#"{"prompt":"写一句诗","诗句":"门前一棵老树，年年开白花。"}"#, "诗句"),
    // Two answers, and a verdict on them.
    (r#"{"prompt":"Name a bird.","reply_liked":"A wren.","reply_disliked":"A brick."}"#, "reply_liked"),
    (r#"{"prompt":"Name a bird.","answer_helpful":"A wren.","answer_harmful":"A brick."}"#, "answer_helpful"),
    (r#"{"prompt":"Name a bird.","response":"A wren.","verdict":"good"}"#, "verdict"),
    (r#"{"prompt":"Name a bird.","response":"A wren.","is_correct":true}"#, "is_correct"),
    (r#"{"prompt":"Name a bird.","response":"A wren.","preferred":"yes"}"#, "preferred"),
    (r#"{"prompt":"说一种鸟","response":"麻雀","是否正确":"是"}"#, "是否正确"),
    (r#"{"instruction":"Name a bird.","input":"","output":"A wren.","harmful":false}"#, "harmful"),
    (r#"{"instruction":"Name a bird.","input":"","output":"A wren.","bad_output":"A brick."}"#, "bad_output"),
    (r#"{"instruction":"Name a bird.","input":"","output":"A wren.","verdict":0}"#, "verdict"),
    // Beside the fields of a data set that is known.
    (r#"{"problem":"Two and three?","solution":"Count to five.","answer":"5","verdict":false}"#, "verdict"),
    (
        r#"{"INSTRUCTION":"水怎么煮？","RESPONSE":"用锅。","SOURCE":"x","METADATA":"{}","参考答案":"用壶。"}"#,
        "参考答案",
    ),
    // Scores.
    (r#"{"prompt":"Name a bird.","response":"A wren.","score":4.5}"#, "score"),
    (r#"{"prompt":"Name a bird.","response":"A wren.","reward":-0.5}"#, "reward"),
    (r#"{"prompt":"Name a bird.","response":"A wren.","quality_rating":3}"#, "quality_rating"),
    (r#"{"prompt":"说一种鸟","response":"麻雀","评分":4}"#, "评分"),
    (r#"{"instruction":"说一种鸟","input":"","output":"麻雀","人工打分":4}"#, "人工打分"),
    // Choices.
    (r#"{"question":"Which is a fruit?","choices":["a stone","a plum"],"answer":"a pear"}"#, "choices"),
    (r#"{"question":"Which is a fruit?","options":{"A":"a stone","B":"a plum"},"answer":"a pear"}"#, "options"),
    (r#"{"question":"哪个是水果？","选项":["石头","李子"],"answer":"李子"}"#, "选项"),
    (r#"{"question":"哪个是水果？","A":"石头","B":"李子","answer":"梨"}"#, "A"),
    (r#"{"question":"Which is a fruit?","candidates":["a stone","a plum"],"answer":"1"}"#, "candidates"),
    (r#"{"question":"Which is a fruit?","option_a":"stone","option_b":"plum","answer":"pear"}"#, "option_a"),
    // A second dialogue.
    (
        r#"{"messages":[{"role":"user","content":"Good day"},{"role":"assistant","content":"And to you."}],"other":[{"role":"user","content":"Rain?"},{"role":"assistant","content":"Not yet."}]}"#,
        "other",
    ),
    (
        r#"{"prompt":"Good day","response":"And to you.","dialog":[{"from":"human","value":"Rain?"},{"from":"gpt","value":"Not yet."}]}"#,
        "dialog",
    ),
    (r#"{"prompt":"Good day","response":"And to you.","turns":[["Rain?","Not yet."]]}"#, "turns"),
    // What was asked, beside a dialogue or an answer.
    (r#"{"prompt":"Sum it up.","response":"A mill.","passage":"Behind the hill stands a mill."}"#, "passage"),
    (r#"{"prompt":"Sum it up.","response":"A mill.","rationale":"First I look at the hill."}"#, "rationale"),
    (r#"{"prompt":"总结一下","response":"磨坊","思考":"先看山，再看磨坊。"}"#, "思考"),
    // A name that proves nothing: documents that are answers, classes or questions.
    (r#"{"input":"一周有几天？","content":"七天。"}"#, "input"),
    (r#"{"instruction":"Count the days.","content":"Seven."}"#, "instruction"),
    (r#"{"问题":"一周有几天？","content":"七天。"}"#, "问题"),
    (r#"{"text":"The soup was cold.","label":0}"#, "label"),
    (r#"{"text":"The soup was cold.","label":"negative"}"#, "label"),
    (r#"{"text":"汤是凉的。","标签":"差评"}"#, "标签"),
    (r#"{"text":"汤是凉的。","情感":"差"}"#, "情感"),
    (r#"{"text":"The soup was cold.","sentiment":"negative"}"#, "sentiment"),
    (r#"{"text":"Which is a fruit?","choices":["a stone","a plum"]}"#, "choices"),
    (r#"{"content":"Count the days.","response":"Seven."}"#, "response"),
    (r#"{"content":"数一数日子","回答":"七天。"}"#, "回答"),
    (
        r#"{"text":"Short.","gist":"A far longer text that nobody reads, since only the short one has a name that is known."}"#,
        "gist",
    ),
    (
        r#"{"title":"Days","content":"Seven.","transcript":[{"role":"user","content":"Rain?"},{"role":"assistant","content":"Not yet."}]}"#,
        "transcript",
    ),
    // Nothing that a shape reads: the names that are there are told.
    (r#"{"review":"The soup was cold.","label":0}"#, "review"),
    (r#"{"sentence1":"It rains.","sentence2":"It pours.","gold_label":"entailment"}"#, "sentence1"),
    (r#"{"premise":"It rains.","hypothesis":"It is wet."}"#, "premise"),
    (r#"{"tokens":["It","rains"],"ner_tags":[0,1]}"#, "tokens"),
    (r#"{"句子":"下雨了。","类别":"天气"}"#, "句子"),
    (r#"{"image":"a.png","caption":"A mill behind a hill."}"#, "caption"),
    (r#"{"audio":"a.wav","sentence":"It rains."}"#, "sentence"),
    (r#"{"a":1,"b":2}"#, "a"),
];

#[test]
fn layouts_that_nobody_knows_are_refused_with_their_key() {
    assert!(LOST.len() >= 60, "{}", LOST.len());
    let scratch = Scratch::new();
    let mut silent = Vec::new();
    for (index, (row, field)) in LOST.iter().enumerate() {
        scratch.write(&format!("{index}.jsonl"), format!("{row}\n{row}\n{row}\n"));
        let recipe =
            format!("name = \"n\"\n[[source]]\nname = \"s\"\npath = [\"{index}.jsonl\"]\nlicense = \"CC0-1.0\"\n");
        scratch.write("recipe.toml", recipe);
        let run = scratch.corpus(&["check", "recipe.toml"]);
        let said = run.stderr();
        // By its name between marks, or in the list of what the row has: a short name is part of many words.
        let listed = |words: &str| words.split([',', ' ', ')', '(', ';', '}', ']']).any(|word| word.trim() == *field);
        let named = said.contains(&format!("`{field}`"))
            || said.split("the row has: ").skip(1).any(|rest| rest.lines().next().is_some_and(listed));
        if run.code() == 0 || !named || !(said.contains("fields = {") || said.contains("format = ")) {
            silent.push(format!("{row}: {} {said}", run.code()));
        }
    }
    assert!(silent.is_empty(), "{} of {}:\n{}", silent.len(), LOST.len(), silent.join("\n"));
}

#[test]
fn a_build_refuses_and_the_key_that_it_says_settles_it() {
    let scratch = Scratch::new();
    scratch.write("a.jsonl", "{\"prompt\":\"井有多深？\",\"std_answer\":\"九米。\"}\n");
    let recipe = |more: &str| {
        let source = "name = \"n\"\n[[source]]\nname = \"s\"\npath = [\"a.jsonl\"]\nlicense = \"CC0-1.0\"\n";
        scratch.write("recipe.toml", format!("{source}{more}"));
    };
    recipe("");
    let run = scratch.try_build("out", &[]);
    assert_ne!(run.code(), 0);
    let key = "use = \"instruct\", fields = { response = \"std_answer\", prompt = \"prompt\" }";
    assert!(run.stderr().contains(key), "{}", run.stderr());
    recipe(&format!("{}\n", key.replacen(", ", "\n", 1)));
    assert_eq!(scratch.build("told", &[]).total("kept"), 1);
    // The other key: the answer goes to `meta`.
    recipe("format = \"prompt\"\n");
    assert_eq!(scratch.build("aside", &[]).total("kept"), 1);
    // What the rows are for is no word on how they are read.
    recipe("use = \"instruct\"\n");
    assert_ne!(scratch.try_build("use", &[]).code(), 0);
    let seen = scratch.corpus(&["inspect", "a.jsonl"]).stdout();
    assert!(seen.contains("prompt ← prompt") && seen.contains(key), "{seen}");
}

#[test]
fn what_is_metadata_is_reported_and_read() {
    let scratch = Scratch::new();
    let turns = "[{\"role\":\"user\",\"content\":\"Rain?\"},{\"role\":\"assistant\",\"content\":\"Not yet.\"}]";
    let rows = [
        (
            "{\"prompt\":\"Name a tree.\",\"response\":\"An oak.\",\"source\":\"x\",\"difficulty\":3}\n".to_owned(),
            "meta ← difficulty, source",
        ),
        (format!("{{\"messages\":{turns},\"category\":\"weather\"}}\n"), "meta ← category"),
        // What the row holds already is not lost.
        (format!("{{\"messages\":{turns},\"prompt\":\"Rain?\"}}\n"), "messages ← messages"),
        (
            "{\"text\":\"A mill behind a hill.\",\"language_score\":0.9,\"title\":\"Mill\"}\n".to_owned(),
            "language_score",
        ),
    ];
    for (index, (row, answer)) in rows.into_iter().enumerate() {
        scratch.write("a.jsonl", row.repeat(3));
        scratch.write(
            "recipe.toml",
            "name = \"n\"\n[[source]]\nname = \"s\"\npath = [\"a.jsonl\"]\nlicense = \"CC0-1.0\"\n",
        );
        let run = scratch.corpus(&["check", "recipe.toml"]);
        assert_eq!(run.code(), 0, "{row} {}", run.stderr());
        assert!(run.stderr().contains(answer), "{row} {}", run.stderr());
        assert_eq!(scratch.build(&format!("out{index}"), &[]).total("unreadable"), 0);
    }
}

#[test]
fn rows_of_a_file_make_it_plain_text_whatever_it_begins_with() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "[甲] 第一行，说的是山。\n[乙] 第二行，说的是水。\n");
    scratch.write(
        "recipe.toml",
        "name = \"n\"\n[[source]]\nname = \"s\"\npath = [\"a.txt\"]\nlicense = \"CC0-1.0\"\nrows = \"file\"\n",
    );
    let built = scratch.build("out", &[]);
    assert_eq!((built.total("read"), built.total("kept")), (1, 1));
}
