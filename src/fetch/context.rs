//! What the steps of a fetch share: how it is asked for, and the account that it keeps.

use std::sync::Arc;

use super::Options;
use super::client::Client;
use super::progress::Progress;
use super::summary::{FileReport, SetReport};
use super::targets::Target;
use crate::store::Manifest;

/// The options, client and progress that all steps of a fetch share.
pub struct Context<'a> {
    /// What the command line asks for.
    pub options: &'a Options,
    /// The HTTP client, with its connections.
    pub client: Arc<Client>,
    /// The receiver of progress and warnings.
    pub progress: &'a dyn Progress,
}

/// An empty account of a target.
pub fn report_of(target: &Target) -> SetReport {
    SetReport { name: target.name.clone(), key: target.key.clone(), revision: "-".into(), ..SetReport::default() }
}

/// A file of a manifest, for the summary.
pub fn file_report(manifest: &Manifest, path: &str, state: &'static str) -> FileReport {
    let entry = manifest.files.get(path).cloned().unwrap_or_default();
    FileReport { path: path.to_owned(), part: entry.part, bytes: entry.bytes, sha256: entry.sha256, state }
}
