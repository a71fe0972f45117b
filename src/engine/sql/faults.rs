//! What is wrong with a query, with its place in it and a cure.

use std::time::Duration;

use datafusion_common::{DataFusionError, SchemaError, TableReference};

use super::files::NUMBERS;
use crate::Error;
use crate::text::figures::columns_of;
use crate::text::spelling::nearest;

/// Columns that a cure names where none is near.
const NAMED: usize = 24;

/// The cure where no nearer one is known.
const LISTED: &str = "`corpus sql BUILD` lists tables and columns";

/// A query, as it is run and as its author wrote it.
pub struct Query {
    /// What is run.
    pub text: String,
    /// What was written.
    written: String,
    /// Lines before what was written.
    before: u64,
}

/// A place in a query: line and column, from 1.
type Place = (u64, u64);

impl Query {
    /// A query as it was written.
    pub fn new(text: &str) -> Query {
        Query { text: text.to_owned(), written: text.to_owned(), before: 0 }
    }

    /// The places of the rows of a table for which a condition holds, which stands on lines of its own.
    pub fn condition(table: &str, condition: &str) -> Query {
        let [first, row] = NUMBERS;
        let text = format!("select {first} + {row} from \"{}\" where (\n{condition}\n)", table.replace('"', "\"\""));
        Query { text, written: condition.to_owned(), before: 1 }
    }

    /// The refusal of what is no question.
    pub fn refused(&self, what: &str) -> Error {
        if self.before > 0 {
            let message = format!("{what} is not part of a condition");
            return Error::input(
                message,
                "write what stands behind WHERE, and no more: `chars > 500 and language = 'zh'`",
            );
        }
        Error::input(
            format!("{what} is refused: a build is read here, and nothing is written"),
            "ask with SELECT, WITH, EXPLAIN, DESCRIBE or SHOW; to write other rows, change the recipe and build again",
        )
    }

    /// An error of the engine, said of the query.
    pub fn error(&self, fault: &DataFusionError, tables: &[&str]) -> Error {
        let root = fault.find_root();
        if matches!(root, DataFusionError::ResourcesExhausted(_)) {
            return Error::other(
                "the query needs more memory than it may take",
                "allow more (--memory), or ask for less: fewer columns, or a LIMIT behind the ORDER BY",
            );
        }
        // What a condition says of a value is found out while a file is read.
        let by_condition = root.to_string().contains(IN_FILE);
        let of_file = matches!(root, DataFusionError::IoError(_) | DataFusionError::ObjectStore(_));
        if of_file || matches!(root, DataFusionError::ParquetError(_)) && !by_condition {
            return Error::Engine(root.strip_backtrace());
        }
        let (what, hint) = explained(root, tables, &self.written);
        let Some(place) = place(fault, root) else { return Error::input(format!("the query: {what}"), hint) };
        let place = (place.0.saturating_sub(self.before).max(1), place.1);
        let lines = self.written.lines().count().max(1) as u64;
        if self.before > 0 && place.0 > lines {
            return Error::input("the condition ends too early", "something has to stand behind its last word");
        }
        let (line, column) = place;
        let message = format!("the query, line {line}, column {column}: {what}\n{}", marked(&self.written, place));
        Error::input(message, hint)
    }
}

/// That a query took too long.
pub fn late(time: Duration) -> Error {
    Error::other(
        format!("the query was not done after {} s", time.as_secs()),
        "ask for fewer columns, above all of text, or with a condition on a narrow one: `source`, `reason`, a signal",
    )
}

/// The name of a table as it stands, dots and slashes too.
pub fn exact(name: &str) -> TableReference {
    TableReference::bare(name)
}

/// How the engine begins to say that a condition failed while a file was read.
const IN_FILE: &str = "Error evaluating filter predicate: ";
const DIVISION: &str = "a division by zero";
const NULLIF: &str = "`a / nullif(b, 0)` gives null there";
/// What the engine says, what it means, and the cure.
const KNOWN: [(&str, &str, &str); 5] = [
    ("only supports a single SQL", "there is more than one statement", "ask one question at a time"),
    ("No SQL statements", "there is no statement", LISTED),
    ("Divide by zero", DIVISION, NULLIF),
    ("DivideByZero", DIVISION, NULLIF),
    (
        "Dot access not supported",
        "a field behind `]` or `)` is not reached by a dot",
        "`messages[1]['content']` is the first message's",
    ),
];

/// What is wrong, and what to do about it.
fn explained(root: &DataFusionError, tables: &[&str], written: &str) -> (String, String) {
    if let DataFusionError::SchemaError(fault, _) = root
        && let SchemaError::FieldNotFound { field, valid_fields } = fault.as_ref()
    {
        let name = field.name();
        let mut known: Vec<&str> = valid_fields.iter().map(|field| field.name()).collect();
        known.retain(|known| !NUMBERS.contains(known));
        let hint = match nearest(name, known.iter().copied()) {
            _ if written.contains(&format!("\"{name}\"")) => {
                format!("text stands between single quotes: '{name}'; double quotes name a column")
            }
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => LISTED.to_owned(),
            None => format!("the columns are {}", listed(&known)),
        };
        return (format!("there is no column `{name}`"), hint);
    }
    let message = root.strip_backtrace();
    let kind = [
        "Error during planning: ",
        "SQL error: ",
        "Arrow error: ",
        "Execution error: ",
        "This feature is not implemented: ",
    ];
    let message = kind.into_iter().fold(message.as_str(), |message, kind| message.trim_start_matches(kind)).to_owned();
    let unknown = between(&message, "table function '", "' not found");
    if let Some(name) = unknown.or_else(|| between(&message, "table '", "' not found")) {
        let name = name.trim_start_matches("corpus.build.");
        let mut named = tables.to_vec();
        named.retain(|name| !name.contains('/'));
        let near = nearest(name, named.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let hint = near.unwrap_or_else(|| format!("the tables of this build are {}", listed(&named)));
        return (format!("there is no table `{name}`; other files are not read here"), hint);
    }
    if let Some(name) = between(&message, "Invalid function '", "'") {
        // The engine always names one, however far.
        let near = between(&message, "Did you mean '", "'").and_then(|near| nearest(name, [near]));
        let near = near.map(|near| format!("did you mean `{near}`?"));
        let hint = near.unwrap_or_else(|| "`show functions` lists them".to_owned());
        return (format!("there is no function `{name}`"), hint);
    }
    if let DataFusionError::SQL(_, _) = root {
        let message = message
            .trim_start_matches("sql parser error: ")
            .trim_start_matches("ParserError(\"")
            .trim_start_matches("TokenizerError(\"");
        let message = message.split(" at Line:").next().unwrap_or(message).trim_end_matches("\")");
        return (message.to_owned(), "names of columns with other signs than letters, digits and _ stand between double quotes, texts between single ones".to_owned());
    }
    if let Some(said) = of_types(&message).or_else(|| of_groups(&message)) {
        return said;
    }
    if let Some((_, what, hint)) = KNOWN.into_iter().find(|known| message.contains(known.0)) {
        return (what.to_owned(), hint.to_owned());
    }
    let message = message.split_once(IN_FILE).map_or(message.as_str(), |said| said.1);
    (first_line(message), LISTED.to_owned())
}

/// How much of a text is told that could not be read as another type, in characters.
const SHOWN: usize = 40;

/// What the engine says of types that do not fit, and the cure.
fn of_types(message: &str) -> Option<(String, String)> {
    const TYPES: &str = "`describe data` tells the types of columns; `try_cast(a as double)` makes a number of a text";
    let function =
        between(message, "Function '", "' failed to match").or_else(|| between(message, "a call to '", "' function"));
    if let Some(name) = function {
        return Some((format!("`{name}` does not take values of these types"), TYPES.to_owned()));
    }
    let computed = between(message, "arithmetic expression ", " to valid types").map(words);
    if let Some(said) = computed {
        return Some((format!("`{said}` cannot be computed"), TYPES.to_owned()));
    }
    if let Some(name) = between(message, "non-boolean predicate '", "' returning") {
        return Some((format!("`{name}` is no condition"), format!("compare it: `{name} > 0`, `{name} is not null`")));
    }
    let (_, cast) = message.split_once("Cannot cast string '")?;
    let (text, to) = cast.rsplit_once("' to value of ")?;
    let to = words(to.split(' ').next().unwrap_or_default());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = text.chars().take(SHOWN).chain((text.chars().count() > SHOWN).then_some('…')).collect();
    let cure = "`try_cast(a as int)` gives null where a value does not fit";
    Some((format!("`{cut}` cannot be read as {to}"), cure.to_owned()))
}

/// Names of types in the words of `corpus sql BUILD`.
fn words(types: &str) -> String {
    let word = |name: &str| match name {
        "Utf8" | "Utf8View" | "LargeUtf8" => "text".to_owned(),
        "Boolean" => "boolean".to_owned(),
        _ if name.starts_with("Int") || name.starts_with("UInt") => "integer".to_owned(),
        _ if name.starts_with("Float") || name.starts_with("Decimal") => "number".to_owned(),
        other => other.to_owned(),
    };
    types.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// What the engine says of columns that are not grouped by, or that stand in several tables.
fn of_groups(message: &str) -> Option<(String, String)> {
    if let Some(name) = between(message, "column \"", "\" must appear in the GROUP BY") {
        let cure = format!("write GROUP BY {name}, or take one value of each group: `min({name})`");
        return Some((format!("`{name}` is neither grouped by nor in an aggregate"), cure));
    }
    let (_, name) = message.split_once("Ambiguous reference to unqualified field ")?;
    let name = name.split([' ', '\n']).next().unwrap_or_default();
    Some((format!("`{name}` is a column of more than one table"), format!("write the table before it: `data.{name}`")))
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

fn listed(names: &[&str]) -> String {
    let named: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    format!("{}{}", named.join(", "), if names.len() > NAMED { ", …" } else { "" })
}

/// What stands between two texts.
fn between<'m>(message: &'m str, before: &str, after: &str) -> Option<&'m str> {
    let (_, rest) = message.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

/// Where in the query it is: the planner says it by itself, the parser in words.
fn place(fault: &DataFusionError, root: &DataFusionError) -> Option<Place> {
    let span = fault.diagnostic().and_then(|diagnostic| diagnostic.span);
    if let Some(span) = span.filter(|span| span.start.line > 0) {
        return Some((span.start.line, span.start.column));
    }
    let message = root.to_string();
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let (_, rest) = message.rsplit_once("at Line: ")?;
    let (_, column) = rest.split_once("Column: ")?;
    Some((number(rest)?, number(column)?))
}

/// The line of a query with a mark below its place.
fn marked(written: &str, (line, column): Place) -> String {
    let shown = written.lines().nth(line as usize - 1).unwrap_or_default().replace('\t', " ");
    let head: String = shown.chars().take(column.saturating_sub(1) as usize).collect();
    let columns: usize = head.chars().map(columns_of).sum();
    let word = shown.chars().skip(head.chars().count()).take_while(|c| c.is_alphanumeric() || *c == '_').count().max(1);
    format!("  {shown}\n  {}{}", " ".repeat(columns), "^".repeat(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stands_below_its_word() {
        assert_eq!(marked("select a,\n  sorce from data", (2, 3)), "    sorce from data\n    ^^^^^");
        assert_eq!(marked("select '中文', sorce", (1, 14)), "  select '中文', sorce\n                 ^^^^^");
        assert_eq!(marked("", (1, 1)), "  \n  ^");
    }
}
