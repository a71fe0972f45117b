//! The command line with a Chinese locale: twenty commands, wrong ones among them, in which no English sentence is
//! left; JSON and exit codes as they are in English.

use crate::harness::{Run, Scratch, json_lines};

/// Runs a command line with `LANG=zh_CN.UTF-8` and 80 columns.
fn chinese(scratch: &Scratch, line: &str) -> Run {
    asked(scratch, &line.split_whitespace().collect::<Vec<_>>())
}

/// Four English words in a row, outside of backticks: names, paths and values of the user are no sentence.
fn sentence(text: &str) -> Option<String> {
    let plain: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" ` ");
    let is_word =
        |w: &&str| w.len() > 1 && w.trim_matches([',', '.', ';', ':']).chars().all(|c| c.is_ascii_lowercase());
    for line in plain.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        // Names one after the other are a list.
        let listed = |four: &[&str]| four[..3].iter().all(|word| word.ends_with(','));
        if let Some(four) = words.windows(4).find(|four| four.iter().all(is_word) && !listed(four)) {
            return Some(format!("{}: {line}", four.join(" ")));
        }
    }
    None
}

/// A line that begins with a mark that belongs behind the word before it.
fn torn(text: &str) -> Option<&str> {
    text.lines().find(|line| line.trim_start().starts_with(['，', '。', '；', '：', '！', '？', '、', '）', '」', '”']))
}

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    let rows = "{\"text\":\"今天天气很好，我们去公园散步，看见很多花都开了。\"}\n{\"text\":\"短\"}\n{oops\n";
    scratch.write("a.jsonl", rows.repeat(3));
    scratch.write("b.jsonl", json_lines(5));
    let stages = "[[stage]]\nrun='language'\n[[stage]]\nrun='keep'\nname='length'\nchars={min=5}\n[[stage]]\nrun='exact_dedup'\n";
    let source = "[[source]]\nname='一'\npath='a.jsonl'\nlicense='CC0-1.0'\n";
    scratch.write("good.toml", format!("name='好'\n[input]\nmax_unreadable=0.9\n{source}{stages}"));
    scratch.write(
        "bad.toml",
        "name='坏/坏'\nnmae=1\n[output]\nshards='1MiB'\n[[source]]\nname='x'\n[[stage]]\nrun='minhash'\n[[stage]]\nrun='keep'\nscript={in=['Hans']}\nchars={min=9,max=2}\n",
    );
    scratch.write("gone.toml", "name='x'\n[[source]]\nname='x'\npath='gone/*.jsonl'\n");
    scratch
}

/// `dropped` and `rows` are words that the catalogue has; as names of a stage and a recipe they stay what they are.
#[test]
fn names_that_a_user_gave_are_not_translated() {
    let scratch = scratch();
    let stages = "[[stage]]\nrun='keep'\nname='dropped'\nchars={min=5}\n";
    scratch.write("named.toml", format!("name='rows'\n[input]\nmax_unreadable=0.9\n[[source]]\nname='kept'\npath='a.jsonl'\nlicense='CC0-1.0'\n{stages}"));
    let run = chinese(&scratch, "plan --recipe named.toml --out out");
    assert!(run.stderr().contains("查看已完成的部分 rows ("), "{}", run.stderr());
    let run = chinese(&scratch, "build --recipe named.toml --out out");
    assert!(run.stderr().contains("判断 dropped ("), "{}", run.stderr());
}

#[test]
fn what_a_recipe_is_for_stands_above_it() {
    let text = chinese(&scratch(), "explain vicuna").stdout();
    assert!(text.contains("\nVicuna：按 FastChat 的规则清理的 ShareGPT 对话\n"), "{text}");
}

#[test]
fn remarks_of_recipes_are_chinese() {
    let scratch = scratch();
    for line in ["explain zh-web", "explain quickstart", "explain deepspeed-chat", "init a.jsonl --from zh-pretrain"] {
        let run = chinese(&scratch, line);
        let text = run.stdout();
        let remarks: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once("# ")?.1)).collect();
        assert!(run.code() == 0 && remarks.len() > 5, "{line}: {text}");
        let english: Vec<String> = remarks.iter().filter_map(|remark| sentence(remark)).collect();
        assert!(english.is_empty(), "{line}: {english:?}");
        assert!(!text.contains("use pretrain"), "{line}: {text}");
    }
}

#[test]
fn a_session_without_an_english_sentence() {
    let scratch = scratch();
    // The command, and its exit code.
    let session = [
        ("--help", 0),
        ("build --help", 0),
        ("biuld", 2),
        ("--lang fr list", 2),
        ("build --recipe good.toml --thread 2", 2),
        ("build --threads 0 --recipe good.toml", 2),
        ("check bad.toml", 1),
        ("check good.toml", 0),
        ("check gone.toml", 1),
        ("check none.toml", 1),
        ("plan --recipe good.toml --out out", 0),
        ("build --recipe good.toml --out out", 0),
        ("build --recipe good.toml --out out --memory 2", 2),
        ("inspect out", 0),
        ("inspect out --dropped", 0),
        ("inspect out --unreadable", 0),
        ("inspect a.jsonl", 0),
        ("explain near_dedup", 0),
        ("explain exact_duplicate", 0),
        ("explain R041", 0),
        ("explain near_dedupe", 2),
        ("list stages", 0),
        ("list exports", 0),
        ("why out nothing", 1),
        ("diff out out", 0),
        ("tune out", 0),
        ("export out --to openai", 1),
        ("cache list", 0),
        ("fetch no_such_card --dry-run --offline", 1),
    ];
    let (mut wrong, mut said) = (Vec::new(), String::new());
    for (line, code) in session {
        let run = chinese(&scratch, line);
        said += &faults(&run, line, &mut wrong);
        if run.code() != code {
            wrong.push(format!("`{line}` ended with {}, not {code}", run.code()));
        }
    }
    println!("{said}");
    assert!(wrong.is_empty(), "{}\n\n{said}", wrong.join("\n"));
}

/// Runs a command with `LANG=zh_CN.UTF-8`, its words as they are.
fn asked(scratch: &Scratch, words: &[&str]) -> Run {
    Run::of(scratch.command(words).env("LANG", "zh_CN.UTF-8").env("COLUMNS", "80"))
}

/// What is wrong with the Chinese of a run.
fn faults(run: &Run, line: &str, wrong: &mut Vec<String>) -> String {
    // A query is shown again where it is wrong.
    let query = line.split_once("select ").map_or("", |query| query.1);
    let text = format!("{}{}", run.stdout(), run.stderr());
    let text = if query.is_empty() { text } else { text.replace(query, "") };
    wrong.extend(sentence(&text).map(|found| format!("`{line}`: {found}")));
    wrong.extend(torn(&text).map(|found| format!("`{line}`: a line begins with a mark: {found}")));
    if !text.chars().any(|c| ('\u{4e00}'..'\u{a000}').contains(&c)) {
        wrong.push(format!("`{line}` says nothing in Chinese"));
    }
    format!("$ corpus {line}\n{text}\n")
}

#[test]
fn mistakes_are_told_in_chinese() {
    let scratch = scratch();
    assert_eq!(scratch.corpus(&["build", "--recipe", "quickstart", "--out", "q"]).code(), 0);
    let session: [(&[&str], i32); 36] = [
        (&["sql", "q"], 0),
        (&["sql", "q", "select sorce from data"], 1),
        (&["sql", "q", "selct 1"], 1),
        (&["sql", "q", "select 'x"], 1),
        (&["sql", "q", "select count(*) from nothing"], 1),
        (&["sql", "q", "select sum(text) from data"], 1),
        (&["sql", "q", "select nofunc(text) from data"], 1),
        (&["sql", "q", "select chars + 'a' from data"], 1),
        (&["sql", "q", "select text from data where chars"], 1),
        (&["sql", "q", "select source, count(*) from data"], 1),
        (&["sql", "q", "select cast(text as int) from pretrain"], 1),
        (&["sql", "q", "select id from data a join pretrain b on a.id = b.id"], 1),
        (&["sql", "q", "drop table data"], 1),
        (&["sql", "none", "select 1"], 1),
        (&["train-tokenizer", "q", "--size", "300", "--out", "t"], 2),
        (&["train-tokenizer", "q", "--out", "t"], 2),
        (&["tokenizer-report", "a.jsonl", "--on", "q"], 1),
        (&["tokenizer-report", "none.json", "--on", "q"], 1),
        (&["export", "q", "--to", "unknown"], 2),
        (&["export", "q", "--to", "packed"], 2),
        (&["export", "q", "--to", "llama_factory", "--out", "x"], 0),
        (&["build", "--recipe", "good.toml", "--worker", "3/2"], 2),
        (&["view", "none"], 1),
        (&["view", "q", "--port", "99999"], 2),
        (&["report", "none"], 1),
        (&["tune", "q", "length.nope"], 1),
        (&["diff", "q", "none"], 1),
        (&["why", "q", "unknown"], 1),
        (&["why", "q", "n107"], 0),
        (&["plan", "--recipe", "quickstart"], 0),
        (&["inspect", "q", "--reason", "nope"], 0),
        (&["inspect", "nothing"], 1),
        (&["init", "a.jsonl"], 0),
        (&["list", "nothing"], 2),
        (&["fetch", "alpaca", "--dry-run", "--offline"], 0),
        (&["cache", "verify"], 0),
    ];
    let (mut wrong, mut said) = (Vec::new(), String::new());
    for (words, code) in session {
        let (run, line) = (asked(&scratch, words), words.join(" "));
        said += &faults(&run, &line, &mut wrong);
        if run.code() != code {
            wrong.push(format!("`{line}` ended with {}, not {code}", run.code()));
        }
    }
    let built = asked(&scratch, &["build", "--recipe", "good.toml", "--out", "g", "--quiet"]);
    assert_eq!(built.code(), 0, "{}", built.stderr());
    said += &faults(&asked(&scratch, &["diff", "q", "g"]), "diff q g", &mut wrong);
    println!("{said}");
    assert!(wrong.is_empty(), "{}\n\n{said}", wrong.join("\n"));
    // What earlier sessions stumbled over.
    let odd = ["file only", "row to be", " source ·", "` 一 `", "list of", "Expected", "Mapped", "about "];
    let odd: Vec<&str> = odd.into_iter().filter(|odd| said.contains(odd)).collect();
    assert!(odd.is_empty(), "{odd:?} in\n{said}");
}

#[test]
fn help_and_explanations_are_chinese() {
    let scratch = Scratch::new();
    let (mut wrong, mut said) = (Vec::new(), String::new());
    let mut tree = corpus::cli::command();
    tree.build();
    let commands: Vec<String> = tree.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for command in commands.iter().filter(|name| *name != "help") {
        said += &faults(&asked(&scratch, &[command, "--help"]), &format!("{command} --help"), &mut wrong);
    }
    for name in ["near_dedup", "personal_data", "profile", "split", "gates", "pairs", "squad", "mediawiki", "draw"] {
        said += &faults(&asked(&scratch, &["explain", name]), &format!("explain {name}"), &mut wrong);
    }
    for name in ["llama_factory", "trl", "verl", "packed", "export_template", "R041"] {
        said += &faults(&asked(&scratch, &["explain", name]), &format!("explain {name}"), &mut wrong);
    }
    println!("{said}");
    assert!(wrong.is_empty(), "{}\n\n{said}", wrong.join("\n"));
}

#[test]
fn what_programs_read_is_the_same_in_both_languages() {
    let scratch = scratch();
    for line in [
        "check bad.toml --format json",
        "list stages --format json",
        "explain keep --format json",
        "build --format json",
    ] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (english, chinese) = (scratch.corpus(&words), chinese(&scratch, line));
        assert_eq!((english.code(), english.stdout()), (chinese.code(), chinese.stdout()), "{line}");
    }
}

#[test]
fn the_option_is_heard_before_the_variables() {
    let scratch = scratch();
    let said = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = scratch.command(arguments);
        for (name, value) in variables {
            command.env(name, value);
        }
        let run = Run::of(&mut command);
        format!("{}{}", run.stdout(), run.stderr())
    };
    let is_chinese = |text: &str| text.contains("用法：");
    assert!(is_chinese(&said(&["--help"], &[("CORPUS_LANG", "zh")])));
    assert!(is_chinese(&said(&["--help"], &[("LC_ALL", "zh_TW.UTF-8"), ("LANG", "C")])));
    assert!(is_chinese(&said(&["--help", "--lang", "zh"], &[("CORPUS_LANG", "en")])));
    assert!(is_chinese(&said(&["build", "--lang=zh", "--no-such"], &[])));
    assert!(!is_chinese(&said(&["--help", "--lang=en"], &[("LANG", "zh_CN.UTF-8")])));
    assert!(!is_chinese(&said(&["--help"], &[("CORPUS_LANG", "en"), ("LANG", "zh_CN.UTF-8")])));
    assert!(!is_chinese(&said(&["--help"], &[("LANG", "de_DE.UTF-8")])));
}

#[test]
fn the_checks_see_what_they_look_for() {
    assert!(sentence("没有 this is an english sentence").is_some());
    assert!(sentence("`this is an english sentence` 与 near_dup 的 max_row").is_none());
    assert_eq!((torn("好\n  ，不好"), torn("好，\n好")), (Some("  ，不好"), None));
}
