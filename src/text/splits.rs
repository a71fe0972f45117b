//! The splits of data sets, by the words that people name them with.

/// The split that a word names, whatever number stands behind it.
pub fn word(word: &str) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    match lower.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "train" | "training" => Some("train"),
        "validation" | "valid" | "val" | "dev" => Some("validation"),
        "test" | "testing" | "eval" | "evaluation" => Some("test"),
        _ => None,
    }
}

/// The split that a name is of (`train_sft`, `zh-dev`), where its words agree on one.
pub fn name(name: &str) -> Option<&'static str> {
    let mut found: Vec<&'static str> = name.split(|c: char| !c.is_alphanumeric()).filter_map(word).collect();
    found.dedup();
    if let [one] = found[..] { Some(one) } else { None }
}

/// The word that means every split.
pub const ALL: &str = "all";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_splits() {
        assert_eq!([word("Dev"), word("test2"), word("latest")], [Some("validation"), Some("test"), None]);
        assert_eq!([name("train_sft"), name("train_test"), name("zh")], [Some("train"), None, None]);
    }
}
