//! The texts of builds and raw files, with their sources and languages: what tokenizers are looked at on, and trained on.

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch, StringArray};

use super::{Context, training_rows, ui};
use crate::output::export::Example;
use crate::output::export::run::{BATCH, batches};
use crate::pipeline::publish::tables::tables;
use crate::rows::split::Split;
use crate::rows::{Content, Message, Use};
use crate::text::script;
use crate::{Error, Result};

/// A text that is handed over.
pub struct Text<'a> {
    /// The text; of a dialogue of a build one of its turns, of a raw file all of them as lines.
    pub text: &'a str,
    /// Its source: of a raw file the name of the file.
    pub source: &'a str,
    /// Its language: what a build measured (`language`), else what its letters say.
    pub language: &'a str,
    /// The row's id in a build, else the file.
    pub id: &'a str,
}

/// Where texts come from, and which of them.
pub struct Texts<'a> {
    /// Folders of builds, and raw files.
    pub paths: &'a [PathBuf],
    /// Only rows of this use, of builds.
    pub usage: Option<Use>,
    /// Only what is trained on: what a build holds out is left out.
    pub only_train: bool,
}

impl Texts<'_> {
    /// Hands over every text, in order, until `take` says that it was the last.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] of a folder that is no build or has no such rows, and of files that are no data;
    /// [`Error::Interrupted`]; those of `take`.
    pub fn each(
        &self,
        context: &Context,
        stop: &dyn Fn() -> bool,
        take: &mut dyn FnMut(&Text<'_>) -> Result<bool>,
    ) -> Result<()> {
        for path in self.paths {
            let more = if path.is_dir() { self.build(path, stop, take)? } else { file(context, path, stop, take)? };
            if !more {
                break;
            }
        }
        Ok(())
    }

    /// The texts of a build; whether more are wanted.
    fn build(
        &self,
        path: &Path,
        stop: &dyn Fn() -> bool,
        take: &mut dyn FnMut(&Text<'_>) -> Result<bool>,
    ) -> Result<bool> {
        let hint = "name the folder of a finished build (`builds/NAME`), or files";
        if !path.join("build.json").is_file() {
            return Err(Error::input(format!("{} is no build: it has no build.json", path.display()), hint));
        }
        let uses: Vec<Use> = Use::ALL.into_iter().filter(|u| self.usage.is_none_or(|w| w == *u)).collect();
        let mut all = tables(path, &uses);
        all.retain(|table| !self.only_train || table.split == Split::Train);
        if all.is_empty() {
            let shown = ui::quoted(&path.display().to_string());
            let hint = format!("`corpus inspect {shown}` shows what it has");
            return Err(Error::input(format!("{} has no rows of these uses", path.display()), hint));
        }
        let mut more = true;
        for table in &all {
            batches(table, BATCH, stop, &mut |batch, file| {
                if more {
                    more = of_batch(table.usage, batch, file, take)?;
                }
                Ok(())
            })?;
        }
        Ok(more)
    }
}

/// The texts of a batch of a build.
fn of_batch(
    usage: Use,
    batch: &RecordBatch,
    file: &Path,
    take: &mut dyn FnMut(&Text<'_>) -> Result<bool>,
) -> Result<bool> {
    let words = |name: &str| batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
    let value =
        |column: Option<&StringArray>, row: usize| column.filter(|c| c.is_valid(row)).map(|c| c.value(row).to_owned());
    let (sources, languages, ids) = (words("source"), words("language"), words("id"));
    for row in 0..batch.num_rows() {
        let example = Example::of(usage, batch, row, file)?;
        let texts = texts(&example.content);
        let language = value(languages, row).unwrap_or_else(|| script::judge(&texts).language.to_owned());
        let (source, id) = (value(sources, row).unwrap_or_default(), value(ids, row).unwrap_or_default());
        for text in texts.iter().filter(|text| !text.is_empty()) {
            if !take(&Text { text, source: &source, language: &language, id: &id })? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The texts that the stage `tokens` counts: a document; what is said in turns, and thought before them; the input, output
/// and text of a task; the prompt and every answer of a preference.
fn texts<'c>(content: &'c Content<'_>) -> Vec<&'c str> {
    fn turns<'a>(messages: &'a [Message<'_>]) -> impl Iterator<Item = &'a str> {
        messages.iter().flat_map(|m| [m.reasoning.as_deref(), Some(m.content.as_ref())]).flatten()
    }
    match content {
        Content::Pretrain { text } => vec![text.as_ref()],
        Content::Task(task) => {
            [&task.input, &task.output, &task.text].into_iter().filter_map(|t| t.as_deref()).collect()
        }
        Content::Instruct { messages, .. } => turns(messages).collect(),
        Content::Rlhf(pair) => {
            let sides = [&pair.chosen, &pair.rejected, &pair.completion].into_iter().flatten();
            turns(&pair.prompt).chain(sides.flat_map(|side| turns(side))).collect()
        }
    }
}

/// The texts of a raw file.
fn file(
    context: &Context,
    path: &Path,
    stop: &dyn Fn() -> bool,
    take: &mut dyn FnMut(&Text<'_>) -> Result<bool>,
) -> Result<bool> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let mut answer = Ok(true);
    training_rows::each(context, &[path.to_path_buf()], &mut |text| {
        if stop() {
            answer = Err(Error::Interrupted);
        } else {
            let language = script::judge(&[&text]).language;
            answer = take(&Text { text: &text, source: &name, language, id: &name });
        }
        matches!(answer, Ok(true))
    })?;
    answer
}
