//! `build.json`: what was read, what became of it, and by which recipe.

mod sources;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::shard_lines::{self, ShardLine, SplitLine};
use crate::disk;
use crate::engine::functions::judge::{READ, UNREADABLE};
use crate::output::export::run::Account;
use crate::output::tokens::run::Sums;
use crate::pipeline::gates::Judged;
use crate::pipeline::heavy::{Heavy, Lost, Reached, heavy};
use crate::pipeline::inputs::Inputs;
use crate::pipeline::jobs::fingerprint;
use crate::pipeline::plan::stage_plan::{PlannedStage, StagePlan};
use crate::pipeline::run::slabs::{Counts, Layout};
use crate::recipe::{MIX_STAGE, Only, Origin, Recipe};
use crate::rows::Use;
use crate::rows::column::TOKENS;
use crate::rows::split::Split;
use crate::stages::clause::Clause;
use crate::stages::percentile::Found;
use crate::stages::rule::Rule;
use crate::{Error, Result};
use sources::source_lines;

/// The manifest. Names are fixed: other programs read them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this layout: 1.
    #[serde(default)]
    pub v: u32,
    /// Version of corpus.
    pub version: String,
    /// The recipe.
    pub recipe: RecipeLine,
    /// All rows.
    pub totals: Counts,
    /// Characters of kept text.
    pub kept_chars: u64,
    /// Tokens of kept text by source and use, where a stage counts them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenLine>,
    /// By source and file.
    pub sources: Vec<SourceLine>,
    /// Kept rows by split and source, where some are held out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<SplitLine>,
    /// The files of kept rows, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<ShardLine>,
    /// Why rows were dropped.
    pub reasons: Vec<ReasonLine>,
    /// What was cut out of kept rows.
    #[serde(default)]
    pub cuts: Vec<CutLine>,
    /// Indexes of earlier builds that rows were compared with, and what there is for later ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<IndexLine>,
    /// The share of dropped rows that keep their content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped_text: Option<f64>,
    /// The funnel, in order.
    pub stages: Vec<StageLine>,
    /// Rules that take more than half of what reaches them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heavy: Vec<Heavy>,
    /// The gates of the recipe, and whether the build passes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Judged>,
    /// Exports that the recipe asks for, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<ExportLine>,
    /// In an object store, the folder of the files, within that of this file; none on a disk, where they lie beside it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
    /// The files of the output but this one, and their bytes: nothing else is ever replaced.
    #[serde(default)]
    pub written: BTreeMap<String, u64>,
    /// SHA-256 of the data set card, `README.md`: one that was edited is not replaced.
    #[serde(default)]
    pub card: String,
    /// What may differ between two runs of the same build.
    pub timings: BTreeMap<String, serde_json::Value>,
}

/// Name and fingerprint of a recipe.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecipeLine {
    /// Its name.
    pub name: String,
    /// Of resolved stages, output options, uses and version.
    pub fingerprint: String,
}

/// A source.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct SourceLine {
    pub name: String,
    pub card: Option<String>,
    pub license: Option<String>,
    pub uses: Vec<Use>,
    pub files: Vec<FileLine>,
}

/// A file of a source.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct FileLine {
    pub path: String,
    pub part: Option<String>,
    pub license: Option<String>,
    /// None of what was read in an object store, which has an entity tag or a version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e_tag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    pub bytes: u64,
    pub format: String,
    pub encoding: String,
    /// Malformed sequences of that encoding, which were read as U+FFFD.
    #[serde(default)]
    pub replaced: u64,
    pub note: Option<String>,
    pub rows: u64,
    /// Where it came from, if out of the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    #[serde(flatten)]
    pub counts: Counts,
    pub uses: BTreeMap<Use, u64>,
}

/// Tokens of the rows of a source that are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenLine {
    /// The source.
    pub source: String,
    /// The use of its rows.
    #[serde(rename = "use")]
    pub usage: Use,
    /// Tokens, of copies too.
    pub tokens: u64,
    /// The file by which they are counted, as the recipe names it.
    pub tokenizer: String,
    /// SHA-256 of that file, hex.
    pub sha256: String,
}

/// Rows that one stage dropped for one reason.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ReasonLine {
    pub stage: String,
    pub reason: String,
    pub source: String,
    #[serde(rename = "use")]
    pub usage: Use,
    pub rows: u64,
    pub chars: u64,
}

/// What one stage took out of the rows of a source that are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct CutLine {
    pub stage: String,
    pub source: String,
    #[serde(rename = "use")]
    pub usage: Use,
    pub rows: u64,
    pub bytes: u64,
}

/// The indexes of one stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IndexLine {
    /// The stage.
    pub stage: String,
    /// The index for later builds, within the output folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Those of earlier builds that rows were compared with, in order.
    pub against: Vec<AgainstLine>,
}

/// The build in the layout of a trainer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportLine {
    /// The layout.
    pub to: String,
    /// Its folder, within the output folder.
    pub out: String,
    /// Uses that were asked for; all that the layout takes where there is none.
    #[serde(rename = "use", default, skip_serializing_if = "Vec::is_empty")]
    pub usage: Vec<Use>,
    /// The split that was asked for; none where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// Rows by use: written, set aside and why, and what is lost.
    pub uses: Vec<Account>,
    /// The sums of an export of token ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Sums>,
    /// SHA-256 of its `export.json`, which names all its files.
    pub sha256: String,
}

/// An index of an earlier build.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct AgainstLine {
    pub path: String,
    pub sha256: String,
}

/// A stage, and the rows before and after it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct StageLine {
    pub name: String,
    /// The word of the stage in recipes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run: String,
    /// Its place: columns of unit files are called `signal@number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<usize>,
    /// Which rows it is for.
    #[serde(default, skip_serializing_if = "everything")]
    pub only: Only,
    /// The limits that it judges by, by signal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, Rule>,
    /// Of its options, files and rows: what another one of the same name differs by.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fingerprint: String,
    /// The rules that are more than that: `when`, `any`, `all`, `not`, and further limits of the same signal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clauses: Vec<Clause>,
    /// What the percentiles that it judges by are in the corpus.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Found>,
    pub rows_in: u64,
    pub rows_out: u64,
}

impl StageLine {
    /// Whether it judges by limits of signals.
    pub fn judges(&self) -> bool {
        !self.rules.is_empty() || !self.clauses.is_empty()
    }
}

/// Puts a manifest together.
pub fn manifest(recipe: &Recipe, fingerprint: &str, inputs: &Inputs, chain: &StagePlan, layout: &Layout) -> Manifest {
    let (totals, sources) = source_lines(inputs, layout);
    let cut = |((stage, source), sums): (&(String, usize), &(u64, u64))| {
        let source = &inputs.sources[*source];
        let (stage, name) = (stage.clone(), source.source.name.clone());
        CutLine { stage, source: name, usage: source.usage, rows: sums.0, bytes: sums.1 }
    };
    let mut manifest = Manifest {
        v: 1,
        version: env!("CARGO_PKG_VERSION").into(),
        recipe: RecipeLine { name: recipe.name.clone(), fingerprint: fingerprint.to_owned() },
        totals,
        kept_chars: layout.kept_chars,
        tokens: tokens(inputs, chain, layout),
        sources,
        splits: shard_lines::splits(inputs, layout),
        shards: Vec::new(),
        reasons: reason_lines(inputs, layout),
        cuts: layout.cuts.iter().map(cut).collect(),
        indexes: Vec::new(),
        exports: Vec::new(),
        stages: Vec::new(),
        dropped_text: Some(recipe.output.dropped_text),
        heavy: Vec::new(),
        gates: Vec::new(),
        at: String::new(),
        written: BTreeMap::new(),
        card: String::new(),
        timings: BTreeMap::new(),
    };
    manifest.stages = funnel(chain, &manifest);
    manifest.heavy = heavy(recipe, &manifest.reached(), &manifest.lost());
    manifest
}

/// How many rows went for each reason, by stage, source and use.
fn reason_lines(inputs: &Inputs, layout: &Layout) -> Vec<ReasonLine> {
    let mut reasons: Vec<ReasonLine> = Vec::new();
    for ((stage, reason, source), sums) in layout.reasons.iter().filter(|(key, _)| key.0 != UNREADABLE) {
        let source = &inputs.sources[*source];
        let (name, usage) = (&source.source.label, source.usage);
        let same =
            |r: &&mut ReasonLine| r.stage == *stage && r.reason == *reason && r.source == *name && r.usage == usage;
        match reasons.iter_mut().find(same) {
            Some(line) => {
                line.rows += sums.0;
                line.chars += sums.1;
            }
            None => reasons.push(ReasonLine {
                stage: stage.clone(),
                reason: reason.clone(),
                source: name.clone(),
                usage,
                rows: sums.0,
                chars: sums.1,
            }),
        }
    }
    reasons
}

/// Tokens by source and use, and what counts them; parts of one card together.
fn tokens(inputs: &Inputs, chain: &StagePlan, layout: &Layout) -> Vec<TokenLine> {
    let mut lines: Vec<TokenLine> = Vec::new();
    for (number, tokens) in &layout.tokens {
        let source = &inputs.sources[*number];
        let Some(file) = chain.last_measuring(source, TOKENS).and_then(|stage| stage.files.first()) else { continue };
        let (label, usage) = (&source.source.label, source.usage);
        let same = |l: &&mut TokenLine| l.source == *label && l.usage == usage && l.sha256 == file.sha256;
        match lines.iter_mut().find(same) {
            Some(line) => line.tokens += tokens,
            None => lines.push(TokenLine {
                source: label.clone(),
                usage,
                tokens: *tokens,
                tokenizer: file.shown.clone(),
                sha256: file.sha256.clone(),
            }),
        }
    }
    lines
}

impl Manifest {
    /// Writes it, as a file that appears whole: line by line, for there may be a hundred thousand files in it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing.
    pub fn write(&self, path: &Path) -> Result<()> {
        let write = |file: &mut dyn Write| Ok(serde_json::to_writer_pretty(file, self)?);
        disk::write_whole_by(path, write).map_err(Error::io(path))
    }

    /// The same as bytes, for an object store.
    ///
    /// # Errors
    ///
    /// None: all of it can be JSON.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self).map_err(|e| Error::Engine(e.to_string()))
    }

    /// The tokens of kept text, where they are counted.
    pub fn kept_tokens(&self) -> Option<u64> {
        (!self.tokens.is_empty()).then(|| self.tokens.iter().map(|line| line.tokens).sum())
    }

    /// Says what the percentiles of stages are in the corpus.
    pub fn found(&mut self, found: Vec<(String, Vec<Found>)>) {
        for (stage, limits) in found {
            if let Some(line) = self.stages.iter_mut().find(|line| line.name == stage) {
                line.limits = limits;
            }
        }
    }

    /// Its sources, and the rows of each that could be read.
    pub fn reached(&self) -> Vec<Reached<'_>> {
        let read = |f: &FileLine| f.counts.read.saturating_sub(f.counts.unreadable);
        let rows = |s: &SourceLine| s.files.iter().map(read).sum();
        self.sources.iter().map(|s| Reached { name: &s.name, uses: s.uses.clone(), rows: rows(s) }).collect()
    }

    /// What its stages dropped.
    pub fn lost(&self) -> Vec<Lost<'_>> {
        let lines = self.reasons.iter();
        lines.map(|l| Lost { stage: &l.stage, reason: &l.reason, source: &l.source, rows: l.rows }).collect()
    }
}

fn everything(only: &Only) -> bool {
    *only == Only::default()
}

/// Limits by signal, and the rules that are more than that.
fn rules(all: Vec<Clause>) -> (BTreeMap<String, Rule>, Vec<Clause>) {
    let (mut limits, mut more): (BTreeMap<String, Rule>, Vec<Clause>) = (BTreeMap::new(), Vec::new());
    for clause in all {
        let (plain, rest) = clause.parted();
        for (signal, rule) in plain {
            match limits.contains_key(&signal) {
                false => drop(limits.insert(signal, rule)),
                true => more.push(Clause { limits: BTreeMap::from([(signal, rule)]), ..Clause::default() }),
            }
        }
        more.extend((!rest.is_empty()).then_some(rest));
    }
    (limits, more)
}

/// `read` (what formats set aside, and empty rows), then the stages of the recipe, and the mix where there is one: after
/// all that decides, and before a shuffle.
fn funnel(chain: &StagePlan, manifest: &Manifest) -> Vec<StageLine> {
    let mut names: Vec<(&str, bool, Option<&PlannedStage>)> = Vec::new();
    for link in chain.stages.iter().filter(|l| !l.name.is_empty()) {
        names.push((&link.name, link.decides(), Some(link)));
    }
    if chain.mix.is_some() {
        let shuffles = chain.stages.iter().filter(|l| l.stage().order().is_some()).count();
        names.insert(names.len() - shuffles, (MIX_STAGE, true, None));
    }
    let dropped = |stage: &str| -> u64 { manifest.reasons.iter().filter(|r| r.stage == stage).map(|r| r.rows).sum() };
    let known = |stage: &str| names.iter().any(|n| n.0 == stage);
    let mut alive = manifest.totals.read - manifest.totals.unreadable;
    let elsewhere = manifest.reasons.iter().filter(|r| !known(&r.stage)).map(|r| r.rows).sum::<u64>();
    let read = StageLine { name: READ.into(), rows_in: alive, rows_out: alive - elsewhere, ..StageLine::default() };
    let mut lines = vec![read];
    alive -= elsewhere;
    for (name, decides, link) in names {
        let dropped_here = if decides { dropped(name) } else { 0 };
        let added = if name == MIX_STAGE && chain.mix.is_some() { manifest.totals.added } else { 0 };
        let (rules, clauses) = rules(link.map(|l| l.stage().rules()).unwrap_or_default());
        lines.push(StageLine {
            name: name.to_owned(),
            run: link.map(|l| l.run().to_owned()).unwrap_or_default(),
            number: link.map(|l| l.number),
            fingerprint: link.map(|l| fingerprint(&l.content())).unwrap_or_default(),
            only: link.map(|l| l.only.clone()).unwrap_or_default(),
            rules,
            clauses,
            limits: Vec::new(),
            rows_in: alive,
            rows_out: alive - dropped_here + added,
        });
        alive = alive - dropped_here + added;
    }
    lines
}
