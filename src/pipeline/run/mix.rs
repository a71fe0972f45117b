//! The mix: how much of each source comes out, and which of its rows.
//!
//! Amounts are summed from narrow columns, over the rows that every stage before has kept. What is taken of a source
//! follows from them: whole copies, and for the rest the rows that draw the smallest numbers ([`Take::draw`]), as many as
//! fit. Where the line between them lies is found without sorting: one pass sums the amounts by the first bits of the
//! draw, a second one looks at the rows of the one stretch in which the line falls. Nothing is kept by row: whoever
//! knows a row's id and the [`Take`] of its source knows how often it comes.

use std::path::{Path, PathBuf};

use super::drops;
use super::looks::Look;
use crate::engine::functions::judge::{Ask, Decision};
use crate::engine::in_order;
use crate::engine::part::{self, PartSpec};
use crate::engine::plan::{self, Plan};
use crate::engine::session::NARROW_ROWS;
use crate::output::parquet_file::write_whole;
use crate::output::take::Take;
use crate::output::take::draws::{BITS, Draws};
use crate::pipeline::inputs::{Inputs, SourceInput};
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::column_scan::each;
use crate::pipeline::plan::folders::Folders;
use crate::pipeline::plan::planner::Plans;
use crate::pipeline::plan::plans::id_of;
use crate::pipeline::usage::count;
use crate::pipeline::{Build, Scanned};
use crate::recipe::{By, MIX_STAGE, Mix, Share};
use crate::rows::column::TOKENS;
use crate::{Error, Result};

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
    /// Ids and sizes of the rows of a source that are still there, the units of a group in one partition.
    fn alive(&self, source: &SourceInput, groups: &[Vec<usize>], at: &Folders<'_>, by: By) -> Result<Plan> {
        let size = match by {
            By::Rows | By::Chars => "row_chars".to_owned(),
            // The recipe was asked for a stage that counts them in every row.
            By::Tokens => {
                self.chain.last_column(source, TOKENS).ok_or_else(|| Error::Engine(format!("no {TOKENS}")))?
            }
        };
        let node = self.together(source, groups, at, &["ord", size.as_str(), "id"], true)?;
        let pieces = |unit: Option<&usize>| unit.map_or(0..0, |unit| self.inputs.units[*unit].pieces.clone());
        let all = || groups.iter().flatten();
        let pieces = pieces(all().next()).start as u64..pieces(all().last()).end as u64;
        let columns =
            vec![(id_of(&node, at, &pieces)?, "final_id".to_owned()), (plan::column(&node, &size)?, "size".to_owned())];
        plan::project(node, columns)
    }
}

/// What is mixed: the rows that are still there, the sources that are mixed as one, and what they are counted by.
struct Mixed<'a> {
    plans: &'a Plans<'a>,
    scanned: &'a Scanned,
    at: &'a Folders<'a>,
    job: &'a Job,
    by: By,
    /// The group of each source.
    of: Vec<usize>,
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
                let (groups, of) = groups(plans.inputs);
                let mixed = Mixed { plans, scanned, at: &at, job, by: mix.by, of };
                let takes = self.takes(&mixed, groups, mix).await?;
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
    async fn takes(&self, mixed: &Mixed<'_>, mut groups: Vec<Group>, mix: &Mix) -> Result<Vec<Take>> {
        let (by_rows, seed) = (mix.by == By::Rows, |group: &Group| group.share.seed.unwrap_or(0));
        self.progress.phase("Counting", 0);
        let mut sums: Vec<Option<Draws>> = groups.iter().map(|of| Some(Draws::sums(seed(of), by_rows))).collect();
        self.drawn(mixed, 1, &mut sums).await?;
        let sums: Vec<Draws> = sums.into_iter().flatten().collect();
        for (group, sums) in groups.iter_mut().zip(&sums) {
            group.amount = sums.found().iter().sum::<u64>() as f64;
        }
        let wanted = targets(mix, &groups)?;
        self.progress.done(&format!("{} {} of the output", count(wanted.iter().sum::<f64>() as u64), mix.by.as_str()));
        let mut takes: Vec<Take> = Vec::new();
        // Of each group the stretch in which its line falls, and what is left to be taken there.
        let (mut near, mut rests): (Vec<Option<Draws>>, Vec<f64>) = (Vec::new(), Vec::new());
        for ((group, wanted), sums) in groups.iter().zip(&wanted).zip(&sums) {
            let (times, mut rest) = whole(group.amount, *wanted, mix.by);
            let share = if group.amount > 0.0 { wanted / group.amount } else { 1.0 };
            let (below, line) = if rest > 0.0 { line_of(sums.found(), &mut rest) } else { (0, None) };
            takes.push(Take { seed: seed(group), times, below, share });
            near.push(line.map(|stretch| Draws::within(seed(group), by_rows, stretch)));
            rests.push(rest);
        }
        self.drawn(mixed, 2, &mut near).await?;
        for ((take, near), rest) in takes.iter_mut().zip(near).zip(rests) {
            take.below = near.and_then(|near| below(near.rows(), rest)).unwrap_or(take.below);
        }
        Ok(mixed.of.iter().map(|group| takes[*group]).collect())
    }

    /// Looks at what all rows that are still there draw, of the groups of which that is asked.
    async fn drawn(&self, mixed: &Mixed<'_>, number: u64, draws: &mut [Option<Draws>]) -> Result<()> {
        let Mixed { plans, scanned, at, by, of, job } = mixed;
        let all = plans.inputs.sources.iter().zip(&scanned.units).zip(of);
        let (read, units): (Vec<(&SourceInput, usize)>, Vec<Vec<usize>>) = all
            .filter(|((_, units), group)| !units.is_empty() && draws[**group].is_some())
            .map(|((source, units), group)| ((source, *group), units.clone()))
            .unzip();
        if self.executors().is_some() && !read.is_empty() {
            let sought = draws.to_vec();
            let plan = |place: usize, units: &[usize], file: PathBuf| {
                let (source, group) = read[place];
                let rows = plans.alive(source, &[units.to_vec()], at, *by)?;
                let draws = sought[group].clone().ok_or_else(|| Error::Engine("nothing is sought".into()))?;
                Ok(part::part(PartSpec::Draws { file, draws }, Some(rows)))
            };
            let add = |place: usize, file: &Path| draws[read[place].1].as_mut().map_or(Ok(()), |of| of.add(file));
            return self.looked_elsewhere(&Look { job, number, units: &units }, plan, add).await;
        }
        for ((source, group), units) in read.iter().zip(&units) {
            let Some(draws) = &mut draws[*group] else { continue };
            let rows = plans.alive(source, &each(units), at, *by)?;
            in_order(&self.session, self.seen(rows), NARROW_ROWS, |batch| {
                draws.see(batch);
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
