//! The word that was meant.

/// Of `known`, the word nearest to `word`, if any is near.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // In short words Jaro-Winkler sees no two letters that changed places.
    let slip = |k: &str| word.chars().count() > 2 && strsim::osa_distance(word, k) == 1;
    let score = |k: &str| strsim::jaro_winkler(word, k).max(if slip(k) { 0.8 } else { 0.0 });
    let near = known.into_iter().map(|k| (score(k), k)).filter(|(score, _)| *score > 0.78);
    near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, k)| k)
}

/// `did you mean …`, or the words there are.
pub fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}
