//! `corpus sql`: questions to a finished build in SQL, and nothing that writes.

use std::io::Read;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, Schema};
use clap::Args;
use serde_json::{Value as Json, json};

use super::build::bytes;
use super::inspect_build::manifest;
use super::opened::{is_build, no_build, opened};
use super::show::{self, Fields};
use super::sql_tables::open_build;
use super::{Context, Layout, table, ui};
use crate::engine::sql::{Bounds, Database};
use crate::messages::{chinese, said};
use crate::pipeline::usage::count;
use crate::text::figures::plural;
use crate::{Error, Result};

/// Rows that a person is shown unless told otherwise.
const SHOWN: usize = 100;
/// Columns of the terminal that a cell needs at most to be read beside others.
const ROOM: usize = 12;

/// Ask a finished build in SQL: kept, dropped and unreadable rows as tables, read and never written.
#[derive(Debug, Args)]
pub struct Sql {
    /// A build folder.
    build: PathBuf,
    /// The query, or `-` for one from standard input; without one, the tables and their columns.
    query: Option<String>,
    /// Rows that are printed [default: 100 for people, all for programs].
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Memory; sorting, grouping and joining go to the folder of temporary files beyond it.
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    memory: String,
    /// Threads [default: one for each processor].
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// The build's folder of finished jobs, out of which the table `signals` is [default: BUILD/.work].
    #[arg(long)]
    work: Option<PathBuf>,
}

impl Sql {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where there is no such build, and for a query that cannot be read, is refused, or fails.
    pub(super) fn run(mut self, context: &Context, layout: Layout) -> Result<()> {
        self.build = opened(&self.build)?;
        if !is_build(&self.build) {
            return Err(no_build(&self.build, "corpus sql builds/NAME"));
        }
        let manifest = manifest(&self.build)?.0;
        let folder = tempfile::Builder::new().prefix("corpus-sql-").tempdir();
        let folder = folder.map_err(Error::io(std::env::temp_dir()))?;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let bounds = Bounds {
            threads: self.threads.map_or_else(cores, NonZeroUsize::get),
            memory: bytes("--memory", &self.memory)?.max(64 << 20),
            folder: folder.path().to_path_buf(),
            time: None,
        };
        let work = self.work.clone().unwrap_or_else(|| self.build.join(".work"));
        let database = open_build(&self.build, &work, &manifest, Vec::new(), &bounds)?;
        let mut query = match &self.query {
            None => return self.tables(context, layout, &database),
            Some(query) => query.clone(),
        };
        if query == "-" {
            query.clear();
            std::io::stdin().read_to_string(&mut query).map_err(Error::io("stdin"))?;
        }
        let limit = self.limit.unwrap_or(if layout == Layout::Human { SHOWN } else { usize::MAX });
        let mut printed =
            Printed { layout, limit, rows: Vec::new(), names: Vec::new(), schema: None, count: 0, more: false };
        database.query(&query, |batch| printed.batch(batch))?;
        printed.end(context)
    }

    /// What can be asked for.
    fn tables(&self, context: &Context, layout: Layout, database: &Database) -> Result<()> {
        let mut listed = Vec::new();
        for (table, schema) in database.tables() {
            let (count, mut rows) = (format!("select count(*) from \"{}\"", table.name), 0);
            database.query(&count, |batch| {
                rows += batch.column(0).as_primitive::<Int64Type>().iter().flatten().sum::<i64>().max(0) as u64;
                Ok(true)
            })?;
            listed.push((table.name.as_str(), rows, schema));
        }
        match layout {
            Layout::Human => {
                let mut text = String::new();
                for (name, rows, schema) in &listed {
                    let columns = schema.fields().iter().map(|f| format!("{} {}", f.name(), type_name(f.data_type())));
                    let columns = columns.collect::<Vec<_>>().join(if chinese() { "、" } else { ", " });
                    text += &format!("{name} · {}\n", said(&plural(*rows, "row")));
                    text += &table::hanging("  ", &columns, table::terminal());
                }
                super::print(&text)?;
                let folder = ui::quoted(&self.build.display().to_string());
                ui::say(
                    context,
                    &format!("next: `corpus sql {folder} 'select source, count(*) from data group by source'`"),
                );
                Ok(())
            }
            Layout::Csv => {
                let mut text = csv(["table", "rows", "column", "type"].map(str::to_owned));
                for (name, rows, schema) in &listed {
                    for field in schema.fields() {
                        text +=
                            &csv([(*name).to_owned(), rows.to_string(), field.name().clone(), kind(field.data_type())]);
                    }
                }
                super::print(&text)
            }
            Layout::Json | Layout::Jsonl => {
                let table = |(name, rows, schema): &(&str, u64, &arrow::datatypes::SchemaRef)| json!({"name": name, "rows": rows, "columns": columns(schema)});
                let tables = listed.iter().map(table);
                if layout == Layout::Jsonl {
                    return super::print(&tables.map(|table| format!("{table}\n")).collect::<String>());
                }
                super::print(&format!("{}\n", json!({"v": 1, "kind": "tables", "tables": tables.collect::<Vec<_>>()})))
            }
        }
    }
}

/// The columns of a result, for programs.
fn columns(schema: &Schema) -> Vec<Json> {
    let column = |f: &std::sync::Arc<arrow::datatypes::Field>| json!({"name": f.name(), "type": kind(f.data_type())});
    schema.fields().iter().map(column).collect()
}

/// A type for a person.
fn type_name(of: &DataType) -> String {
    match of {
        DataType::List(item) | DataType::LargeList(item) if chinese() => {
            format!("列表（{}）", type_name(item.data_type()))
        }
        DataType::Struct(fields) if chinese() => {
            let fields: Vec<String> =
                fields.iter().map(|f| format!("{} {}", f.name(), type_name(f.data_type()))).collect();
            format!("结构：{}", fields.join("、"))
        }
        other => said(&kind(other)).into_owned(),
    }
}

/// A type, in a word.
fn kind(of: &DataType) -> String {
    match of {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".into(),
        DataType::Boolean => "boolean".into(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("list of {}", kind(item.data_type()))
        }
        DataType::Struct(fields) => {
            let fields: Vec<String> = fields.iter().map(|f| format!("{} {}", f.name(), kind(f.data_type()))).collect();
            format!("({})", fields.join(", "))
        }
        DataType::Dictionary(_, value) => kind(value),
        DataType::Null => "null".into(),
        integer if integer.is_integer() => "integer".into(),
        number if number.is_numeric() => "number".into(),
        DataType::Timestamp(..) => "timestamp".into(),
        DataType::Date32 | DataType::Date64 => "date".into(),
        other => other.to_string().to_lowercase(),
    }
}

/// The answer as it is printed: lines as they come, or one table or document in the end.
struct Printed {
    layout: Layout,
    limit: usize,
    /// Rows that wait for the end.
    rows: Vec<Fields>,
    /// Names of columns; one that stands twice gets a number.
    names: Vec<String>,
    schema: Option<Vec<Json>>,
    count: usize,
    more: bool,
}

impl Printed {
    /// Takes rows; the first call tells the columns.
    fn batch(&mut self, batch: &RecordBatch) -> Result<bool> {
        if self.schema.is_none() {
            self.names = unique(batch.schema().fields().iter().map(|f| f.name().clone()));
            let mut columns = columns(&batch.schema());
            columns.iter_mut().zip(&self.names).for_each(|(column, name)| column["name"] = name.clone().into());
            self.schema = Some(columns);
            if self.layout == Layout::Csv {
                super::print(&csv(self.names.clone()))?;
            }
        }
        let left = self.limit - self.count;
        self.more = batch.num_rows() > left;
        let rows = show::rows(&batch.slice(0, batch.num_rows().min(left)));
        self.count += rows.len();
        let named = |row: Fields| -> Fields { self.names.iter().cloned().zip(row.into_iter().map(|f| f.1)).collect() };
        let rows = rows.into_iter().map(named);
        match self.layout {
            Layout::Human | Layout::Json => self.rows.extend(rows.collect::<Vec<_>>()),
            Layout::Jsonl => super::print(&rows.map(|row| format!("{}\n", object(&row))).collect::<String>())?,
            Layout::Csv => {
                let line = |row: Fields| csv(row.into_iter().map(|field| plain(&field.1)));
                super::print(&rows.map(line).collect::<String>())?;
            }
        }
        Ok(!self.more)
    }

    /// Prints what waited.
    fn end(self, context: &Context) -> Result<()> {
        match self.layout {
            Layout::Human => super::print(&self.shown(table::terminal()))?,
            Layout::Json => {
                let rows: Vec<String> = self.rows.iter().map(object).collect();
                let (columns, rows) = (Json::Array(self.schema.unwrap_or_default()), rows.join(","));
                let more = self.more;
                super::print(&format!(
                    "{{\"v\":1,\"kind\":\"rows\",\"columns\":{columns},\"rows\":[{rows}],\"more\":{more}}}\n"
                ))?;
            }
            Layout::Jsonl | Layout::Csv => {}
        }
        if self.more {
            ui::say(
                context,
                &format!("the first {} rows: --limit shows more, ORDER BY says which", count(self.count as u64)),
            );
        } else if self.layout == Layout::Human {
            ui::say(context, &plural(self.count as u64, "row"));
        }
        Ok(())
    }

    /// The rows as a table, or one below the other where their columns do not fit side by side.
    fn shown(&self, columns: usize) -> String {
        // What EXPLAIN says has lines, which mean something.
        if self.names == ["plan_type", "plan"] {
            let said = |row: &Fields| format!("{}\n{}\n", plain(&row[0].1), plain(&row[1].1));
            return self.rows.iter().map(said).collect();
        }
        let cells = |row: &Fields| row.iter().map(|field| cell(&field.1)).collect::<Vec<_>>();
        let rows = self.rows.iter().map(cells).collect::<Vec<_>>();
        let least = |at: usize| {
            let widest = rows.iter().map(|row| table::width(&row[at])).max().unwrap_or(0);
            table::width(&self.names[at]).max(widest).min(ROOM) + 2
        };
        if (0..self.names.len()).map(least).sum::<usize>() > columns + 2 {
            let gap = self.names.iter().map(|name| table::width(name)).max().unwrap_or(0) + 2;
            let line = |(name, cell): (&String, &String)| table::hanging(&table::left(name, gap), cell, columns);
            let one = |(at, row): (usize, &Vec<String>)| {
                let lines: String = self.names.iter().zip(row).map(line).collect();
                format!("{}\n{lines}", table::cut(&format!("- {} -", at + 1), columns))
            };
            return rows.iter().enumerate().map(one).collect();
        }
        let head = self.names.iter().map(|name| table::line(name)).collect();
        table::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>(), 0, columns)
    }
}

/// A value as a person is shown it: null as `-`, a fraction to six places.
fn cell(value: &Json) -> String {
    match value {
        Json::Null => "-".to_owned(),
        Json::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap_or_default();
            if number != 0.0 && number.abs() < 1e-4 || number.abs() >= 1e15 {
                return format!("{number:e}");
            }
            let places = format!("{number:.6}");
            places.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        value => table::line(&plain(value)),
    }
}

/// Names of which none stands twice.
fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        let other = (2..).map(|n| format!("{name}_{n}"));
        let free = std::iter::once(name.clone()).chain(other).find(|name| !all.contains(name));
        all.push(free.unwrap_or(name));
    }
    all
}

/// A row as a JSON object, its columns in the order of the query.
fn object(row: &Fields) -> String {
    let fields: Vec<String> =
        row.iter().map(|(name, value)| format!("{}:{value}", Json::from(name.as_str()))).collect();
    format!("{{{}}}", fields.join(","))
}

/// A value as text: lists and structs as JSON.
fn plain(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// A line of CSV as RFC 4180 has it, but with LF.
fn csv(cells: impl IntoIterator<Item = String>) -> String {
    let quoted = |cell: String| match cell.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    };
    format!("{}\n", cells.into_iter().map(quoted).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_quotes_and_lines_are_quoted() {
        assert_eq!(csv(["a", "b,c", "d\"e", "f\ng", ""].map(str::to_owned)), "a,\"b,c\",\"d\"\"e\",\"f\ng\",\n");
        assert_eq!(plain(&json!(["河", 1])), "[\"河\",1]");
    }

    #[test]
    fn wide_rows_stand_one_below_the_other() {
        let names: Vec<String> = ["id", "text", "share"].map(str::to_owned).to_vec();
        let row = vec![
            ("id".to_owned(), json!("a")),
            ("text".to_owned(), json!("一二三四五六")),
            ("share".to_owned(), json!(0.1 + 0.2)),
        ];
        let (layout, rows) = (Layout::Human, vec![row]);
        let printed = Printed { layout, limit: 9, rows, names, schema: None, count: 1, more: false };
        assert_eq!(printed.shown(40), "id  text          share\na   一二三四五六    0.3\n");
        assert_eq!(printed.shown(20), "- 1 -\nid     a\ntext   一二三四五六\nshare  0.3\n");
        assert_eq!((cell(&json!(1e-9)), cell(&json!(2.0)), cell(&Json::Null)), ("1e-9".into(), "2".into(), "-".into()));
    }

    #[test]
    fn no_column_is_lost_to_another_of_its_name() {
        let names = ["id", "id", "id_2", "n"].map(str::to_owned);
        assert_eq!(unique(names.into_iter()), ["id", "id_2", "id_2_2", "n"]);
    }
}
