//! The columns of the stage: what a row has in common with evaluation sets; and the sentences that it cuts.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, Int64Builder, StringBuilder};

use super::evaluation::Evaluation;
use super::{Action, Decontaminate};
use crate::Result;
use crate::rows::batch::Batch;
use crate::rows::spans::Spans;
use crate::stages::rule::number;
use crate::stages::{RowContext, RowWork, Worked};
use crate::text::overlap::set::Found;
use crate::text::sentences::widen;

/// Searches rows for n-grams of evaluation sets.
pub struct Search {
    options: Decontaminate,
    evaluation: Arc<Evaluation>,
}

/// Characters of a stretch that are shown.
const SHOWN: usize = 60;

impl Search {
    /// As the options say, in these sets.
    pub fn new(options: Decontaminate, evaluation: Arc<Evaluation>) -> Self {
        Search { options, evaluation }
    }
}

impl RowWork for Search {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        let cuts_text = self.options.action == Action::Cut;
        let evaluation = self.evaluation.as_ref();
        let (mut shares, mut hits) = (Float64Builder::new(), StringBuilder::new());
        let (mut all_spans, mut bytes) = (Spans::default(), Int64Builder::new());
        let mut cuts: Vec<Vec<(usize, usize)>> = Vec::new();
        let (mut grams, mut texts) = (evaluation.set.grams(), Vec::new());
        for row in 0..context.rows {
            texts.clear();
            if context.applies(row) {
                batch.texts(row, &mut texts);
            }
            let Some(found) = evaluation.set.search(&mut grams, &texts, self.options.overlap) else {
                shares.append_null();
                hits.append_null();
                all_spans.push(&[]);
                bytes.append_null();
                continue;
            };
            shares.append_value(found.share);
            hits.append_value(shown(&texts, &found, evaluation));
            all_spans.push(&found.spans);
            let wide = if cuts_text { widened(&texts, &found.spans) } else { Vec::new() };
            bytes.append_option((!wide.is_empty()).then(|| wide.iter().map(|(s, e)| (e - s) as i64).sum::<i64>()));
            if !wide.is_empty() {
                // Rows between that lose nothing have no stretches.
                cuts.resize(row, Vec::new());
                cuts.push(wide);
            }
        }
        if !cuts.is_empty() {
            batch.cut(&cuts);
        }
        let columns: Vec<ArrayRef> =
            vec![Arc::new(shares.finish()), Arc::new(hits.finish()), all_spans.finish(), Arc::new(bytes.finish())];
        Ok(Worked { columns: if context.columns { columns } else { Vec::new() }, stop: None })
    }
}

/// Stretches of a row widened to sentences of its texts.
fn widened(texts: &[&str], spans: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let (mut base, mut wide) = (0, Vec::new());
    for text in texts {
        let end = base + text.len();
        let inside = |span: &&(usize, usize)| span.0 >= base && span.1 <= end;
        let own: Vec<_> = spans.iter().filter(inside).map(|(s, e)| (s - base, e - base)).collect();
        wide.extend(widen(text, &own).into_iter().map(|(s, e)| (s + base, e + base)));
        base = end + 1;
    }
    wide
}

/// `0.62 of eval/a.jsonl:17: the first stretch`.
fn shown(texts: &[&str], found: &Found, evaluation: &Evaluation) -> String {
    let (mut base, mut stretch) = (0, "");
    for text in texts {
        if (base..=base + text.len()).contains(&found.first.0) {
            stretch = text.get(found.first.0 - base..found.first.1 - base).unwrap_or_default();
            break;
        }
        base += text.len() + 1;
    }
    let mut excerpt: String = stretch.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if stretch.chars().nth(SHOWN).is_some() {
        excerpt.push('…');
    }
    format!("{} of {}: {excerpt}", number((found.share * 1e4).round() / 1e4), evaluation.place(found.item))
}
