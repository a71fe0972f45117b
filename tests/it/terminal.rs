//! What a terminal shows: nothing wider than it is, one warning a kind, names completed by the shell, manual pages.

use corpus::cli::command;

use crate::harness::{Scratch, contains, document, json_lines};

/// Columns of a text on a terminal: Chinese takes two.
fn width(text: &str) -> usize {
    text.chars()
        .map(
            |c| {
                if matches!(u32::from(c), 0x2e80..=0xffdc if !(0xa4d0..0xac00).contains(&u32::from(c))) { 2 } else { 1 }
            },
        )
        .sum()
}

#[test]
fn tables_fit_the_terminal() {
    let scratch = Scratch::new();
    let long = "一个有很长名字的来源文件夹/还有一个很长很长的文件名，足够宽";
    for i in 0..3 {
        scratch.write(&format!("{long}/{i}.jsonl"), json_lines(30));
    }
    scratch.store(
        "nlp_chinese_corpus",
        "hf:owner/mine",
        "abc",
        &[("wiki2019zh", "一个很长的文件名/这里还有很多字/train-00000-of-00001.jsonl", "x")],
    );
    scratch.write(
        "recipe.toml",
        format!("name='r'\n[[source]]\nname='一个名字很长很长的来源'\npath=['{long}/*.jsonl']\n[[stage]]\nrun='language'\n[[stage]]\nrun='keep'\nname='a_rather_long_name_of_a_stage'\nchars={{ min=60, max=100000 }}\nlanguage={{ in=['zh','en'] }}\n[[stage]]\nrun='exact_dedup'\n"),
    );
    scratch.build("out", &[]);
    let commands: [&[&str]; 12] = [
        &["list"],
        &["list", "stages"],
        &["list", "sources"],
        &["list", "recipes"],
        &["cache", "list"],
        &["cache", "size"],
        &["inspect", "."],
        &["inspect", "out"],
        &["inspect", "out", "--dropped"],
        &["plan", "--recipe", "recipe.toml", "--out", "other"],
        &["explain", "nlp_chinese_corpus"],
        &["fetch", "alpaca", "--dry-run", "--offline"],
    ];
    for columns in [80, 100, 140] {
        for arguments in commands {
            let run = scratch.command(arguments).env("COLUMNS", columns.to_string()).output().unwrap();
            let shown = String::from_utf8(run.stdout).unwrap();
            assert!(!shown.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
            // Paths of this machine and addresses are never broken: they are there to be copied.
            let wide = shown.lines().find(|l| width(l) > columns && !l.contains("://") && !l.contains("/tmp"));
            assert_eq!(wide, None, "{columns} {arguments:?}\n{shown}");
        }
    }
    // Without a terminal lists are for programs: a line an item.
    let plain = scratch.command(&["list", "stages"]).env_remove("COLUMNS").output().unwrap();
    assert_eq!(String::from_utf8(plain.stdout).unwrap().lines().count(), corpus::stages::ALL.len());
}

#[test]
fn many_files_of_a_kind_are_one_warning() {
    let scratch = Scratch::new();
    for i in 0..120 {
        let text = encoding_rs::GBK.encode(&format!("{}\n{}\n", document(i), document(i + 500))).0.into_owned();
        scratch.write(&format!("n/{i:03}.txt"), text);
    }
    scratch.write("recipe.toml", "name='r'\n[[source]]\nname='n'\npath=['n/*.txt']\nrows='file'\n");
    let warnings = |said: &str| said.lines().filter(|l| l.starts_with("warning:")).count();
    for command in [&["check", "recipe.toml"][..], &["build", "--recipe", "recipe.toml", "--out", "out"]] {
        let said = scratch.corpus(command).stderr();
        assert!(warnings(&said) <= 3 && said.lines().count() < 25, "{command:?}: {said}");
    }
    scratch.write("plain.toml", "name='r'\n[[source]]\nname='n'\npath=['n/*.txt']\n");
    let said = scratch.corpus(&["build", "--recipe", "plain.toml", "--out", "plain"]).stderr();
    let counts = said.lines().filter_map(|l| l.strip_prefix("warning: ")?.split_once(" file")?.0.parse::<u32>().ok());
    assert_eq!(counts.sum::<u32>(), 120, "{said}");
    contains(&said, &["first: n/000.txt"], &[]);
    assert!(warnings(&said) <= 4, "{said}");
    let every = scratch.corpus(&["build", "--recipe", "plain.toml", "--out", "every", "-v"]).stderr();
    assert!(warnings(&every) >= 120, "{every}");
}

/// What the shell offers for the last word.
fn offered(scratch: &Scratch, shell: &str, words: &[&str]) -> String {
    let mut command = scratch.command(&[]);
    command.env("COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", words.len().to_string()).env("_CLAP_IFS", "\n");
    let output = command.arg("--").arg("corpus").args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn shells_complete_names() {
    let scratch = Scratch::new();
    scratch.write("mine.toml", "name='m'\n");
    scratch.store("some_set", "hf:owner/mine", "abc", &[("all", "a.jsonl", "x")]);
    let cases: [(&[&str], &[&str]); 9] = [
        (&["build", "--recipe", "zh-"], &["zh-pretrain", "zh-rlhf"]),
        (&["check", "mi"], &["mine.toml"]),
        (&["init", "--from", "alpaca"], &["alpaca-lora"]),
        (&["explain", "near"], &["near_dedup"]),
        (&["explain", "nlp_"], &["nlp_chinese_corpus"]),
        (&["fetch", "nlp_"], &["nlp_chinese_corpus"]),
        (&["fetch", "x", "--part", "nlp_chinese_corpus/wiki"], &["nlp_chinese_corpus/wiki2019zh"]),
        (&["cache", "verify", "so"], &["some_set"]),
        (&["inspect", "out", "--reason", "chars_"], &["chars_min"]),
    ];
    for shell in ["bash", "zsh", "fish"] {
        let script = scratch.corpus(&["completions", shell]).stdout();
        assert!(script.contains("COMPLETE") && script.contains("corpus"), "{script}");
        for (words, wanted) in cases {
            let found = offered(&scratch, shell, words);
            assert!(wanted.iter().all(|w| found.contains(w)), "{shell} {words:?}: {found}");
        }
        let none = offered(&scratch, shell, &["explain", "zzzz"]);
        assert!(!none.contains("keep"), "{none}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let scratch = Scratch::new();
    let first = scratch.corpus(&["man"]).stdout();
    assert!(first.contains(".TH corpus 1") && first.contains("corpus\\-build"), "{first}");
    let run = scratch.corpus(&["man", "man1"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    for name in command().get_subcommands().map(|c| c.get_name().to_owned()).filter(|n| n != "help") {
        let page = std::fs::read_to_string(scratch.path(&format!("man1/corpus-{name}.1"))).unwrap();
        assert!(page.contains(&format!(".TH corpus-{name} 1")) && page.contains(".SH SYNOPSIS"), "{name}: {page}");
    }
    assert!(scratch.path("man1/corpus-cache-verify.1").is_file());
    assert_eq!(scratch.corpus(&["man", "man1"]).code(), 0, "pages are written anew");
    scratch.write("man1/corpus-build.1", "somebody else's");
    let refused = scratch.corpus(&["man", "man1"]);
    refused.says(2, &["corpus-build.1"]);
    assert_eq!(std::fs::read_to_string(scratch.path("man1/corpus-build.1")).unwrap(), "somebody else's");
}

#[test]
fn manual_pages_are_chinese_too() {
    let scratch = Scratch::new();
    let page = scratch.corpus(&["man", "--lang", "zh"]).stdout();
    for part in [".SH 名称", ".SH 用法", ".SH 选项", ".SH 命令", "\\fI可选：\\fR", "[默认：human]", "corpus\\-build"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(scratch.corpus(&["man", "man1", "--lang", "zh"]).code(), 0);
    let folder = std::fs::read_dir(scratch.path("man1")).unwrap();
    for path in folder.map(|entry| entry.unwrap().path()) {
        let page = std::fs::read_to_string(&path).unwrap();
        assert!(!page.contains(".SH O") && !page.contains("Possible"), "{}: {page}", path.display());
        // Names, options and code aside, no five words of a line in a row are English.
        for line in page.lines().filter(|line| !line.starts_with('.')) {
            let plain = line.split('`').step_by(2).collect::<Vec<_>>().join(" ` ");
            let words: Vec<&str> = plain.split_whitespace().collect();
            let is_word = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase());
            assert!(!words.windows(5).any(|five| five.iter().all(is_word)), "{}: {line}", path.display());
        }
    }
    assert_eq!(scratch.corpus(&["man", "man1"]).code(), 0, "pages of the other language are ours as well");
}
