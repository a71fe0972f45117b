//! The rows that a page shows: some of each reason, some on either side of each limit, some that stay, and the largest
//! groups of duplicates.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{AsArray, RecordBatch};
use serde_json::{Value as Json, json};

use super::dropped::Dropped;
use super::duplicates::Clusters;
use super::kept::{Kept, Limit, drawn};
use super::rows::{Show, row};
use super::values::Least;
use crate::Result;
use crate::cli::show::{self, Fields};
use crate::cli::tables::Table;
use crate::pipeline::publish::manifest::Manifest;

/// Reasons of which rows are shown.
const REASONS: usize = 40;

/// Rows of some tables, by table and place.
type Read = HashMap<(usize, u64), Fields>;

/// The tables of a build, and how their rows are shown.
pub struct Samples<'a> {
    /// Of rows that stay.
    pub data: &'a [Table],
    /// Of rows that went.
    pub dropped: &'a [Table],
    /// How they are shown.
    pub show: Show,
    /// Rows of a group.
    pub most: usize,
    /// Of the draw.
    pub seed: u64,
}

/// Reads rows of several tables.
fn read(tables: &[Table], rows: &[(usize, u64)]) -> Result<Read> {
    let mut all = Read::new();
    for (at, table) in tables.iter().enumerate() {
        let places: Vec<u64> = rows.iter().filter(|row| row.0 == at).map(|row| row.1).collect();
        let keep = |found: &mut Vec<(u64, Fields)>, place: u64, row: Fields| found.push((place, row));
        let found = table.each_at(&places, Vec::new, keep)?;
        all.extend(found.into_iter().flatten().map(|(place, row)| ((at, place), row)));
    }
    Ok(all)
}

/// Where the rows with some ids are: table and place.
///
/// # Errors
/// Shards that cannot be read.
pub fn places(tables: &[Table], ids: &HashSet<String>) -> Result<HashMap<String, (usize, u64)>> {
    let mut all = HashMap::new();
    for (at, table) in tables.iter().enumerate().filter(|_| !ids.is_empty()) {
        let step = |found: &mut Vec<(String, u64)>, batch: &RecordBatch, first: u64| {
            let column = batch.column_by_name("id").and_then(|c| c.as_string_opt::<i32>());
            for (row, id) in column.into_iter().flatten().enumerate() {
                found.extend(id.filter(|id| ids.contains(*id)).map(|id| (id.to_owned(), first + row as u64)));
            }
            Ok(())
        };
        for (id, place) in table.fold(&["id"], Vec::new, step)?.into_iter().flatten() {
            all.entry(id).or_insert((at, place));
        }
    }
    Ok(all)
}

/// The rows that are shown.
struct Shown {
    dropped: Read,
    data: Read,
    /// Where the rows are that stayed in the place of others.
    stayed: HashMap<String, (usize, u64)>,
}

impl Shown {
    /// A row that stayed in the place of others.
    fn stays(&self, show: &Show, id: &str) -> Option<Json> {
        self.stayed.get(id).and_then(|at| self.data.get(at)).map(|fields| row(show, fields))
    }

    /// A row that went, with the one that stayed in its place.
    fn beside(&self, show: &Show, at: &(usize, u64)) -> Option<Json> {
        let fields = self.dropped.get(at)?;
        let mut one = row(show, fields);
        if let Some(kept) = show::text(fields, "kept_id").and_then(|id| self.stays(show, id)) {
            one["kept"] = kept;
        }
        Some(one)
    }
}

fn of(least: &Least) -> Vec<(usize, u64)> {
    least.rows.iter().map(|row| (row.1, row.2)).collect()
}

impl Samples<'_> {
    /// All groups of rows that the page shows, and the duplicates.
    ///
    /// # Errors
    /// Shards that cannot be read.
    pub fn groups(
        &self,
        manifest: &Manifest,
        (kept, dropped, limits): (&Kept, &Dropped, &[Limit]),
        clusters: &Clusters,
    ) -> Result<(Vec<Json>, Json)> {
        let reasons = reasons(manifest);
        let typical: Vec<Vec<u64>> = self.data.iter().enumerate().map(|(at, table)| self.drawn(at, table)).collect();
        let near = |limit: &Limit| dropped.all.get(&(limit.stage.clone(), limit.reason.clone()));
        let mut dropped_places: Vec<(usize, u64)> = Vec::new();
        for (why, _) in &reasons {
            dropped_places.extend(dropped.all.get(why).map(|rows| of(&rows.shown)).unwrap_or_default());
        }
        limits.iter().filter_map(near).for_each(|found| dropped_places.extend(of(&found.near)));
        let mut stay: Vec<(usize, u64)> = kept.near.iter().flat_map(of).collect();
        typical.iter().enumerate().for_each(|(at, places)| stay.extend(places.iter().map(|place| (at, *place))));
        let rows = self.shown(dropped_places, stay, clusters)?;
        let mut groups: Vec<Json> = Vec::new();
        for (why, total) in &reasons {
            let places = dropped.all.get(why).map(|rows| of(&rows.shown)).unwrap_or_default();
            let sample: Vec<Json> = places.iter().filter_map(|at| rows.beside(&self.show, at)).collect();
            groups.push(json!({"kind": "reason", "stage": why.0, "reason": why.1, "total": total, "rows": sample}));
        }
        for (at, limit) in limits.iter().enumerate() {
            let on = |side: &str, rows: &Read, least: Option<&Least>| -> Vec<Json> {
                let rows = least.map(of).unwrap_or_default().into_iter().filter_map(|place| rows.get(&place));
                rows.map(|fields| self.near(limit, side, fields)).collect()
            };
            let failing = on("dropped", &rows.dropped, near(limit).map(|rows| &rows.near));
            let both = [failing, on("kept", &rows.data, kept.near.get(at))].concat();
            groups.push(json!({"kind": "limit", "stage": limit.stage, "reason": limit.reason, "limit": limit.limit,
                "rows": both}));
        }
        for (at, (table, places)) in self.data.iter().zip(&typical).enumerate() {
            let found = places.iter().filter_map(|place| rows.data.get(&(at, *place)));
            let found: Vec<Json> = found.map(|fields| row(&self.show, fields)).collect();
            groups.push(json!({"kind": "kept", "table": table.part.name, "total": table.rows(), "rows": found}));
        }
        Ok((groups, self.duplicates(clusters, &rows)))
    }

    /// Reads the rows that are shown: dropped ones first, since they tell which kept rows stand beside them.
    fn shown(&self, mut dropped: Vec<(usize, u64)>, mut stay: Vec<(usize, u64)>, clusters: &Clusters) -> Result<Shown> {
        clusters.largest.iter().for_each(|c| dropped.extend(c.pairs.iter().map(|place| (c.table, *place))));
        let dropped = read(self.dropped, &dropped)?;
        let mut ids: HashSet<String> =
            dropped.values().filter_map(|row| show::text(row, "kept_id").map(str::to_owned)).collect();
        ids.extend(clusters.largest.iter().map(|c| c.kept.clone()));
        let stayed = places(self.data, &ids)?;
        stay.extend(stayed.values().copied());
        Ok(Shown { dropped, stayed, data: read(self.data, &stay)? })
    }

    /// The groups of duplicates: their sizes, and the largest.
    fn duplicates(&self, clusters: &Clusters, rows: &Shown) -> Json {
        let largest = clusters.largest.iter().map(|cluster| {
            let pairs = cluster.pairs.iter().filter_map(|place| rows.dropped.get(&(cluster.table, *place)));
            json!({"table": self.dropped[cluster.table].part.name, "kept_id": cluster.kept, "rows": cluster.dropped + 1,
                "kept": rows.stays(&self.show, &cluster.kept),
                "pairs": pairs.map(|fields| row(&self.show, fields)).collect::<Vec<_>>()})
        });
        let sizes: Vec<(u64, u64)> = clusters.sizes.iter().map(|(size, count)| (*size, *count)).collect();
        json!({"rows": clusters.rows, "sizes": binned(&sizes), "largest": largest.collect::<Vec<_>>()})
    }

    /// A row on one side of a limit, with what it has.
    fn near(&self, limit: &Limit, side: &str, fields: &Fields) -> Json {
        let mut one = row(&self.show, fields);
        if let Some(value) = limit.signal.as_ref().and_then(|signal| fields.iter().find(|f| f.0 == *signal)) {
            one["value"] = value.1.clone();
        }
        one["side"] = side.into();
        one
    }

    /// Some rows of a table: those that draw the least numbers.
    fn drawn(&self, at: usize, table: &Table) -> Vec<u64> {
        let mut least = Least::new(self.most);
        (0..table.rows()).for_each(|place| least.see(drawn(self.seed, at, place, 1), at, place));
        least.rows.into_iter().map(|row| row.2).collect()
    }
}

/// Stages and reasons with their rows, the most frequent first.
fn reasons(manifest: &Manifest) -> Vec<((String, String), u64)> {
    let mut reasons: BTreeMap<(String, String), u64> = BTreeMap::new();
    for line in &manifest.reasons {
        *reasons.entry((line.stage.clone(), line.reason.clone())).or_default() += line.rows;
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    reasons.truncate(REASONS);
    reasons
}

/// Sizes of groups, small ones by themselves and larger ones in powers of two: `[from, to, groups, rows]`.
fn binned(sizes: &[(u64, u64)]) -> Vec<[u64; 4]> {
    let mut all: Vec<[u64; 4]> = Vec::new();
    for (size, groups) in sizes {
        // 5 to 8, 9 to 16, 17 to 32, …
        let to = size.next_power_of_two();
        let (from, to) = if *size < 5 { (*size, *size) } else { (to / 2 + 1, to) };
        match all.last_mut().filter(|last| last[1] >= *size) {
            Some(last) => {
                last[2] += groups;
                last[3] += groups * size;
            }
            None => all.push([from, to, *groups, groups * size]),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_binned_without_gaps() {
        let sizes: Vec<(u64, u64)> = (2..=70).map(|size| (size, 1)).collect();
        let bins = binned(&sizes);
        let ends: Vec<(u64, u64, u64)> = bins.iter().map(|bin| (bin[0], bin[1], bin[2])).collect();
        assert_eq!(
            ends,
            [(2, 2, 1), (3, 3, 1), (4, 4, 1), (5, 8, 4), (9, 16, 8), (17, 32, 16), (33, 64, 32), (65, 128, 6)]
        );
        assert_eq!(bins.iter().map(|bin| bin[3]).sum::<u64>(), (2..=70).sum::<u64>());
        assert_eq!(binned(&[(8, 3), (9, 1)]), [[5, 8, 3, 24], [9, 16, 1, 9]]);
    }
}
