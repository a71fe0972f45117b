//! What reason words mean, and what to do about them.

use crate::output::export;
use crate::stages;

/// A word and its sentence: those of formats, and of reading. Stages bring theirs ([`stages::Entry::reasons`]); words of
/// `keep` rules (`chars_min`, `language_in`) are made of a signal and a side, and [`explain`] takes those apart.
const WORDS: &[(&str, &str)] = &[
    // Dropped rows.
    (
        "empty",
        "The row has no text after the stages that clean it. Nothing to cure, unless a stage before cleans too much: compare with the raw file",
    ),
    (
        "redirect",
        "The page only sends the reader to another page, so it has no text of its own. The format sets such pages aside on purpose; there is nothing to cure",
    ),
    (
        "namespace",
        "The page is none of the encyclopedia's articles (a talk page, a template, a category, …); `value` is the number of its namespace. The format sets such pages aside on purpose",
    ),
    (
        "disambiguation",
        "The page only lists the articles that share a name. The format sets such pages aside on purpose",
    ),
    (
        "model",
        "The page is not wikitext (a script, a style sheet, JSON); `value` names what it is. The format sets such pages aside on purpose",
    ),
    (
        "no_turns",
        "The text has none of the markers that begin a turn (`<human>:`, `<bot>:`), so it is no dialogue. The format sets such rows aside; read them for pretraining instead",
    ),
    (
        "no_answer",
        "The row asks something and nothing answers it: a test file without its answers, or an empty list. The format sets such rows aside; there is nothing to learn from",
    ),
    (
        "empty_answer",
        "An answer is empty: the last turn of a dialogue or one before it, the output of a task, or an answer of a pair (`value` says which). The format sets such rows aside; `options = { empty = \"keep\" }` keeps them",
    ),
    (
        "parent_missing",
        "The message replies to one (`value` is its id) that does not stand among the messages of its tree. The format sets it aside; take the file of whole trees",
    ),
    (
        "duplicate_paragraph",
        "The corpus itself marks the paragraph as a repetition. The format sets it aside: `options = { repeated = \"keep\" }` keeps it",
    ),
    (
        "prompts_differ",
        "The chosen and the rejected dialogue differ before their last turn (`value` says where), so the answers are not to the same prompt. The format sets such pairs aside; the row is damaged in the source",
    ),
    (
        "unranked",
        "Fewer than two of the answers have a score, a rank or a verdict, so that they make no pair. The format sets such rows aside",
    ),
    (
        "one_answer",
        "A question with a single answer that has a score (`value`), so that there is nothing to set it against. The format sets such questions aside",
    ),
    (
        "same_score",
        "All answers to the question have the same score (`value`): which one is better is not told, and no order is invented. The format sets such questions aside",
    ),
    ("unscored", "An answer without a score, where answers are ranked by theirs. The format sets such answers aside"),
    (
        "rejected",
        "The message was deleted, or rejected by the reviewers of the source, and nothing of its tree is left. The format sets it aside",
    ),
    (
        "removed",
        "The text was taken away at its source (`[removed]`, `[deleted]`); `value` says which one. The format sets such rows aside",
    ),
    (
        "duplicate_file",
        "The corpus itself marks the document as a copy of another one. The format sets such documents aside",
    ),
    (
        "other_split",
        "The row stands in a list of its file that is another split (`value`) than the one that is read. The format sets such rows aside; `split = \"all\"`, or a list of names, reads them",
    ),
    (
        "media",
        "The row speaks of a picture, a film or a sound (`value` is the field that has it), which a row of text cannot hold. Such rows are set aside, whatever the format; there is nothing to cure",
    ),
    (
        "one_side_empty",
        "One side of the pair is empty (`value` says which), so there is nothing to translate. The format sets such pairs aside",
    ),
    (
        "header",
        "The line is a header of the corpus (`<url>`, `<title>`, …) and no text of it. The format sets such lines aside",
    ),
    (
        "record_type",
        "The record is none of a page's text; `value` is its type. The format reads `conversion` records; take the WET files in place of the WARC ones",
    ),
    (
        "plugins",
        "Plugins of the chat service spoke in the dialogue. A rule of the format `sharegpt` sets it aside: `options = { plugins = \"keep\" }` keeps it",
    ),
    (
        "not_alternating",
        "The user and the assistant do not take turns (`value` says where). A rule of the format `sharegpt` sets the dialogue aside: `options = { order = \"keep\" }` keeps it",
    ),
    (
        "mentions_service",
        "A turn names the service that the dialogue comes from (`value` is the word). A rule of the format `sharegpt` sets the dialogue aside: `options = { mentions = \"keep\" }` keeps it",
    ),
    (
        "service_error",
        "An answer is the service's error about too many requests. A rule of the format `sharegpt` sets the dialogue aside: `options = { errors = \"keep\" }` keeps it",
    ),
    (
        "few_turns",
        "The dialogue has less than two turns (`value`), after turns at its ends were cut. A rule of the format `sharegpt` sets it aside: `options = { short = \"keep\" }` keeps it",
    ),
    (
        "short_dialogue",
        "The turns have less than 16 characters together (`value`). A rule of the format `sharegpt` sets the dialogue aside: `options = { short = \"keep\" }` keeps it",
    ),
    (
        "list_numbering",
        "A list in the dialogue begins with `1.` again and again. A rule of the format `sharegpt` sets the dialogue aside: `options = { numbering = \"keep\" }` keeps it",
    ),
    // Unreadable rows.
    (
        "json",
        "The bytes are no valid JSON: a cut line, a missing quote, two objects in a line. `head` shows how they begin; repair the file, or leave the row out. If all rows fail, the file is no JSON: see `corpus inspect FILE`",
    ),
    (
        "not_data",
        "The file holds no rows: it is a document in binary, a picture, an archive, a pointer of Git LFS, a page of the web, or the like; `detail` says which, and what helps. Leave it out of `path`, or take the text out of it first",
    ),
    (
        "utf8",
        "The bytes are not valid in the encoding that the file has. If the whole file fails, name its `encoding` in the source (`gb18030`, `Big5`, …); if single rows do, they are damaged",
    ),
    (
        "field_missing",
        "The object lacks a field that the format needs; `detail` names it and the fields that are there. Say what it is called with `fields = { ours = \"theirs\" }`, or choose another `format`",
    ),
    (
        "field_type",
        "A field holds another type than the format needs, such as an object where text should be. Name the field inside it with dots: `fields = { text = \"body.content\" }`",
    ),
    (
        "dialogue_mismatch",
        "The turns do not follow one another as they should, or the chosen and the rejected dialogue do not begin with the same prompt, so they cannot be compared; `detail` says where. The row is damaged in the source",
    ),
    (
        "wrong_use",
        "The row is for another use than the source: a preference pair in a source for instruct, say. Change `use`, or make two sources of it",
    ),
    (
        "row_too_large",
        "The row has more bytes than `max_row` under `[input]` allows (64MiB unless said otherwise). Raise it, with `--memory`, if such rows are real; often it is a file without line breaks, read as lines",
    ),
    (
        "truncated",
        "The file ends within a row or a compressed stream: a download that broke off. What came before is read. Fetch the file again",
    ),
    (
        "corrupt",
        "The compressed stream or the container is damaged: its checksum or structure is wrong. What came before is read. Fetch the file again",
    ),
    (
        "open",
        "The file could not be opened at all; `detail` says why. Check that it exists, can be read, and is what its format says",
    ),
    (
        "xml",
        "The XML is not well-formed at this place. What came before is read. Fetch the dump again, or cut out the page",
    ),
    (
        "misaligned",
        "Which lines belong together cannot be told: the two files of a pair have different numbers of lines, or in a file of both languages a line is missing. Fetch them again, from the same release",
    ),
    (
        "warc",
        "The headers of a WARC record make no sense, and where the next record begins cannot be told. What came before is read. Fetch the file again",
    ),
    (
        "columns",
        "The row has another number of columns than the first one, which names them: a quote that never closes, or a separator inside a text without quotes. Repair the row",
    ),
    (
        "not_object",
        "The record is JSON, but not an object, so that it has no fields. If each is a plain text, use `format = \"text\"`",
    ),
    (
        "by_columns",
        "The object is a table, column by column, as `to_dict` of `datasets` and `to_json` of pandas write one, and not one row. Write an object a row, as pandas does with `orient = \"records\"` and `lines = True`. If it is one row all the same, name its fields: `fields = { … }`",
    ),
];

/// Every word, with its sentence.
pub fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_exports = export::checks::REASONS.iter().copied();
    WORDS.iter().copied().chain(of_exports).chain(stages::ALL.iter().flat_map(|entry| entry.reasons.iter().copied()))
}

/// The sentence of a reason word; words of `keep` rules are explained from their signal.
pub fn explain(word: &str) -> Option<String> {
    if let Some((_, sentence)) = words().find(|w| w.0 == word) {
        return Some(sentence.to_owned());
    }
    let (signal, side) = word.rsplit_once('_')?;
    let item = super::list::Section::Signals.items().into_iter().find(|i| i.name == signal)?;
    if stages::names_message(signal) && side == "max" {
        return Some(format!(
            "A message of the row has the problem `{signal}` ({}); `value` names the first one, counted from 1. Leave the rule out to keep such rows: `without = [\"{signal}\"]` behind a `profile`",
            item.about
        ));
    }
    Some(match side {
        "min" => format!(
            "The row's `{signal}` is less than the `min` of a `keep`; `value` and `limit` show both. Lower it to keep more: `{signal} = {{ min = … }}`"
        ),
        "max" => format!(
            "The row's `{signal}` is more than the `max` of a `keep`; `value` and `limit` show both. Raise it to keep more: `{signal} = {{ max = … }}`"
        ),
        "in" => format!(
            "The row's `{signal}` is none of those that a `keep` lists (an empty `value` could not be measured). Add to the list to keep more: `{signal} = {{ in = [\"…\"] }}`"
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_a_sentence_once() {
        for (index, (word, sentence)) in words().enumerate() {
            assert!(words().take(index).all(|w| w.0 != word), "{word} stands twice");
            assert!(sentence.len() > 15, "{word}");
        }
        assert!(explain("chars_min").unwrap().contains("`min` of a `keep`"));
        assert!(explain("nothing_min").is_none() && explain("min").is_none());
    }

    /// The code of every layer below, without its tests.
    fn sources() -> Vec<(String, String)> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().flatten();
        let read = files.filter(|e| e.file_type().is_file()).map(|e| {
            let name = e.path().strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(e.path()).unwrap_or_default())
        });
        let code =
            read.filter(|(name, _)| name.ends_with(".rs") && !name.starts_with("cli/") && !name.contains("tests"));
        code.map(|(name, text)| (name, text.split("#[cfg(test)]").next().unwrap_or_default().to_owned())).collect()
    }

    /// Words are written where a row fails, goes or is set aside; each needs its sentence here.
    #[test]
    fn every_word_of_the_code_has_a_sentence() {
        const BLOCKED: &str = "=> \"blocked_";
        let marks = [
            BLOCKED,
            "reason: \"",
            "unreadable(\"",
            "bad(\"",
            "aside = Some((\"",
            ".aside(\"",
            "failure(\"",
            ".drop(ord, \"",
            "then(|| (\"",
            "return Err((\"",
            "Of::Content => \"",
            "Of::Prompt => \"",
            "aside(answer, \"",
            "UnexpectedEof { \"",
        ];
        let mut seen = std::collections::BTreeMap::<&str, usize>::new();
        let sources = sources();
        for (name, text) in &sources {
            for mark in marks {
                for part in text.split(mark).skip(1) {
                    let word = part.split('"').next().unwrap_or_default();
                    let word = if mark == BLOCKED { format!("blocked_{word}") } else { word.to_owned() };
                    let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                    if is_word {
                        assert!(explain(&word).is_some(), "{name}: `{word}` has no sentence");
                        *seen.entry(name.split(['/', '.']).next().unwrap_or_default()).or_default() += 1;
                    }
                }
            }
        }
        for layer in ["formats", "engine", "stages", "pipeline"] {
            assert!(seen.contains_key(layer), "no word of {layer} was found: {seen:?}");
        }
    }

    /// A sentence whose word no code writes is left over.
    #[test]
    fn every_sentence_has_its_word_in_the_code() {
        let sources = sources();
        for (word, _) in WORDS {
            let quoted = format!("\"{word}\"");
            assert!(sources.iter().any(|(_, text)| text.contains(&quoted)), "nothing gives the reason `{word}`");
        }
    }
}
