//! What an export of token ids is made by, on its way to another process: files by their paths, each with what is known of it
//! where it was read first.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::chat::{Chat, ChatFacts};
use super::{Layout, Packing, Sheet, layout};
use crate::disk;
use crate::models::template::Day;
use crate::models::tokenizer::Tokenizer;
use crate::{Error, Result};

/// A [`Sheet`] that is sent away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    layout: String,
    tokenizer: PathBuf,
    named: String,
    sha256: String,
    end: Option<(String, u32)>,
    packed: Option<(Packing, u32)>,
    limit: Option<u32>,
    shard: Option<u64>,
    /// The file of the template, and what it is.
    chat: Option<(PathBuf, ChatFacts)>,
}

impl Sent {
    /// What a layout is made by, whose tokenizer was read from a file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the folder of this process cannot be told.
    pub fn of(layout: &dyn Layout, sheet: &Sheet<'_>, tokenizer: &Path) -> Result<Self> {
        let whole = |path: &Path| std::path::absolute(path).map_err(Error::io(path));
        let chat = sheet.chat.as_ref().map(|chat| Ok::<_, Error>((whole(chat.file())?, chat.facts().clone())));
        Ok(Sent {
            layout: layout.name().to_owned(),
            tokenizer: whole(tokenizer)?,
            named: sheet.named.to_owned(),
            sha256: sheet.sha256.to_owned(),
            end: sheet.end.clone(),
            packed: sheet.packed,
            limit: sheet.limit,
            shard: sheet.shard,
            chat: chat.transpose()?,
        })
    }

    /// Does something with the layout, and with what it is made by.
    ///
    /// # Errors
    ///
    /// Files that are not here, or are others than they were where they were read first; those of `act`.
    pub fn made<T>(&self, act: impl FnOnce(&dyn Layout, &Sheet<'_>) -> Result<T>) -> Result<T> {
        let layout =
            layout(&self.layout).ok_or_else(|| Error::Engine(format!("no layout is called {}", self.layout)))?;
        let tokenizer = Tokenizer::read(&self.tokenizer)?;
        let sha256 = disk::sha256(&self.tokenizer, &|| false).map_err(Error::io(&self.tokenizer))?;
        if sha256 != self.sha256 {
            return Err(other(&self.tokenizer));
        }
        let sheet = Sheet {
            tokenizer: &tokenizer,
            named: &self.named,
            sha256: &self.sha256,
            end: self.end.clone(),
            chat: self.chat(&tokenizer)?,
            packed: self.packed,
            limit: self.limit,
            width: layout.width(tokenizer.vocabulary()),
            shard: self.shard,
        };
        act(layout, &sheet)
    }

    fn chat(&self, tokenizer: &Tokenizer) -> Result<Option<Chat>> {
        let Some((file, facts)) = &self.chat else { return Ok(None) };
        let options = serde_json::to_string(&facts.options).map_err(|e| Error::Engine(e.to_string()))?;
        // One that does not ask is not told.
        let day = facts.date.as_deref().and_then(Day::parse).unwrap_or_else(Day::today);
        let chat = Chat::new((tokenizer, &self.tokenizer), Some(file), Some(&options), day)?.named(facts.file.clone());
        if chat.facts() == facts { Ok(Some(chat)) } else { Err(other(file)) }
    }
}

/// The error of a file that is not what it was.
fn other(file: &Path) -> Error {
    Error::input(
        format!("{} is another file on a machine of the cluster than where the build runs", file.display()),
        "name one that all machines see under the same path",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tokenizer that is another one where the export is written is no export of this build.
    #[test]
    fn another_tokenizer_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tiny.json");
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/tiny-tokenizer.json"), &file).unwrap();
        let sent = Sent {
            layout: "megatron".into(),
            tokenizer: file.clone(),
            named: "tiny.json".into(),
            sha256: disk::sha256(&file, &|| false).unwrap(),
            end: None,
            packed: None,
            limit: None,
            shard: Some(640),
            chat: None,
        };
        let sent: Sent = serde_json::from_slice(&serde_json::to_vec(&sent).unwrap()).unwrap();
        let made = || sent.made(|layout, sheet| Ok((layout.name(), sheet.shard)));
        assert_eq!(made().unwrap(), ("megatron", Some(640)));
        let same_but_for_a_line = std::fs::read_to_string(&file).unwrap() + "\n";
        std::fs::write(&file, same_but_for_a_line).unwrap();
        let error = made().unwrap_err().to_string();
        assert!(error.contains("tiny.json is another file on a machine of the cluster"), "{error}");
    }
}
