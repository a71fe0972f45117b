//! What the targets share: an object through a shape, a file through a container.

use std::path::Path;

use corpus::formats::{self, Layout, Object, Piece, Shape};

fn layout(container: &str, usage: &str) -> Layout {
    let layout = serde_json::json!({
        "container": container, "shape": "pairs", "usage": usage, "compression": "none", "encoding": "UTF-8",
        "rows": null, "fields": {}, "source": "s", "language": null, "max_row": 1 << 20
    });
    serde_json::from_value(layout).expect("a layout")
}

/// Maps a JSON text and holds the shape to its promises.
pub fn map(shape: &str, usage: &str, json: &str) {
    let shape = formats::shape(shape).expect("a shape");
    map_object(shape, usage, &Object::parse(json).expect("an object"));
}

/// Maps an object and holds the shape to its promises.
pub fn map_object(shape: &dyn Shape, usage: &str, object: &Object<'_>) {
    let layout = layout("jsonl", usage);
    let (mut rows, mut errors) = (0, 0);
    shape.map(object, &layout, &mut |row| match row {
        Ok(row) => {
            assert_eq!(row.content.usage(), layout.usage, "{}", shape.name());
            assert!(row.meta.is_none_or(|m| Object::parse(&m).is_ok()), "{}: meta is no object", shape.name());
            rows += 1;
        }
        Err(error) => {
            assert!(!error.reason.is_empty() && !error.detail.is_empty());
            errors += 1;
        }
    });
    let right = if errors > 0 { errors == 1 && rows == 0 } else { rows == 1 || (rows > 1 && shape.several()) };
    assert!(right, "{} gives {rows} rows and {errors} errors", shape.name());
}

/// The records of a stretch of a file, in words.
pub fn records(path: &Path, container: &str, (start, end): (u64, u64)) -> Vec<String> {
    let piece = Piece { path: path.to_path_buf(), member: None, start, end };
    let container = formats::container(container).expect("a container");
    let Ok(mut reader) = container.open(&piece, &layout(container.name(), "task")) else { return Vec::new() };
    let mut seen = Vec::new();
    while reader.next(&mut |record| {
        seen.push(match record.row {
            Ok(row) => format!("{} {:?} {:?}", record.offset, row.content, row.aside),
            Err(error) => format!("{} {}", error.reason, record.offset),
        });
    }) {}
    seen
}
