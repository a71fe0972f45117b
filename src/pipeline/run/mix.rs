//! The mix: how much of each source comes out, and which of its rows.
//!
//! Amounts are summed from narrow columns, over the rows that every stage before has kept. What is taken of a source
//! follows from them: whole copies, and for the rest the rows that draw the smallest numbers ([`Take::draw`]), as many as
//! fit. Where the line between them lies is found without sorting: one pass sums the amounts by the first bits of the
//! draw, a second one looks at the rows of the one stretch in which the line falls. Nothing is kept by row: whoever
//! knows a row's id and the [`Take`] of its source knows how often it comes.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::drops;
use crate::engine::functions::judge::{Ask, Decision};
use crate::engine::in_order;
use crate::engine::plan::{self, Plan};
use crate::engine::session::NARROW_ROWS;
use crate::output::parquet_file::write_whole;
use crate::output::take::Take;
use crate::pipeline::inputs::{Inputs, SourceInput};
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::folders::Folders;
use crate::pipeline::plan::planner::Plans;
use crate::pipeline::plan::plans::id_of;
use crate::pipeline::usage::count;
use crate::pipeline::{Build, Scanned};
use crate::recipe::{By, MIX_STAGE, Mix, Share};
use crate::rows::column::TOKENS;
use crate::{Error, Result};

/// Bits of a draw by which amounts are summed: 64 KiB a source.
const BITS: u32 = 13;

/// The sources of one name, and what is there of them.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Their name.
    pub label: String,
    /// What they say of their place in the mix.
    pub share: Share,
    /// Rows, characters or tokens that the stages before have kept.
    pub amount: f64,
}

impl Group {
    /// The most that can come out.
    fn most(&self) -> f64 {
        self.amount * self.share.repeat.unwrap_or(1.0)
    }

    /// Its share; as much as there is where it has no weight.
    fn weight(&self) -> f64 {
        self.share.weight.unwrap_or(self.most())
    }
}

/// The largest total at which no group needs more than its repeats allow.
pub fn most(groups: &[Group]) -> f64 {
    let weights: f64 = groups.iter().map(Group::weight).sum();
    groups.iter().filter(|g| g.weight() > 0.0).map(|g| g.most() * (weights / g.weight())).fold(f64::INFINITY, f64::min)
}

/// How much of each group comes out, in the order of the groups.
pub fn amounts(groups: &[Group], total: f64) -> Vec<f64> {
    let weights: f64 = groups.iter().map(Group::weight).sum();
    groups.iter().map(|g| if weights > 0.0 { total * (g.weight() / weights) } else { 0.0 }).collect()
}

/// What comes out of each group, checked against what there is.
fn targets(mix: &Mix, groups: &[Group]) -> Result<Vec<f64>> {
    let unit = mix.by.as_str();
    if let Some(none) = groups.iter().find(|g| g.amount == 0.0 && g.share.weight.is_some()) {
        return Err(Error::input(
            format!("no row of source `{}` is left to be mixed, but it has a weight", none.label),
            "leave the source out, or find out which stage drops its rows",
        ));
    }
    let most = most(groups);
    let Some(total) = mix.total else { return Ok(amounts(groups, if most.is_finite() { most } else { 0.0 })) };
    let wanted = amounts(groups, total);
    let short = groups.iter().zip(&wanted).find(|(g, wanted)| **wanted > g.most() * (1.0 + 1e-9));
    match short {
        None => Ok(wanted),
        Some((group, wanted)) => Err(Error::input(
            format!(
                "[mix] total = {total} takes {:.0} {unit} of source `{}`, which has {:.0}: {:.2} times as much, but it \
                 repeats at most {} times",
                wanted,
                group.label,
                group.amount,
                wanted / group.amount,
                group.share.repeat.unwrap_or(1.0)
            ),
            format!(
                "lower `total` to {:.0} or less, give the source a lower `weight`, or a higher `repeat`",
                most.floor()
            ),
        )),
    }
}

/// Whole copies of an amount that make up `wanted`, and what is left to be drawn.
fn whole(amount: f64, wanted: f64, by: By) -> (u64, f64) {
    if amount <= 0.0 {
        return (1, 0.0);
    }
    let times = (wanted / amount + 1e-9).floor();
    let rest = (wanted - times * amount).max(0.0);
    // A half is no row: what a repeat allows is not passed.
    let rest = if by == By::Rows { (rest - 1e-6).round().max(0.0) } else { rest };
    match rest {
        rest if rest >= amount => (times as u64 + 1, 0.0),
        rest if rest < 1e-3 => (times as u64, 0.0),
        rest => (times as u64, rest),
    }
}

impl Plans<'_> {
    /// Ids and sizes of the rows of a source that are still there, in one partition.
    fn alive(&self, source: &SourceInput, units: &[usize], at: &Folders<'_>, by: By) -> Result<Plan> {
        let size = match by {
            By::Rows | By::Chars => "row_chars".to_owned(),
            // The recipe was asked for a stage that counts them in every row.
            By::Tokens => {
                self.chain.last_column(source, TOKENS).ok_or_else(|| Error::Engine(format!("no {TOKENS}")))?
            }
        };
        let node = self.still_there(source, units, at, &["ord", size.as_str(), "id"], true)?;
        let columns = vec![
            (id_of(&node, at, &(0..u64::MAX))?, "final_id".to_owned()),
            (plan::column(&node, &size)?, "size".to_owned()),
        ];
        plan::project(node, columns)
    }
}

impl Build<'_> {
    /// Decides what is taken of each source, and drops the rows that are not.
    pub(crate) async fn mix(
        &self,
        plans: &Plans<'_>,
        scanned: &Scanned,
        repeats: Option<&Job>,
        drops: Option<&Job>,
        mix: &Mix,
        job: &Job,
    ) -> Result<Vec<Take>> {
        let at = scanned.folders(repeats, drops);
        let path = job.folder.join("takes.json");
        let known = || serde_json::from_slice::<Vec<Take>>(&std::fs::read(&path).ok()?).ok();
        let takes = match self.turn(&job.folder.join("takes"), || known().is_some()).await? {
            None => known().ok_or_else(|| Error::Engine(format!("{} is gone", path.display())))?,
            Some(turn) => {
                let takes = self.takes(plans, scanned, &at, mix).await?;
                let json = serde_json::to_vec(&takes).map_err(|e| Error::Engine(e.to_string()))?;
                write_whole(&path, &json)?;
                turn.hand(|| vec![path.clone()])?;
                takes
            }
        };
        self.progress.phase("Mixing", scanned.units.iter().map(|u| u.len() as u64).sum());
        for (number, source) in plans.inputs.sources.iter().enumerate() {
            let (mut spec, signals) = plans.chain.judge(source, &[], at.drops.is_none());
            let (stage, languages) = (MIX_STAGE.to_owned(), Vec::new());
            spec.decisions.push(Decision {
                stage,
                languages,
                cut: None,
                found: Vec::new(),
                ask: Ask::Take(takes[number]),
            });
            self.units(job, &scanned.units[number], &drops::drops_schema(), NARROW_ROWS, |left| {
                plans.judged(source, left, (spec.clone(), &signals), &at, job)
            })
            .await?;
        }
        let said = plans.inputs.sources.iter().zip(&takes).map(|(s, t)| format!("{} x {:.3}", s.source.name, t.share));
        self.progress.named(&said.collect::<Vec<_>>().join(", "));
        Ok(takes)
    }

    /// What is taken of each source.
    async fn takes(&self, plans: &Plans<'_>, scanned: &Scanned, at: &Folders<'_>, mix: &Mix) -> Result<Vec<Take>> {
        let (mut groups, of) = groups(plans.inputs);
        let seed = |group: usize| groups[group].share.seed.unwrap_or(0);
        let seeds: Vec<u64> = (0..groups.len()).map(seed).collect();
        let mut sums = vec![vec![0u64; 1 << BITS]; groups.len()];
        self.progress.phase("Counting", 0);
        self.alive(plans, scanned, at, mix.by, |source, id, amount| {
            let group = of[source];
            sums[group][(Take::draw(seeds[group], id) >> (64 - BITS)) as usize] += amount;
        })
        .await?;
        for (group, sums) in groups.iter_mut().zip(&sums) {
            group.amount = sums.iter().sum::<u64>() as f64;
        }
        let wanted = targets(mix, &groups)?;
        self.progress.done(&format!("{} {} of the output", count(wanted.iter().sum::<f64>() as u64), mix.by.as_str()));
        let mut takes: Vec<Take> = Vec::new();
        // Group to the stretch in which its line falls, and what is left to be taken there.
        let mut lines: BTreeMap<usize, (u64, f64)> = BTreeMap::new();
        for (number, (group, wanted)) in groups.iter().zip(&wanted).enumerate() {
            let (times, mut rest) = whole(group.amount, *wanted, mix.by);
            let share = if group.amount > 0.0 { wanted / group.amount } else { 1.0 };
            takes.push(Take { seed: seeds[number], times, below: 0, share });
            if rest > 0.0 {
                let (below, line) = line_of(&sums[number], &mut rest);
                takes[number].below = below;
                lines.extend(line.map(|bin| (number, (bin, rest))));
            }
        }
        if !lines.is_empty() {
            let mut near: BTreeMap<usize, Vec<(u64, u64)>> = BTreeMap::new();
            self.alive(plans, scanned, at, mix.by, |source, id, amount| {
                let group = of[source];
                let draw = Take::draw(seeds[group], id);
                if lines.get(&group).is_some_and(|line| line.0 == draw >> (64 - BITS)) {
                    near.entry(group).or_default().push((draw, amount));
                }
            })
            .await?;
            for (group, rows) in near {
                takes[group].below = below(rows, lines[&group].1).unwrap_or(takes[group].below);
            }
        }
        Ok(of.iter().map(|group| takes[*group]).collect())
    }

    /// Looks at every row that is still there: its source, id, and amount.
    async fn alive(
        &self,
        plans: &Plans<'_>,
        scanned: &Scanned,
        at: &Folders<'_>,
        by: By,
        mut see: impl FnMut(usize, &str, u64),
    ) -> Result<()> {
        for (number, source) in plans.inputs.sources.iter().enumerate() {
            if scanned.units[number].is_empty() {
                continue;
            }
            let plan = plans.alive(source, &scanned.units[number], at, by)?;
            in_order(&self.session, self.seen(plan), NARROW_ROWS, |batch| {
                let (ids, sizes) = (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
                for row in 0..batch.num_rows() {
                    let amount = if by == By::Rows { 1 } else { sizes.value(row) as u64 };
                    see(number, ids.value(row), amount);
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}

/// The sources that are mixed as one, by their label, and which of them each source is in.
fn groups(inputs: &Inputs) -> (Vec<Group>, Vec<usize>) {
    let (mut groups, mut of): (Vec<Group>, Vec<usize>) = (Vec::new(), Vec::new());
    for source in inputs.sources.iter().map(|s| &s.source) {
        of.push(groups.iter().position(|g| g.label == source.label).unwrap_or(groups.len()));
        if of.last() == Some(&groups.len()) {
            groups.push(Group { label: source.label.clone(), share: source.share, amount: 0.0 });
        }
    }
    (groups, of)
}

/// The draw under which whole stretches are taken, given what each stretch holds, and the stretch in which the line
/// falls. `rest` is what is to be taken, and becomes what is left to be taken of that stretch.
fn line_of(sums: &[u64], rest: &mut f64) -> (u64, Option<u64>) {
    let mut below = 0;
    for (sum, bin) in sums.iter().zip(0u64..) {
        if *rest <= 0.0 {
            break;
        }
        if *sum as f64 > *rest {
            return (below, Some(bin));
        }
        *rest -= *sum as f64;
        below = (bin + 1) << (64 - BITS);
    }
    (below, None)
}

/// The draw under which rows of one stretch (draw, amount) are taken until `rest` is used up.
fn below(mut rows: Vec<(u64, u64)>, mut rest: f64) -> Option<u64> {
    rows.sort_unstable();
    let mut below = None;
    for (draw, amount) in rows {
        below = Some(draw);
        if amount as f64 > rest {
            break;
        }
        rest -= amount as f64;
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(label: &str, amount: f64, weight: Option<f64>, repeat: Option<f64>) -> Group {
        Group { label: label.into(), share: Share { weight, repeat, seed: None }, amount }
    }

    #[test]
    fn the_total_is_the_largest_that_repeats_allow() {
        let groups = [group("a", 100.0, Some(1.0), None), group("b", 100.0, Some(3.0), None)];
        let wanted = targets(&Mix::default(), &groups).unwrap();
        assert!((wanted[0] - 100.0 / 3.0).abs() < 1e-9 && (wanted[1] - 100.0).abs() < 1e-9, "{wanted:?}");
        let groups = [groups[0].clone(), group("b", 100.0, Some(3.0), Some(3.0))];
        assert_eq!(targets(&Mix::default(), &groups).unwrap(), [100.0, 300.0]);
        // Without weights each comes as often as it says.
        let groups = [group("a", 100.0, None, Some(2.5)), group("b", 10.0, None, None), group("c", 0.0, None, None)];
        let wanted = targets(&Mix::default(), &groups).unwrap();
        assert!((wanted[0] - 250.0).abs() < 1e-9 && (wanted[1] - 10.0).abs() < 1e-9 && wanted[2] == 0.0, "{wanted:?}");
        let half = Mix { total: Some(130.0), ..Mix::default() };
        assert!((targets(&half, &groups).unwrap()[0] - 125.0).abs() < 1e-9);
    }

    #[test]
    fn a_total_out_of_reach_is_told_with_its_figures() {
        let groups = [group("a", 100.0, Some(1.0), None), group("b", 100.0, Some(3.0), Some(2.0))];
        let mix = Mix { total: Some(1000.0), ..Mix::default() };
        let error = targets(&mix, &groups).unwrap_err();
        assert!(error.to_string().contains("takes 250 rows of source `a`, which has 100"), "{error}");
        assert!(error.hint().unwrap().contains("266 or less"), "{error:?}");
        let groups = [groups[0].clone(), group("b", 0.0, Some(3.0), None)];
        assert!(targets(&Mix::default(), &groups).unwrap_err().to_string().contains("no row of source `b`"));
    }

    #[test]
    fn copies_and_what_is_left_to_draw() {
        assert_eq!(whole(100.0, 250.0, By::Rows), (2, 50.0));
        assert_eq!(whole(101.0, 252.5, By::Rows), (2, 50.0));
        assert_eq!(whole(100.0, 100.0 - 1e-10, By::Rows), (1, 0.0));
        assert_eq!(whole(100.0, 33.4, By::Rows), (0, 33.0));
        assert_eq!(whole(100.0, 33.6, By::Rows), (0, 34.0));
        assert_eq!(whole(100.0, 99.8, By::Rows), (1, 0.0));
        assert_eq!(whole(1e12, 1.5e12, By::Chars), (1, 5e11));
        assert_eq!(whole(0.0, 0.0, By::Chars), (1, 0.0));
    }
}
