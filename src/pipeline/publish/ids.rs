//! The tokenizers and chat templates of a recipe's exports: found, read, and asked whether they fit the layout, before a
//! build begins.

use std::path::{Path, PathBuf};

use crate::models::template::Day;
use crate::models::tokenizer::Tokenizer;
use crate::output::tokens::{Chat, Layout, Sheet};
use crate::pipeline::plan::resources::sha256;
use crate::recipe::{Export, Ids, Recipe, Target, Template};
use crate::{Error, Result};

/// The tokenizer of an export, as it is now.
pub(crate) struct Loaded<'a> {
    ids: &'a Ids,
    base: &'a Path,
    tokenizer: Tokenizer,
    sha256: String,
}

/// A file that an export names.
fn file(base: &Path, (key, named): (&str, &str), layout: &str) -> Result<PathBuf> {
    let path = base.join(named);
    if !path.is_file() {
        let message = format!("the export to `{layout}`: `{key}` names {}, which is no file", path.display());
        return Err(Error::input(message, "paths are relative to the recipe's folder"));
    }
    Ok(path)
}

impl<'a> Loaded<'a> {
    /// Reads the tokenizer of an export to this layout.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] of a file that is not there, or is no tokenizer.
    pub(crate) fn read(recipe: &'a Recipe, ids: &'a Ids, layout: &str) -> Result<Self> {
        let path = file(&recipe.base, ("tokenizer", &ids.tokenizer), layout)?;
        Ok(Loaded { ids, base: &recipe.base, tokenizer: Tokenizer::read(&path)?, sha256: sha256(&path)? })
    }

    /// The file that it was read from.
    pub(crate) fn file(&self) -> PathBuf {
        self.base.join(&self.ids.tokenizer)
    }

    /// What the layout's files are made by.
    ///
    /// # Errors
    ///
    /// As of [`Sheet::new`]; [`Error::Input`] of a template that is not there, is none, or wants to know which day it is.
    pub(crate) fn sheet(&self, layout: &dyn Layout) -> Result<Sheet<'_>> {
        let Ids { tokenizer, seq_length, packing, eos, shard_tokens, .. } = self.ids;
        let named = (&self.tokenizer, tokenizer.as_str(), self.sha256.as_str());
        let chat = self.ids.template.as_ref().map(|template| self.chat(template, layout.name())).transpose()?;
        Sheet::new(layout, named, eos.as_deref(), (*packing, *seq_length), chat)?.with_shards(layout, *shard_tokens)
    }

    /// What writes its dialogues.
    fn chat(&self, template: &Template, layout: &str) -> Result<Chat> {
        let named = match template {
            Template::Beside(_) => None,
            Template::File(named) => Some(file(self.base, ("template", named), layout)?),
        };
        let options = self.ids.template_options.as_ref().map(ToString::to_string);
        let day = self.ids.date.as_deref().and_then(Day::parse);
        let tokenizer = self.file();
        let given = day.unwrap_or_else(Day::today);
        let chat = Chat::new((&self.tokenizer, &tokenizer), named.as_deref(), options.as_deref(), given)?;
        if day.is_none() && chat.facts().date.is_some() {
            let message = format!("the export to `{layout}`: its chat template writes which day it is");
            let hint = "say which, so that the same recipe gives the same bytes: date = 2026-11-29";
            return Err(Error::input(message, hint));
        }
        Ok(chat.named_from(self.base))
    }
}

/// Makes sure that the exports of token ids can be written once the build is done.
///
/// # Errors
///
/// As of reading a tokenizer and fitting it to a layout.
pub fn ready(recipe: &Recipe) -> Result<()> {
    let of_ids = |export: &Export| match (export.target(), export.ids.as_ref()) {
        (Some(Target::Ids(layout)), Some(ids)) => Loaded::read(recipe, ids, layout.name())?.sheet(layout).map(|_| ()),
        _ => Ok(()),
    };
    recipe.exports.iter().try_for_each(of_ids)
}
