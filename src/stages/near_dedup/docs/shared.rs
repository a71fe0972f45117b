//! The rows as other processes see them: sketches, ranks and scopes, in files of a folder that all see.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Docs, Origin};
use crate::disk::write_whole;
use crate::spill::flat::{Bits, Flat};
use crate::spill::striped::Striped;
use crate::stages::near_dedup::signature::Signature;
use crate::{Error, Result};

/// Where the files are, and what is small.
#[derive(Serialize, Deserialize)]
struct Head {
    earlier: usize,
    sketches: Vec<PathBuf>,
    sketched: PathBuf,
    /// Rank by doc, and doc by rank.
    ranks: Option<(PathBuf, PathBuf)>,
    stretches: Vec<(u32, u64, Origin)>,
}

/// The file of the head.
const HEAD: &str = "docs.json";

impl Docs {
    /// Writes down in `folder` what [`Docs::shared`] opens. The files of sketches and ranks stay where they are, and go
    /// when these rows do.
    ///
    /// # Errors
    ///
    /// Of the disk.
    pub fn share(&mut self, folder: &Path) -> Result<()> {
        let sketched = folder.join("sketched");
        write_whole(&sketched, &self.sketched.to_bytes()).map_err(Error::io(&sketched))?;
        let ranks = match &mut self.ranks {
            Some((ranks, docs)) => Some((ranks.settle()?.to_owned(), docs.settle()?.to_owned())),
            None => None,
        };
        let head = Head {
            earlier: self.earlier,
            sketches: self.sketches.settle()?,
            sketched,
            ranks,
            stretches: self.stretches.clone(),
        };
        let json = serde_json::to_vec(&head).map_err(|e| Error::Engine(e.to_string()))?;
        let path = folder.join(HEAD);
        write_whole(&path, &json).map_err(Error::io(&path))
    }

    /// The rows that another process has written down in `folder`: their sketches, ranks and scopes, and nothing else.
    ///
    /// # Errors
    ///
    /// Of the disk.
    pub fn shared(folder: &Path, signature: Signature) -> Result<Self> {
        let path = folder.join(HEAD);
        let json = std::fs::read(&path).map_err(Error::io(&path))?;
        let head: Head = serde_json::from_slice(&json).map_err(|e| Error::Engine(e.to_string()))?;
        let sketched = std::fs::read(&head.sketched).map_err(Error::io(&head.sketched))?;
        let none = |width| Flat::new(folder.join("none"), width, 0);
        let ranks = match head.ranks {
            Some((ranks, docs)) => Some((Flat::open(ranks, 4)?, Flat::open(docs, 4)?)),
            None => None,
        };
        let sketches = Striped::open(head.sketches, signature.width())?;
        Ok(Docs {
            signature,
            earlier: head.earlier,
            ords: none(8),
            count: sketches.len(),
            sketches,
            waiting: Vec::new(),
            sketched: Bits::from_bytes(&sketched),
            keys: none(super::KEY),
            contents: None,
            stretches: head.stretches,
            ranks,
            order: None,
            values: None,
            keep_keys: false,
        })
    }
}
