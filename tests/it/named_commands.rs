//! What messages name is there: every option is one of the command it is said of, and every command parses.

use std::path::Path;

use corpus::output::export::ALL;
use corpus::output::tokens;

use crate::harness::files_under;

/// A command line cut into words as a shell does; `None` where a quote stays open.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut inside, mut chars) = (Vec::new(), None::<String>, false, line.chars());
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                inside = !inside;
                word.get_or_insert_default();
            }
            '\\' if !inside => word.get_or_insert_default().push(chars.next()?),
            c if c.is_whitespace() && !inside => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    (!inside).then_some(words)
}

/// The commands of ours that a text names: in backticks, or on a line of their own.
pub fn commands(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let lines = text.lines().map(str::trim).filter(|line| !line.contains('`'));
    let ours = |line: &&str| line.strip_prefix("corpus ").is_some_and(|rest| !rest.is_empty());
    quoted.chain(lines).filter(ours).map(str::to_owned).collect()
}

/// Why a command that was told does not parse, if so. What stands for something else (`…`) is a word.
pub fn fault(command: &str) -> Option<String> {
    let Some(words) = words(&command.replace('…', "x")) else {
        return Some(format!("{command}: a quote stays open"));
    };
    let error = corpus::cli::command().try_get_matches_from(words).err()?;
    use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
    // The name of a command alone, as text speaks of it, may lack its arguments.
    let spoken = command.split_whitespace().count() == 2 && !error.to_string().contains("unrecognized");
    let fine = matches!(error.kind(), DisplayHelp | DisplayVersion) || spoken;
    (!fine).then(|| format!("{command}: {error}"))
}

/// A literal as it may be printed: what is filled in is a word.
fn filled(text: &str) -> String {
    let mut pieces = text.split('{');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |all, piece| all + "x" + piece.split_once('}').map_or("", |(_, rest)| rest))
}

/// The options that a text names.
fn options(text: &str) -> Vec<String> {
    let bare = |c: char| c.is_ascii_lowercase() || c == '-';
    let begins = |at: &usize| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '-');
    let places = text.match_indices("--").map(|(at, _)| at).filter(begins);
    let words = places.map(|at| &text[at..at + text[at..].find(|c| !bare(c)).unwrap_or(text.len() - at)]);
    words.map(|w| w.trim_end_matches('-').to_owned()).filter(|w| w.len() > 3 && !w.starts_with("---")).collect()
}

/// The options of a command and those below it, with the global ones.
fn known(name: &str) -> Vec<String> {
    fn of(command: &clap::Command, all: &mut Vec<String>) {
        all.extend(command.get_arguments().filter_map(|a| Some(format!("--{}", a.get_long()?))));
        command.get_subcommands().for_each(|sub| of(sub, all));
    }
    let root = corpus::cli::command();
    let mut all = vec!["--help".to_owned(), "--version".to_owned()];
    all.extend(root.get_arguments().filter_map(|a| Some(format!("--{}", a.get_long()?))));
    of(root.find_subcommand(name).unwrap_or_else(|| panic!("no command {name}")), &mut all);
    all
}

/// A text without the commands that it names.
fn without(text: &str, commands: &[String]) -> String {
    let mut commands: Vec<&String> = commands.iter().collect();
    commands.sort_by_key(|c| std::cmp::Reverse(c.len()));
    commands.into_iter().fold(text.to_owned(), |rest, c| rest.replace(c.as_str(), ""))
}

/// That a message of a command names nothing that is not there.
pub fn holds(command: &str, text: &str) {
    let commands = commands(text);
    let wrong: Vec<String> = commands.iter().filter_map(|c| fault(c)).collect();
    assert!(wrong.is_empty(), "commands that do not parse:\n{}\nin:\n{text}", wrong.join("\n"));
    // What is left without them is of the command itself, or of the fetch that a build tells to run.
    let mut known = known(command);
    if commands.iter().any(|c| c.starts_with("corpus fetch ")) {
        known.extend(self::known("fetch"));
    }
    for option in options(&without(text, &commands)) {
        assert!(known.contains(&option), "`corpus {command}` has no {option}:\n{text}");
    }
}

/// The literals of a source file, without its tests and comments, each as a compiler reads it.
fn literals(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let code: String = code.lines().filter(|l| !l.trim_start().starts_with("//")).map(|l| format!("{l}\n")).collect();
    let (mut found, mut chars) = (Vec::new(), code.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            // A character, or a lifetime.
            '\'' => {
                let ahead: Vec<char> = chars.clone().take(3).collect();
                match ahead.as_slice() {
                    ['\\', _, '\''] => chars.nth(2).map(drop),
                    [_, '\'', ..] => chars.nth(1).map(drop),
                    _ => None,
                };
            }
            '"' => {
                let mut text = String::new();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    if c != '\\' {
                        text.push(c);
                        continue;
                    }
                    match chars.next() {
                        Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                        Some('n') => text.push('\n'),
                        other => text.extend(other),
                    }
                }
                found.push(text);
            }
            _ => {}
        }
    }
    found
}

/// Which command says what a source file says.
fn speaker(path: &str) -> &'static [&'static str] {
    let of = [
        ("src/fetch/", &["fetch"][..]),
        ("src/store/", &["fetch", "cache"]),
        ("src/catalog/", &["fetch"]),
        ("src/cli/fetch", &["fetch"]),
        ("src/cli/cache", &["cache"]),
        ("src/cli/cluster.", &["cluster"]),
        ("src/engine/cluster/", &["build", "cluster"]),
        ("src/cli/build", &["build", "plan"]),
        ("src/cli/ready", &["build"]),
        ("src/cli/plan", &["plan"]),
        ("src/cli/check", &["check"]),
        ("src/cli/init", &["init"]),
        ("src/cli/list", &["list"]),
        ("src/cli/why", &["why"]),
        ("src/cli/diff", &["diff"]),
        ("src/cli/sql", &["sql"]),
        ("src/engine/sql", &["sql"]),
        ("src/cli/choices", &["build", "plan"]),
        ("src/cli/tune", &["tune"]),
        ("src/pipeline/tune/", &["tune"]),
        ("src/cli/sources", &["list", "fetch"]),
        ("src/cli/train_tokenizer", &["train-tokenizer"]),
        ("src/cli/train_", &["train-quality", "train-perplexity"]),
        ("src/cli/training_rows", &["train-quality", "train-perplexity"]),
        ("src/cli/tokenizer_report", &["tokenizer-report"]),
        ("src/cli/texts_of", &["tokenizer-report", "train-tokenizer"]),
        ("src/cli/export", &["export"]),
        ("src/cli/explain", &["explain"]),
        ("src/cli/report", &["report"]),
        ("src/cli/view", &["view"]),
        ("src/output/export/", &["export"]),
        ("src/output/tokens/", &["export"]),
        ("src/cli/reasons", &["build", "inspect"]),
        ("src/cli/", &["inspect"]),
    ];
    of.iter().find(|(head, _)| path.starts_with(head)).map_or(&["build"], |(_, names)| names)
}

#[test]
fn every_option_that_a_message_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in files_under(&root.join("src")).into_iter().filter(|p| p.extension().is_some_and(|e| e == "rs")) {
        let shown = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        let known: Vec<String> = speaker(&shown).iter().flat_map(|name| known(name)).collect();
        for text in literals(&std::fs::read_to_string(&path).unwrap()) {
            let text = filled(&text);
            let answer = commands(&text);
            // `corpus build --update` is no whole command, and a way to speak of an option.
            let whole = |fault: &String| !fault.contains("required arguments were not provided");
            let known_command = |c: &&String| !c.starts_with("corpus x");
            let faults = answer.iter().filter(known_command).filter_map(|c| fault(c)).filter(whole);
            wrong.extend(faults.map(|fault| format!("{shown}: {fault}")));
            // A literal that begins with a command goes on with options of that command.
            // One that begins with a trainer's command, or stands in a layout, has options of that trainer.
            let own = ["corpus ", "torchrun ", "llamafactory-cli ", "openai api "];
            let layout = ALL.iter().any(|layout| shown == format!("src/output/export/{}.rs", layout.name()))
                || tokens::ALL.iter().any(|layout| shown == format!("src/output/tokens/{}.rs", layout.name()));
            let own = layout || own.iter().any(|command| text.trim_start().starts_with(command));
            for option in options(&without(&text, &answer)).into_iter().filter(|_| !own) {
                seen += 1;
                if !known.contains(&option) {
                    wrong.push(format!("{shown}: {} has no {option}: {text:?}", speaker(&shown).join(" and ")));
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} options were seen: the reader of literals is broken");
    assert!(wrong.is_empty(), "{} messages name what is not there:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_checker_finds_what_is_not_there() {
    assert_eq!(
        commands("say `corpus list` or\n  corpus fetch 'a b' --x\nnot corpus"),
        ["corpus list", "corpus fetch 'a b' --x"]
    );
    assert!(fault("corpus fetch a --no-such").is_some() && fault("corpus fetsh").is_some());
    assert!(fault("corpus fetch 'a b' --part x --accept-license c").is_none() && fault("corpus fetch").is_none());
    assert_eq!(options("a--b --cc-dd=1, `--ee` ---x --"), ["--cc-dd", "--ee"]);
    assert_eq!(
        literals("f('\"', \"a\\\n   b\"); // \"c\"\n// \"d\"\nlet x: &'a str = \"e\\\"f\";"),
        ["ab", "c", "e\"f"]
    );
    let caught = |command: &str, text: &str| std::panic::catch_unwind(|| holds(command, text)).is_err();
    assert!(caught("fetch", "name another with --out") && !caught("build", "name another with --out"));
    assert!(
        caught("fetch", "run `corpus build --part x`") && !caught("fetch", "run `corpus build --recipe x --out y`")
    );
}
