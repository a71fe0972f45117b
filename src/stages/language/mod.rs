//! Tells the language and the script, simplified and traditional Chinese apart.
//!
//! # What it does
//! Adds `language` (`zh`, `en`, `ja`, `ko`, … or `und`) and `script` (ISO 15924: `Latn`, `Cyrl`, `Jpan`, `Kore`, …).
//! Chinese has `Hans`, `Hant`, `mixed` (characters of both sides, neither four times the other) or `Hani` (no character
//! that decides, as in `大家好`). Scripts decide first, by all of the text; a detector is asked about Latin, Cyrillic,
//! Arabic and Devanagari only, with at most 2,048 bytes: the text, or eight pieces that lie evenly over all of it. The
//! turns of a dialogue are judged together.
//!
//! `model` names a model of languages in fastText's format, `.bin` or `.ftz`: a file, or a card (`lid176`, `glotlid`;
//! `corpus fetch lid176`). It is asked in place of the detector, about every script of several languages, with the same
//! bytes, and its codes become ours (`cmn_Hani` is `zh`). Of its answers the most probable language counts that is
//! written in the script of the text. `decide = "model"` asks it about every text, Chinese too, and takes its word; what
//! that costs is in `docs/language-detection.md`. With a model there is `lang_score`: the model's probability of the
//! language (of all labels that mean it); where the script decides, the share of the letters that are of it, a Han
//! character, kana or Hangul syllable counted as five letters.
//!
//! `varieties = true` tells written Cantonese (`yue`), Wu (`wuu`) and classical Chinese (`lzh`) from `zh`, by characters
//! that only they use.
//!
//! `lines = true` judges each line for itself too. `main_lang_share` is the share of `language` in all lines that have a
//! language, by letters; lines without one (numbers, names, too short) and lines of program code do not count, so
//! neither code nor formulas make a Chinese text less Chinese. `line_languages` says which there are: `zh=0.85 en=0.15`.
//! Of a text with more than 1,000 lines, 1,000 are judged, evenly over all of it.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run   = "language"
//! lines = true
//!
//! [[stage]]
//! run             = "keep"
//! language        = { in = ["zh"] }
//! script          = { in = ["Hans", "Hani"] }
//! main_lang_share = { min = 0.7 }
//! ```
//!
//! # Limits
//! One verdict a row, also for text of several languages. Languages of the detector: ar de en es fr hi it nl pt ru sv tr
//! vi; others of these scripts are `und` if their letters give them away (Polish, Ukrainian, Persian), else taken for
//! the nearest: name a model where such text matters. Fewer than 12 Latin letters, or 3 of another script, are `und`,
//! with a model fewer than 3 of any; Chinese, Japanese and Korean need one character. Japanese without kana is `ja` only
//! in short texts with forms of characters that Japan alone writes. Classical verse without particles stays `zh`.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::resources::{Need, Resource, Shared, Wanted};
use super::{Column, Entry, Kind, Measure, RowWork, Shown, SignalEntry, Stage, Value, build, measuring, signal};
use crate::text::classes::Counts;
use crate::text::figures::{plural, size};
use crate::text::variety;
use crate::{Error, Result};
use detector::{Decide, Detected, Detector};
use labels::Labels;

mod detector;
mod labels;
mod lines;

/// Options of `language`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// A model of languages: a file in fastText's format, or a card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What decides where there is a model.
    #[serde(default, skip_serializing_if = "is_default")]
    pub decide: Decide,
    /// Whether Cantonese, Wu and classical Chinese are told from standard Chinese.
    #[serde(default, skip_serializing_if = "is_default")]
    pub varieties: bool,
    /// Whether each line is judged for itself too.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lines: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

static MODELS: Shared<Labels> = Shared::new();

impl Language {
    fn checked(self) -> std::result::Result<Self, String> {
        match (&self.model, self.decide) {
            (None, Decide::Model) => Err("`decide = \"model\"` without `model`; for example model = \"lid176\"".into()),
            _ => Ok(self),
        }
    }

    /// The model, where one is named.
    fn read(&self, files: &[Resource]) -> Result<Option<Arc<Labels>>> {
        let Some(name) = &self.model else { return Ok(None) };
        let [file] = files else {
            let message = format!("`model = \"{name}\"` is {} files, where one is wanted", files.len());
            return Err(Error::input(message, "name the file of the model, or one part of its card (`lid176/ftz`)"));
        };
        MODELS.get(&file.sha256, || Labels::read(&file.path)).map(Some)
    }
}

impl Stage for Language {
    fn columns(&self) -> Vec<Column> {
        let mut columns = vec![
            Column::signal("language", Kind::Text).shown(Shown::Row),
            Column::signal("script", Kind::Text).shown(Shown::Row),
        ];
        if self.model.is_some() {
            columns.push(Column::signal("lang_score", Kind::Float));
        }
        if self.lines {
            columns.push(Column::signal("main_lang_share", Kind::Float));
            columns.push(Column::signal("line_languages", Kind::Text));
        }
        columns
    }

    fn needs(&self) -> Vec<Need> {
        let need =
            |name: &String| Need { option: "model", name: name.clone(), wanted: Wanted::FileOrCard, for_rows: true };
        self.model.iter().map(need).collect()
    }

    fn open(&self, files: &[Resource]) -> Result<Vec<String>> {
        let Some(model) = self.read(files)? else { return Ok(Vec::new()) };
        let languages = plural(model.languages() as u64, "language");
        let name = self.model.as_deref().unwrap_or_default();
        Ok(vec![format!("{name}: {languages}, {} in memory", size(model.memory() as u64))])
    }

    fn row_work(&self, files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        let work = Work { detector: Detector::new(self.read(files)?, self.decide), options: self.clone() };
        Ok(measuring(self.columns(), work))
    }
}

/// The work of one thread.
struct Work {
    options: Language,
    detector: Detector,
}

impl Measure for Work {
    fn measure(&mut self, texts: &[&str], out: &mut Vec<Value>) {
        if texts.is_empty() {
            return out.extend(self.options.columns().iter().map(|_| Value::Null));
        }
        let mut counts = Counts::default();
        texts.iter().for_each(|text| counts.add(text));
        let Detected { language, script, score } = self.detector.detect(&counts, texts);
        let chinese = self.options.varieties && language == "zh";
        out.push(Value::Text(if chinese { Cow::Borrowed(variety::of(texts)) } else { language.clone() }));
        out.push(Value::Text(Cow::Borrowed(script)));
        if self.options.model.is_some() {
            out.push(score.map_or(Value::Null, Value::Float));
        }
        if self.options.lines {
            let shares = lines::shares(texts, &mut self.detector);
            out.push(shares.of(&language).map_or(Value::Null, Value::Float));
            out.push(shares.shown().map_or(Value::Null, |shown| Value::Text(Cow::Owned(shown))));
        }
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "language",
    "measure",
    "language and script, Simplified or Traditional",
    include_str!("mod.rs"),
    || schemars::schema_for!(Language),
    |json| build::<Language, _>(json, Language::checked),
)
.signals(&[
    signal("language", Kind::Text),
    signal("script", Kind::Text),
    SignalEntry { option: Some("model = \"lid176/bin\""), ..signal("lang_score", Kind::Float) },
    SignalEntry { option: Some("lines = true"), ..signal("main_lang_share", Kind::Float) },
    SignalEntry { option: Some("lines = true"), ..signal("line_languages", Kind::Text) },
]);

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(options: Language, texts: &[&str]) -> Vec<Value> {
        let mut out = Vec::new();
        Work { detector: Detector::new(None, options.decide), options }.measure(texts, &mut out);
        out
    }

    fn text(word: &'static str) -> Value {
        Value::Text(Cow::Borrowed(word))
    }

    #[test]
    fn one_verdict_for_all_turns() {
        let of = |texts: &[&str]| measured(Language::default(), texts);
        assert_eq!(of(&["OK?", "好的，我们开始吧"]), [text("zh"), text("Hans")]);
        assert_eq!(of(&[""]), [text("und"), text("Zyyy")]);
        assert_eq!(of(&[]), [Value::Null, Value::Null]);
    }

    #[test]
    fn varieties_are_told_only_where_asked() {
        let cantonese = ["佢哋喺度食緊嘢，唔使等。"];
        assert_eq!(measured(Language::default(), &cantonese)[0], text("zh"));
        assert_eq!(measured(Language { varieties: true, ..Language::default() }, &cantonese)[0], text("yue"));
    }

    #[test]
    fn code_and_numbers_between_lines_do_not_count() {
        let lines = Language { lines: true, ..Language::default() };
        let of = |text: &str| measured(lines.clone(), &[text])[2..].to_vec();
        let code = "先读入文件：\n\nfor (int i = 0; i < n; i++) { sum += a[i]; }\n3.14159\n再输出结果。";
        assert_eq!(of(code), [Value::Float(1.0), text("zh=1.00")]);
        let mixed = "今天我们读一段英文。\nThe quick brown fox jumps over the lazy dog again.\n";
        // Nine Han characters weigh 45, the English line has 40 letters.
        assert_eq!(of(mixed), [Value::Float(45.0 / 85.0), text("zh=0.53 en=0.47")]);
        assert_eq!(of("123"), [Value::Null, Value::Null]);
    }

    #[test]
    fn a_model_that_decides_has_to_be_named() {
        let options = Language { decide: Decide::Model, ..Language::default() };
        assert!(options.checked().unwrap_err().contains("without `model`"));
    }
}
