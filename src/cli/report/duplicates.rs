//! Rows that went for their likeness to another one: how large the groups are, and the largest of them.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::Result;
use crate::cli::tables::Table;

/// Rows whose hashes are held at a time: more are counted in several goes.
const AT_A_TIME: u64 = 32 << 20;

/// A row that was kept, and those that went for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// The table.
    pub table: usize,
    /// The id of the row that was kept.
    pub kept: String,
    /// Rows that went.
    pub dropped: u64,
    /// The place of the least similar of them, and of the most similar: where they are one, once.
    pub pairs: Vec<u64>,
}

/// The groups of a build.
#[derive(Debug, Default, PartialEq)]
pub struct Clusters {
    /// Rows that went for another one.
    pub rows: u64,
    /// How many groups have so many rows, the kept one among them.
    pub sizes: BTreeMap<u64, u64>,
    /// The largest.
    pub largest: Vec<Cluster>,
}

/// The least and the most similar of a cluster: similarity and place.
#[derive(Clone)]
struct Ends {
    kept: String,
    least: (f64, u64),
    most: (f64, u64),
}

fn hash(table: usize, id: &str) -> u64 {
    xxh3_64_with_seed(id.as_bytes(), table as u64)
}

/// Finds the groups of a build's dropped rows, and the `wanted` largest.
///
/// # Errors
/// Shards that cannot be read.
pub fn clusters(dropped: &[Table], wanted: usize) -> Result<Clusters> {
    let goes = dropped.iter().map(Table::rows).sum::<u64>().div_ceil(AT_A_TIME).max(1);
    let mut all = Clusters::default();
    let mut top: Vec<(u64, usize, u64)> = Vec::new();
    for go in 0..goes {
        for (at, table) in dropped.iter().enumerate() {
            let step = |hashes: &mut Vec<u64>, batch: &RecordBatch, _: u64| {
                let Some(ids) = batch.column_by_name("kept_id").and_then(|c| c.as_string_opt::<i32>()) else {
                    return Ok(());
                };
                hashes.extend(ids.iter().flatten().map(|id| hash(at, id)).filter(|hash| hash % goes == go));
                Ok(())
            };
            let mut hashes = table.fold(&["kept_id"], Vec::new, step)?.concat();
            all.rows += hashes.len() as u64;
            hashes.sort_unstable();
            for same in hashes.chunk_by(|a, b| a == b) {
                let size = same.len() as u64;
                *all.sizes.entry(size + 1).or_default() += 1;
                if top.len() < wanted || top.last().is_some_and(|last| (size, at, same[0]) > *last) {
                    top.push((size, at, same[0]));
                    top.sort_unstable_by(|a, b| b.cmp(a));
                    top.truncate(wanted);
                }
            }
        }
    }
    all.largest = ends(dropped, &top)?;
    Ok(all)
}

/// What the largest groups are.
fn ends(dropped: &[Table], top: &[(u64, usize, u64)]) -> Result<Vec<Cluster>> {
    let mut found: HashMap<(usize, u64), Ends> = HashMap::new();
    for (at, table) in dropped.iter().enumerate().filter(|(at, _)| top.iter().any(|t| t.1 == *at)) {
        let step = |ends: &mut HashMap<(usize, u64), Ends>, batch: &RecordBatch, first: u64| {
            see(ends, batch, first, at, top);
            Ok(())
        };
        for state in table.fold(&["kept_id", "similarity"], HashMap::new, step)? {
            for (key, one) in state {
                match found.get_mut(&key) {
                    None => drop(found.insert(key, one)),
                    Some(all) => {
                        all.least = lesser(all.least, one.least);
                        all.most = greater(all.most, one.most);
                    }
                }
            }
        }
    }
    let cluster = |(dropped, table, hash): &(u64, usize, u64)| {
        let ends = found.get(&(*table, *hash))?;
        let mut pairs = vec![ends.least.1, ends.most.1];
        pairs.dedup();
        Some(Cluster { table: *table, kept: ends.kept.clone(), dropped: *dropped, pairs })
    };
    Ok(top.iter().filter_map(cluster).collect())
}

fn see(ends: &mut HashMap<(usize, u64), Ends>, batch: &RecordBatch, first: u64, at: usize, top: &[(u64, usize, u64)]) {
    let Some(ids) = batch.column_by_name("kept_id").and_then(|c| c.as_string_opt::<i32>()) else { return };
    let alike = batch.column_by_name("similarity").and_then(|c| c.as_primitive_opt::<Float64Type>());
    for (row, id) in ids.iter().enumerate() {
        let Some(id) = id else { continue };
        let key = (at, hash(at, id));
        if !top.iter().any(|t| (t.1, t.2) == key) {
            continue;
        }
        let similarity = alike.filter(|a| a.is_valid(row)).map_or(1.0, |a| a.value(row));
        let here = (similarity, first + row as u64);
        let all = ends.entry(key).or_insert_with(|| Ends { kept: id.to_owned(), least: here, most: here });
        all.least = lesser(all.least, here);
        all.most = greater(all.most, here);
    }
}

/// The less similar; of equal ones the first.
fn lesser(a: (f64, u64), b: (f64, u64)) -> (f64, u64) {
    if a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).is_le() { a } else { b }
}

/// The more similar; of equal ones the first.
fn greater(a: (f64, u64), b: (f64, u64)) -> (f64, u64) {
    if b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).is_le() { a } else { b }
}
