//! The content of a batch of rows: its texts, found, cleaned, measured and put back.

mod dialogue;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Float64Array, Int64Builder, ListArray, StringArray, StringBuilder,
    StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Float64Type};
use xxhash_rust::xxh3::{Xxh3, xxh3_128_with_seed};

use crate::Result;
use crate::rows::{self, Filled, Use};
use crate::text::sentences::without;

/// The columns beside the content that row-wise work sees, in order.
pub const ARGUMENTS: [&str; 7] = ["id", "url", "subset", "language_hint", "meta", "ord", "line"];

/// What a turn says, and what was thought before it: the parts of a turn that are text of the row.
const SAID: usize = 1;
const THOUGHT: usize = 2;

/// The texts of a content column: the values of one string array, and which of them belong to a row.
struct Leaf {
    /// Index of the column among the content columns.
    column: usize,
    /// Of a column of turns, which part of a turn it is.
    part: usize,
    texts: StringArray,
    /// `None`: value *i* belongs to row *i*.
    offsets: Option<OffsetBuffer<i32>>,
}

impl Leaf {
    fn of(&self, row: usize) -> Range<usize> {
        match &self.offsets {
            None => row..row + 1,
            Some(offsets) => offsets[row] as usize..offsets[row + 1] as usize,
        }
    }
}

/// The content of a batch of rows, as the stages so far left it.
pub struct Batch<'a> {
    usage: Use,
    columns: &'a [ArrayRef],
    leaves: Vec<Leaf>,
    /// Columns that make another example of the same texts, with their names.
    beside: Vec<(String, usize)>,
    rows: usize,
}

impl<'a> Batch<'a> {
    /// The content `columns` of `rows` rows.
    ///
    /// # Errors
    ///
    /// None today: columns are those of the use's schema.
    pub fn new(usage: Use, columns: &'a [ArrayRef], rows: usize) -> Result<Self> {
        let names = rows::text_columns(usage);
        let (mut leaves, mut beside) = (Vec::new(), Vec::new());
        for (column, field) in rows::content(usage).iter().enumerate() {
            if matches!(field.name().as_str(), "label" | "tools" | "choices" | "answer") {
                beside.push((field.name().clone(), column));
            }
            if !names.contains(&field.name().as_str()) {
                continue;
            }
            let array = &columns[column];
            let Some(list) = array.as_list_opt::<i32>() else {
                leaves.push(Leaf { column, part: 0, texts: array.as_string::<i32>().clone(), offsets: None });
                continue;
            };
            for part in [SAID, THOUGHT] {
                let texts = list.values().as_struct().column(part).as_string::<i32>().clone();
                if part == SAID || texts.null_count() < texts.len() {
                    leaves.push(Leaf { column, part, texts, offsets: Some(list.offsets().clone()) });
                }
            }
        }
        Ok(Batch { usage, columns, leaves, beside, rows })
    }

    /// The texts of a row in reading order.
    pub fn texts<'b>(&'b self, row: usize, into: &mut Vec<&'b str>) {
        into.clear();
        for leaf in &self.leaves {
            into.extend(leaf.of(row).filter(|i| leaf.texts.is_valid(*i)).map(|i| leaf.texts.value(i)));
        }
    }

    /// The texts of what is asked, in reading order: none in a document.
    pub fn prompt<'b>(&'b self, row: usize, into: &mut Vec<&'b str>) {
        into.clear();
        if let Some((leaf, texts)) = self.asked(row) {
            into.extend(texts.filter(|i| leaf.texts.is_valid(*i)).map(|i| leaf.texts.value(i)));
        }
    }

    /// What is asked: a dialogue before its last answer, the prompt of a preference, the input of a task.
    fn asked(&self, row: usize) -> Option<(&Leaf, Range<usize>)> {
        let leaf = self.leaves.first().filter(|_| self.usage != Use::Pretrain)?;
        let mut texts = leaf.of(row);
        if self.usage == Use::Instruct
            && let Some(roles) = self.roles(leaf)
        {
            let answers = |i: &usize| roles.is_valid(*i) && roles.value(*i) == "assistant";
            texts.end = texts.clone().rev().find(answers).unwrap_or(texts.end);
        }
        Some((leaf, texts))
    }

    /// The roles of a column of turns.
    fn roles(&self, leaf: &Leaf) -> Option<&StringArray> {
        let turns = leaf.offsets.as_ref().map(|_| self.columns[leaf.column].as_list::<i32>().values().as_struct());
        turns.map(|turns| turns.column(0).as_string::<i32>())
    }

    /// What the rows are for.
    pub fn usage(&self) -> Use {
        self.usage
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Changes the texts of rows, one after another.
    pub fn clean(&mut self, applies: impl Fn(usize) -> bool, clean: impl for<'t> Fn(&'t str) -> Cow<'t, str>) {
        self.rewrite(|row, _, text| if applies(row) { clean(text) } else { text.into() });
    }

    /// Changes texts one after another, given the row of each.
    pub fn change(&mut self, mut change: impl for<'t> FnMut(usize, &'t str) -> Cow<'t, str>) {
        self.rewrite(|row, _, text| change(row, text));
    }

    /// Takes stretches out of rows: bytes of the texts of a row with one byte between, ascending. Rows past the last are
    /// left as they are.
    pub fn cut(&mut self, cuts: &[Vec<(usize, usize)>]) {
        self.rewrite(|row, base, text| {
            let end = base + text.len();
            let spans = cuts.get(row).map_or(&[][..], Vec::as_slice);
            let inside = spans.iter().filter(|span| span.0 < end && span.1 > base);
            let own: Vec<_> = inside.map(|(s, e)| (s.saturating_sub(base), (*e).min(end) - base)).collect();
            without(text, &own)
        });
    }

    /// Changes texts, given row, place (as of [`Batch::cut`]) and text.
    fn rewrite(&mut self, mut change: impl for<'t> FnMut(usize, usize, &'t str) -> Cow<'t, str>) {
        let mut bases = vec![0; self.rows];
        for leaf in &mut self.leaves {
            let mut changed: Option<StringBuilder> = None;
            for (row, base) in bases.iter_mut().enumerate() {
                for i in leaf.of(row) {
                    let before = leaf.texts.is_valid(i).then(|| leaf.texts.value(i));
                    let after = before.map(|text| change(row, *base, text));
                    *base += before.map_or(0, |text| text.len() + 1);
                    // A clean text may be a part of the old one: borrowed, but shorter.
                    let same = before.map(str::len) == after.as_ref().map(|a| a.len());
                    let owned = matches!(after, Some(Cow::Owned(_)));
                    if changed.is_none() && (owned || !same) {
                        // Of a stretch of a batch: its own texts, not all that lie in the buffer.
                        let offsets = leaf.texts.value_offsets();
                        let bytes = (offsets[offsets.len() - 1] - offsets[0]) as usize;
                        let mut builder = StringBuilder::with_capacity(leaf.texts.len(), bytes);
                        (0..i).for_each(|j| {
                            builder.append_option(leaf.texts.is_valid(j).then(|| leaf.texts.value(j)));
                        });
                        changed = Some(builder);
                    }
                    if let Some(builder) = &mut changed {
                        builder.append_option(after);
                    }
                }
            }
            if let Some(mut builder) = changed {
                // A list whose values reach past its last offset keeps the rest as it is.
                for i in arrow::array::ArrayBuilder::len(&builder)..leaf.texts.len() {
                    builder.append_option(leaf.texts.is_valid(i).then(|| leaf.texts.value(i)));
                }
                leaf.texts = builder.finish();
            }
        }
    }

    /// A column of numbers that the source brought, as far as `applies` says.
    pub fn numbers(&self, name: &str, applies: impl Fn(usize) -> bool) -> ArrayRef {
        let content = rows::content(self.usage).iter().position(|f| f.name() == name);
        let numbers = content.and_then(|at| self.columns[at].as_primitive_opt::<Float64Type>());
        let of = |row: usize| numbers.filter(|n| n.is_valid(row) && applies(row)).map(|n| n.value(row));
        Arc::new((0..self.rows).map(of).collect::<Float64Array>())
    }

    /// Bytes and characters of each row, whether it says nothing, and which fields of its messages are filled.
    pub(crate) fn sizes(&self) -> [ArrayRef; 4] {
        let mut bytes = Int64Builder::with_capacity(self.rows);
        let mut chars = Int64Builder::with_capacity(self.rows);
        let mut blank = BooleanBuilder::with_capacity(self.rows);
        let mut filled = Int64Builder::with_capacity(self.rows);
        let lists: Vec<&ListArray> = self.columns.iter().filter_map(|c| c.as_list_opt::<i32>()).collect();
        let turns = |list: &&&ListArray| list.values().as_struct_opt().is_some();
        let mut texts = Vec::new();
        for row in 0..self.rows {
            let mut fields = Filled::default();
            lists.iter().filter(turns).for_each(|list| fields.add(Filled::of(list, row)));
            filled.append_value(fields.0);
            self.texts(row, &mut texts);
            bytes.append_value(texts.iter().map(|t| t.len() as i64).sum());
            chars.append_value(texts.iter().map(|t| t.chars().count() as i64).sum());
            blank.append_value(texts.iter().all(|t| t.trim().is_empty()));
        }
        [Arc::new(bytes.finish()), Arc::new(chars.finish()), Arc::new(blank.finish()), Arc::new(filled.finish())]
    }

    /// A content column of texts.
    pub(crate) fn text_column(&self, name: &str) -> Option<&StringArray> {
        let at = rows::content(self.usage).iter().position(|f| f.name() == name)?;
        self.columns[at].as_string_opt::<i32>()
    }

    /// What sets the keys of one use apart from those of another.
    pub(crate) fn seed(&self) -> u64 {
        self.usage as u64
    }

    /// xxh3-128 of what is asked, roles among it.
    pub(crate) fn prompt_key(&self, row: usize, seed: u64) -> Option<u128> {
        let (leaf, texts) = self.asked(row)?;
        let mut hash = Xxh3::with_seed(seed);
        let (roles, mut any) = (self.roles(leaf), false);
        for i in texts.filter(|i| leaf.texts.is_valid(*i)) {
            for part in [roles.filter(|r| r.is_valid(i)).map_or("", |r| r.value(i)), leaf.texts.value(i)] {
                hash.update(&(part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            }
            any = true;
        }
        any.then(|| hash.digest128())
    }

    /// xxh3-128 of the content: of the text alone where that is all, else of every text (and the roles) with its length.
    pub(crate) fn content_key(&self, row: usize, seed: u64) -> Option<u128> {
        if let [leaf] = self.leaves.as_slice()
            && leaf.offsets.is_none()
        {
            return leaf.texts.is_valid(row).then(|| xxh3_128_with_seed(leaf.texts.value(row).as_bytes(), seed));
        }
        let mut hash = Xxh3::with_seed(seed);
        let mut any = false;
        for leaf in &self.leaves {
            // A row without reasoning has the key that it has where no row has any.
            if leaf.part == THOUGHT && leaf.of(row).all(|i| leaf.texts.is_null(i)) {
                continue;
            }
            // Of a turn everything counts: two calls of tools may differ in nothing else.
            let turn = leaf.offsets.as_ref().map(|_| {
                let turns = self.columns[leaf.column].as_list::<i32>().values().as_struct();
                [0, 3, 4].map(|part| turns.column(part).as_string::<i32>())
            });
            hash.update(&[0xff]);
            let mut add = |text: Option<&str>| {
                hash.update(&text.map_or(u64::MAX, |t| t.len() as u64).to_le_bytes());
                hash.update(text.unwrap_or_default().as_bytes());
            };
            for i in leaf.of(row) {
                for part in turn.iter().flatten() {
                    add(part.is_valid(i).then(|| part.value(i)));
                }
                any |= leaf.texts.is_valid(i);
                add(leaf.texts.is_valid(i).then(|| leaf.texts.value(i)));
            }
        }
        self.besides(row, &mut hash);
        any.then(|| hash.digest128())
    }

    /// Adds what makes another example of the same texts: a label, the tools on offer, the answers to choose from. A row
    /// without them keeps the key of its texts.
    fn besides(&self, row: usize, hash: &mut Xxh3) {
        for (name, column) in &self.beside {
            let column = &self.columns[*column];
            if column.is_null(row) {
                continue;
            }
            hash.update(&[0xfe]);
            hash.update(name.as_bytes());
            let mut add = |text: &str| {
                hash.update(&(text.len() as u64).to_le_bytes());
                hash.update(text.as_bytes());
            };
            if let Some(label) = column.as_boolean_opt() {
                add(if label.value(row) { "true" } else { "false" });
            } else if let Some(text) = column.as_string_opt::<i32>() {
                add(text.value(row));
            } else if let Some(list) = column.as_list_opt::<i32>() {
                let items = list.value(row);
                items.as_string_opt::<i32>().into_iter().flatten().for_each(|item| add(item.unwrap_or_default()));
            }
        }
    }

    /// The content columns, with the cleaned texts put back.
    pub(crate) fn content(&self) -> Vec<ArrayRef> {
        let mut columns = self.columns.to_vec();
        for leaf in &self.leaves {
            let texts: ArrayRef = Arc::new(leaf.texts.clone());
            columns[leaf.column] = match columns[leaf.column].as_list_opt::<i32>() {
                None => texts,
                Some(list) => {
                    let turns = list.values().as_struct();
                    let mut parts = turns.columns().to_vec();
                    parts[leaf.part] = texts;
                    let turns = StructArray::new(turns.fields().clone(), parts, turns.nulls().cloned());
                    let DataType::List(item) = list.data_type() else { continue };
                    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
                    Arc::new(ListArray::new(item.clone(), offsets, Arc::new(turns), nulls))
                }
            };
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stretch of a batch shares the buffer of the whole; a copy with changed texts has room for its own, no more.
    #[test]
    fn changed_texts_of_a_stretch_have_room_for_their_own() {
        let whole: StringArray = (0..100).map(|n| Some(format!("{n:0>1000}"))).collect();
        let columns: [ArrayRef; 1] = [Arc::new(whole.slice(40, 10))];
        let mut batch = Batch::new(Use::Pretrain, &columns, 10).unwrap();
        batch.cut(&[vec![(0, 998)]]);
        let content = batch.content();
        let texts = content[0].as_string::<i32>();
        assert_eq!((texts.value(0), texts.value(1).len(), texts.len()), ("40", 1000, 10));
        let room = texts.values().capacity();
        assert!((9_002..12_000).contains(&room), "{room} bytes for 9,002");
    }
}
