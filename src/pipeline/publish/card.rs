//! The data set card that is written beside the data: `datasets.load_dataset(folder)` reads its YAML.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::manifest::Manifest;
use crate::recipe::Recipe;
use crate::rows::Use;
use crate::rows::split::Split;

/// `README.md` of a build: one configuration a use, the first of them the default.
pub fn card(recipe: &Recipe, manifest: &Manifest, uses: &[Use]) -> String {
    let mut out = String::from("---\nconfigs:\n");
    let of = |split: Split, usage: Use| {
        manifest.shards.iter().any(|shard| shard.usage == usage && shard.split == Some(split))
    };
    for (index, usage) in uses.iter().enumerate() {
        let _ = writeln!(out, "- config_name: {usage}");
        if index == 0 {
            let _ = writeln!(out, "  default: true");
        }
        let splits: Vec<Split> = Split::ALL.into_iter().filter(|split| of(*split, *usage)).collect();
        if splits.is_empty() {
            let _ = writeln!(out, "  data_files: data/{usage}/*.parquet");
            continue;
        }
        let _ = writeln!(out, "  data_files:");
        for split in splits {
            let _ = write!(out, "  - split: {split}\n    path: data/{usage}/{split}-*.parquet\n");
        }
    }
    let _ = write!(out, "---\n\n# {}\n\n{}\n\n", recipe.name, recipe.about);
    let totals = &manifest.totals;
    let _ = writeln!(
        out,
        "Built by corpus {} (recipe fingerprint `{}`): {} rows read, {} kept, {} dropped, {} unreadable.\n",
        manifest.version, manifest.recipe.fingerprint, totals.read, totals.kept, totals.dropped, totals.unreadable
    );
    let counted = !manifest.tokens.is_empty();
    let (title, line) = if counted { (" tokens |", " --- |") } else { ("", "") };
    let _ = writeln!(out, "| source | use | licence | rows kept |{title}\n| --- | --- | --- | --- |{line}");
    for source in &manifest.sources {
        let kept: u64 = source.files.iter().map(|f| f.counts.kept).sum();
        let usage = source.uses.first().map_or("", |u| u.as_str());
        let license = source.license.as_deref().unwrap_or("not stated");
        let tokens = manifest.tokens.iter().filter(|t| t.source == source.name).map(|t| t.tokens).sum::<u64>();
        let tokens = if counted { format!(" {tokens} |") } else { String::new() };
        let _ = writeln!(out, "| {} | {usage} | {license} | {kept} |{tokens}", source.name);
    }
    if !manifest.splits.is_empty() {
        let _ = write!(out, "\n| split | source | use | rows |\n| --- | --- | --- | --- |\n");
        for line in &manifest.splits {
            let _ = writeln!(out, "| {} | {} | {} | {} |", line.split, line.source, line.usage, line.rows);
        }
        let _ = write!(
            out,
            "\nRows with the same text, question, page or title, and rows that a stage found to be alike, are in one split.\n"
        );
    }
    let tokenizers: BTreeMap<&str, &str> =
        manifest.tokens.iter().map(|t| (t.tokenizer.as_str(), t.sha256.as_str())).collect();
    for (tokenizer, sha256) in tokenizers {
        let _ = write!(out, "\nTokens are those of the text alone, by `{tokenizer}` (SHA-256 `{sha256}`).\n");
    }
    let _ = write!(
        out,
        "\n`dropped/` holds every row that was left out, with the stage, the reason, the value and the limit;\n\
         `unreadable/` what could not be read as a row; `build.json` accounts for every file.\n"
    );
    out
}
