//! The texts of a Parquet file as bytes, for a file in which one of them is not UTF-8: the reader of texts refuses the
//! whole batch, or page of values, in which such a one stands.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{ConvertedType, LogicalType};
use parquet::errors::Result;
use parquet::file::metadata::{FileMetaData, ParquetMetaData};
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

/// The metadata of a file whose texts are read as bytes, of the type `BinaryView`, which nothing else has.
pub(super) fn metadata(known: &ArrowReaderMetadata) -> Result<ArrowReaderMetadata> {
    let all = known.metadata();
    let file = all.file_metadata();
    let root = file.schema_descr().root_schema();
    let fields = root.get_fields().iter().map(bare).collect::<Result<Vec<_>>>()?;
    let schema = Type::group_type_builder(root.name()).with_fields(fields).build()?;
    let file = FileMetaData::new(
        file.version(),
        file.num_rows(),
        file.created_by().map(str::to_owned),
        file.key_value_metadata().cloned(),
        Arc::new(SchemaDescriptor::new(Arc::new(schema))),
        file.column_orders().cloned(),
    );
    let schema = Schema::new(known.schema().fields().iter().map(viewed).collect::<Fields>());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(Arc::new(ParquetMetaData::new(file, all.row_groups().to_vec())), options)
}

/// A column of a file, whose texts are no longer called so.
fn bare(column: &TypePtr) -> Result<TypePtr> {
    let info = column.get_basic_info();
    let id = info.has_id().then(|| info.id());
    if !column.is_primitive() {
        let fields = column.get_fields().iter().map(bare).collect::<Result<Vec<_>>>()?;
        let group = Type::group_type_builder(column.name())
            .with_repetition(info.repetition())
            .with_converted_type(info.converted_type())
            .with_logical_type(info.logical_type_ref().cloned())
            .with_id(id)
            .with_fields(fields);
        return Ok(Arc::new(group.build()?));
    }
    let text = matches!(info.converted_type(), ConvertedType::UTF8 | ConvertedType::JSON)
        || matches!(info.logical_type_ref(), Some(LogicalType::String | LogicalType::Json));
    if !text {
        return Ok(column.clone());
    }
    let bytes = Type::primitive_type_builder(column.name(), column.get_physical_type());
    Ok(Arc::new(bytes.with_repetition(info.repetition()).with_id(id).build()?))
}

/// A field whose texts are bytes.
fn viewed(field: &FieldRef) -> FieldRef {
    let inner = |field: &FieldRef| viewed(field);
    let kind = match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::BinaryView,
        DataType::List(item) => DataType::List(inner(item)),
        DataType::LargeList(item) => DataType::LargeList(inner(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(inner(item), *size),
        DataType::Map(entries, sorted) => DataType::Map(inner(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        other => other.clone(),
    };
    Arc::new(Field::new(field.name(), kind, field.is_nullable()).with_metadata(field.metadata().clone()))
}
