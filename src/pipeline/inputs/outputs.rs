//! What corpus wrote itself and what lies among the inputs: a recipe beside its data is built into a folder beside them, and
//! the next build would read the output of this one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::input::file;

/// Parts of an output, by which a pattern says that it is meant.
const PARTS: [&str; 3] = ["data", "dropped", "unreadable"];

/// What the manifests of builds and of exports have in common with nothing else.
#[derive(Deserialize)]
#[serde(untagged)]
#[allow(dead_code)]
enum Manifest {
    Build {
        v: u64,
        version: String,
        recipe: Built,
        totals: serde::de::IgnoredAny,
        sources: serde::de::IgnoredAny,
    },
    Export {
        v: u64,
        to: String,
        trainer: serde::de::IgnoredAny,
        uses: serde::de::IgnoredAny,
        files: serde::de::IgnoredAny,
    },
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Built {
    name: String,
    fingerprint: String,
}

/// Whether a folder is the output of a build or an export.
fn is_output(folder: &Path) -> bool {
    ["build.json", "export.json"].iter().any(|name| {
        let manifest = folder.join(name);
        let Ok(open) = file::open(&manifest).map(std::io::BufReader::new) else { return false };
        manifest.is_file() && serde_json::from_reader::<_, Manifest>(open).is_ok()
    })
}

/// Leaves out the files of outputs below `root`, unless the `pattern` below it names a part of an output; gives back the
/// first folder that is left out, and how many there are.
pub(super) fn leave_out(root: &Path, pattern: &str, files: &mut Vec<PathBuf>) -> Option<(PathBuf, usize)> {
    if pattern.split('/').any(|part| PARTS.contains(&part)) {
        return None;
    }
    let mut known: HashMap<PathBuf, bool> = HashMap::new();
    let mut left: Vec<PathBuf> = Vec::new();
    files.retain(|file| {
        let folders = file.ancestors().skip(1).take_while(|folder| *folder != root && folder.starts_with(root));
        let output = folders.filter(|folder| *known.entry(folder.to_path_buf()).or_insert_with(|| is_output(folder)));
        let Some(output) = output.last() else { return true };
        if left.last().is_none_or(|last| last != output) {
            left.push(output.to_path_buf());
        }
        false
    });
    Some((left.first()?.clone(), left.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_told_by_their_manifests() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |name: &str, text: &str| {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        let build =
            r#"{"v":1,"version":"0.1.0","recipe":{"name":"a","fingerprint":"f"},"totals":{},"sources":[],"more":1}"#;
        let export = r#"{"v":1,"to":"trl","trainer":"TRL","out":"o","uses":{},"files":[]}"#;
        let mut all: Vec<PathBuf> = [
            ("a.jsonl", "{}"),
            ("builds/one/build.json", build),
            ("builds/one/data/a.parquet", ""),
            ("builds/two/build.json", build),
            ("other/build.json", r#"{"v":1,"name":"a program's own"}"#),
            ("other/x.jsonl", "{}"),
            ("trl/export.json", export),
            ("trl/train.jsonl", ""),
        ]
        .iter()
        .map(|(name, text)| write(name, text))
        .collect();
        let mut asked = all.clone();
        assert_eq!(leave_out(root, "builds/*/data/*.parquet", &mut asked), None);
        assert_eq!(asked.len(), all.len());
        assert_eq!(leave_out(root, "**", &mut all), Some((root.join("builds/one"), 3)));
        let kept: Vec<_> = all.iter().map(|file| file.strip_prefix(root).unwrap().to_str().unwrap()).collect();
        assert_eq!(kept, ["a.jsonl", "other/build.json", "other/x.jsonl"]);
        // A folder that is named is meant.
        let mut inside = vec![root.join("builds/one/data/a.parquet")];
        assert_eq!(leave_out(&root.join("builds/one"), "", &mut inside), None);
    }
}
