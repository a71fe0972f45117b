//! Columns of stretches: for each row a list of bytes from and to; and the columns of a stage that cuts such stretches
//! once all rows are known.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Builder, ListArray, NullBufferBuilder, StructArray, StructBuilder};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Int64Type};

fn parts() -> Fields {
    Fields::from(vec![Field::new("start", DataType::Int64, true), Field::new("end", DataType::Int64, true)])
}

/// The type of such a column.
pub fn spans_type() -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Struct(parts()), true)))
}

/// Builds a column; a row without stretches is null.
pub struct Spans {
    items: StructBuilder,
    lengths: Vec<usize>,
    nulls: NullBufferBuilder,
}

impl Default for Spans {
    fn default() -> Self {
        let fields: Vec<Box<dyn arrow::array::ArrayBuilder>> =
            vec![Box::new(Int64Builder::new()), Box::new(Int64Builder::new())];
        Spans { items: StructBuilder::new(parts(), fields), lengths: Vec::new(), nulls: NullBufferBuilder::new(0) }
    }
}

impl Spans {
    /// The next row.
    pub fn push(&mut self, spans: &[(usize, usize)]) {
        for (start, end) in spans {
            for (part, value) in [start, end].into_iter().enumerate() {
                if let Some(builder) = self.items.field_builder::<Int64Builder>(part) {
                    builder.append_value(*value as i64);
                }
            }
            self.items.append(true);
        }
        self.lengths.push(spans.len());
        self.nulls.append(!spans.is_empty());
    }

    /// The column.
    pub fn finish(mut self) -> ArrayRef {
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        let item = Arc::new(Field::new("item", DataType::Struct(parts()), true));
        Arc::new(ListArray::new(item, offsets, Arc::new(self.items.finish()), self.nulls.finish()))
    }
}

/// The stretches of a row of such a column; none where it is null, or no such column.
pub fn spans_of(column: &dyn Array, row: usize) -> Vec<(usize, usize)> {
    let Some(list) = column.as_list_opt::<i32>().filter(|l| l.is_valid(row)) else { return Vec::new() };
    let value = list.value(row);
    let items: &StructArray = value.as_struct();
    let part = |at: usize| items.column(at).as_primitive::<Int64Type>().values().iter().map(|v| *v as usize);
    part(0).zip(part(1)).collect()
}

/// The argument that holds what is cut out of rows by stage `number`.
pub fn argument(number: usize) -> String {
    format!("spans@{number}")
}

/// The column that says how many bytes stage `number` has cut.
pub fn cut_column(number: usize) -> String {
    format!("cut_key@{number}")
}

/// The fields of stage `number`: its records, of which its own file says what they are, and where it cuts how much.
pub fn record_fields(records: String, cuts: bool, number: usize) -> Vec<Field> {
    let mut fields = vec![Field::new(records, DataType::Binary, true)];
    if cuts {
        fields.push(Field::new(cut_column(number), DataType::Int64, true));
    }
    fields
}

/// The records of a row; none where it was not looked at.
pub fn of_row(column: &ArrayRef, row: usize) -> &[u8] {
    let column = column.as_binary::<i32>();
    if column.is_valid(row) { column.value(row) } else { &[] }
}

/// What the rows of a batch lose, given the column of their spans; and the column that says how much.
pub fn cuts(spans: Option<&ArrayRef>, rows: usize) -> (Vec<Vec<(usize, usize)>>, ArrayRef) {
    let mut bytes = Int64Builder::with_capacity(rows);
    let mut all = Vec::new();
    for row in 0..rows {
        let own = spans.map_or(Vec::new(), |s| spans_of(s, row));
        bytes.append_option((!own.is_empty()).then(|| own.iter().map(|(s, e)| (e - s) as i64).sum::<i64>()));
        all.push(own);
    }
    (all, Arc::new(bytes.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_come_back() {
        let mut spans = Spans::default();
        spans.push(&[(1, 2), (5, 9)]);
        spans.push(&[]);
        spans.push(&[(0, 3)]);
        let column = spans.finish();
        assert_eq!(*column.data_type(), spans_type());
        assert_eq!(spans_of(&column, 0), [(1, 2), (5, 9)]);
        assert!(column.is_null(1) && spans_of(&column, 1).is_empty());
        assert_eq!(spans_of(&column, 2), [(0, 3)]);
    }
}
