//! Columns of stretches: for each row a list of bytes from and to.

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
