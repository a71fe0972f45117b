//! The tokenizers of a recipe's exports: found, read, and asked whether they fit the layout, before a build begins.

use crate::models::tokenizer::Tokenizer;
use crate::output::tokens::{Layout, Sheet};
use crate::pipeline::plan::resources::sha256;
use crate::recipe::{Export, Ids, Recipe, Target};
use crate::{Error, Result};

/// The tokenizer of an export, as it is now.
pub(crate) struct Loaded<'a> {
    ids: &'a Ids,
    tokenizer: Tokenizer,
    sha256: String,
}

impl<'a> Loaded<'a> {
    /// Reads the tokenizer of an export to this layout.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] of a file that is not there, or is no tokenizer.
    pub(crate) fn read(recipe: &Recipe, ids: &'a Ids, layout: &str) -> Result<Self> {
        let path = recipe.base.join(&ids.tokenizer);
        if !path.is_file() {
            let message = format!("the export to `{layout}`: `tokenizer` names {}, which is no file", path.display());
            return Err(Error::input(message, "paths are relative to the recipe's folder"));
        }
        Ok(Loaded { ids, tokenizer: Tokenizer::read(&path)?, sha256: sha256(&path)? })
    }

    /// What the layout's files are made by.
    ///
    /// # Errors
    ///
    /// As of [`Sheet::new`].
    pub(crate) fn sheet(&self, layout: &dyn Layout) -> Result<Sheet<'_>> {
        let Ids { tokenizer, seq_length, packing, eos } = self.ids;
        let named = (&self.tokenizer, tokenizer.as_str(), self.sha256.as_str());
        Sheet::new(layout, named, eos.as_deref(), (*packing, *seq_length), None)
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
