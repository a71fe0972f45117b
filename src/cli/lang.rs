//! `--lang`: the language in which people are spoken to.

use clap::ValueEnum;

use crate::messages::{self, Lang};

/// The language of help, talk and errors, as `--lang` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// English.
    En,
    /// Chinese.
    Zh,
}

/// The variables that are asked, the first one that is set before the others.
const VARIABLES: [&str; 4] = ["CORPUS_LANG", "LC_ALL", "LC_MESSAGES", "LANG"];

/// The language of the reader: `--lang`, else `CORPUS_LANG`, else that of the locale.
pub fn reader() -> Lang {
    let words: Vec<String> = std::env::args_os().skip(1).map(|w| w.to_string_lossy().into_owned()).collect();
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let known = |word: &String| Choice::from_str(word, false).is_ok();
    let asked = option(&words).filter(known).or_else(|| VARIABLES.into_iter().find_map(set));
    asked.map_or(Lang::En, |word| Lang::of(&word))
}

/// Settles the language of what is said, for the whole process. It is looked for before the command line is read, so
/// that what is wrong with that is told in it too. What programs read is English always.
pub fn settle(json: bool) {
    messages::speak(if json { Lang::En } else { reader() });
}

/// The word of the last `--lang`.
fn option(words: &[String]) -> Option<String> {
    let words = words.split(|word| word == "--").next().unwrap_or_default();
    let behind = |at: usize| words.get(at + 1).filter(|_| words[at] == "--lang").cloned();
    (0..words.len()).rev().find_map(|at| words[at].strip_prefix("--lang=").map(str::to_owned).or_else(|| behind(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_found_before_the_line_is_read() {
        let of = |line: &str| option(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(of("build --lang zh --recipe x").as_deref(), Some("zh"));
        assert_eq!(of("--lang=en build --lang=zh").as_deref(), Some("zh"));
        assert_eq!((of("build --lang"), of("inspect -- --lang zh"), of("build")), (None, None, None));
    }
}
