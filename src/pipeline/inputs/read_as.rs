//! How a file is read: container, shape, use and encoding, by the recipe where it says so, else by what was found.

use std::path::Path;

use crate::formats::detect::Detected;
use crate::formats::{self, Layout, not_data};
use crate::input::{Encoding, Transport};
use crate::recipe::Source;
use crate::rows::Use;
use crate::{Error, Result};

/// How a file is read: what the recipe says, and detection for the rest.
///
/// # Errors
/// [`Error::Input`] where the format does not fit the file, has no rows of the source's use, or the file is no data.
pub fn layout(max_row: u64, source: &Source, path: &Path, found: Detected) -> Result<(Layout, Option<String>)> {
    let (format, encoding) = (source.format.as_deref(), source.encoding.as_deref());
    let refused = found.container == not_data::NAME && !not_data::is_asked_for(found.confidence, format, encoding);
    let as_text = if refused { None } else { as_text(source, &found) };
    let (container, shape) = named_or_found(source, &found, refused, as_text.is_some());
    if source.variant.is_some() && container != "mediawiki" && !refused {
        return Err(Error::input(
            format!(
                "source `{}`: `variant` is for MediaWiki dumps, but {} is {container}",
                source.name,
                path.display()
            ),
            "leave `variant` out, and convert the text by a stage: run = \"convert_script\"",
        ));
    }
    let shape = shape_of_objects(source, path, &container, shape, refused)?;
    let usage = usage_of(source, &container, shape.as_deref());
    check_use(source, path, shape.as_deref(), usage)?;
    if !refused {
        check_options(source, &container, shape.as_deref())?;
    }
    // What the recipe says is said of both sides.
    let other = found.other.filter(|_| source.encoding.is_none());
    let encoding = source.encoding.clone().map_or(found.encoding, Encoding);
    let rows = source.rows.or(found.rows);
    let settled = source.rows.is_some() || is_shape_told(source);
    let note = if as_text.is_some() { as_text } else { found.note.filter(|_| !settled && !refused) };
    let layout = Layout {
        container,
        shape,
        usage,
        transport: Transport { compression: found.compression, encoding },
        other,
        rows,
        fields: source.fields.clone(),
        columns: found.columns,
        split: source.split.clone(),
        options: source.options.clone(),
        source: source.label.clone(),
        language: source.language.clone(),
        variant: source.variant.clone(),
        prepared: None,
        file: None,
        grouped: None,
        max_row,
    };
    Ok((layout, note))
}

/// Whether a source is of a card of the catalog, which says how its rows are read; `hf:owner/name` says nothing of them.
pub(super) fn is_of_catalog(source: &Source) -> bool {
    source.card.as_ref().is_some_and(|of| !of.card.contains(':'))
}

/// Whether `format` says what the fields of rows mean: `jsonl`, `csv` or `parquet` alone says how bytes fall into rows.
/// What a card of the catalog leaves out is meant to be.
pub(super) fn is_shape_told(source: &Source) -> bool {
    let names_one = |format: &String| formats::container(format).is_none_or(|c| !c.objects() || c.shape() != "fields");
    source.format.as_ref().is_some_and(|format| is_of_catalog(source) || names_one(format))
}

/// The container of objects that the recipe names without their shape.
pub(super) fn only_container(source: &Source) -> Option<&'static str> {
    let format = source.format.as_ref().filter(|_| !is_shape_told(source))?;
    formats::container(format).map(formats::Container::name)
}

/// The table that a file is by its name where its content could be any text, and the recipe names columns by number.
pub(super) fn by_number(source: &Source, name: &str, found: &Detected) -> Option<&'static str> {
    let numbers = !source.fields.is_empty() && source.fields.values().all(|field| field.parse::<usize>().is_ok());
    let name = name.to_ascii_lowercase();
    let table = || ["csv", "tsv"].into_iter().find(|end| name.rsplit('.').take(2).any(|part| part == *end));
    if source.format.is_none() && source.rows.is_none() && numbers && found.container == "text" {
        table()
    } else {
        None
    }
}

/// Container and shape: what the recipe names, else what was found; of the shapes that fit, the one that has rows for
/// the recipe's use.
fn named_or_found(source: &Source, found: &Detected, refused: bool, as_text: bool) -> (String, Option<String>) {
    let (mut container, mut shape) = (found.container.to_string(), found.shape.clone());
    if container == not_data::NAME && !refused || as_text {
        (container, shape) = ("text".into(), None);
    }
    if let Some(format) = source.format.as_ref().filter(|_| !refused) {
        match formats::container(format) {
            Some(named) => {
                container = format.clone();
                if is_shape_told(source) || found.container != container {
                    shape = Some(named.shape().to_owned());
                }
            }
            None => shape = Some(format.clone()),
        }
    }
    let told = source.format.is_some() && is_shape_told(source);
    let is_pairs = source.format.is_none() && shape.as_deref().is_none_or(|s| s == "pairs");
    if !source.fields.is_empty() && !told && !is_pairs {
        shape = Some("fields".into());
    }
    if let (Some(usage), false, Some(name)) = (source.usage, told, &shape)
        && formats::shape(name).is_some_and(|s| !s.uses().contains(&usage))
        && let Some(other) = found.fits.iter().find(|f| formats::shape(f).is_some_and(|s| s.uses().contains(&usage)))
    {
        shape = Some(other.clone());
    }
    (container, shape)
}

/// The shape of a container of objects, `fields` where none is known; a container of texts has none.
fn shape_of_objects(
    source: &Source,
    path: &Path,
    container: &str,
    shape: Option<String>,
    refused: bool,
) -> Result<Option<String>> {
    if formats::container(container).is_none_or(|c| c.objects()) {
        return Ok(Some(shape.unwrap_or_else(|| "fields".into())));
    }
    match source.format.as_ref().filter(|f| formats::shape(f).is_some() && !refused) {
        None => Ok(None),
        Some(format) => Err(Error::input(
            format!("{}: `{format}` describes objects, but the file is {container}", path.display()),
            "leave `format` out to see what `corpus inspect` finds in the file",
        )),
    }
}

/// What the rows are for: as the recipe says, by its `fields`, or as the shape or container has it first.
fn usage_of(source: &Source, container: &str, shape: Option<&str>) -> Use {
    let is_mapped = !is_shape_told(source) && shape == Some("fields");
    let mapped = || formats::usage_of(source.fields.keys().map(String::as_str)).filter(|_| is_mapped);
    let first = || match shape {
        Some(shape) => formats::shape(shape).and_then(|s| s.uses().first().copied()),
        None => formats::container(container).and_then(|c| c.uses().first().copied()),
    };
    source.usage.or_else(mapped).or_else(first).unwrap_or(Use::Pretrain)
}

fn check_use(source: &Source, path: &Path, shape: Option<&str>, usage: Use) -> Result<()> {
    let Some((name, shape)) = shape.and_then(|name| Some((name, formats::shape(name)?))) else { return Ok(()) };
    if shape.uses().contains(&usage) {
        return Ok(());
    }
    let uses: Vec<&str> = shape.uses().iter().map(|u| u.as_str()).collect();
    Err(Error::input(
        format!(
            "source `{}`: {}: `{name}` rows are for {}, not for {usage}",
            source.name,
            path.display(),
            uses.join(" or ")
        ),
        "change `use`, describe the rows with `fields`, or leave the file out of `path`",
    ))
}

fn check_options(source: &Source, container: &str, shape: Option<&str>) -> Result<()> {
    let known = shape.and_then(formats::shape).map_or(Vec::new(), |s| s.choices());
    for (name, word) in &source.options {
        if !known.iter().any(|c| c.name == name && c.words.contains(&word.as_str())) {
            let what = shape.unwrap_or(container);
            return Err(Error::input(
                format!("source `{}`: `{what}` has no option {name} = \"{word}\"", source.name),
                format!("`corpus explain {what}` lists them; or name the `format` that has it"),
            ));
        }
    }
    Ok(())
}

/// What is said of a file that is read as plain text because the recipe says so, though it looks like something else:
/// `rows` is a key of plain text, and rows of lines in two languages are none for pretraining.
fn as_text(source: &Source, found: &Detected) -> Option<String> {
    let looks = matches!(found.container, "json" | "jsonl" | "csv" | "tsv" | "aligned" | "alternating");
    if source.format.is_some() || !source.fields.is_empty() || !looks {
        return None;
    }
    let shape = found.shape.as_deref().and_then(formats::shape);
    if source.rows.is_some() {
        let what = found.container;
        return Some(format!(
            "read as plain text, as `rows` says, though it looks like {what}; leave `rows` out to read that"
        ));
    }
    let aligned = found.container == "aligned" || found.container == "alternating" || found.columns.is_some();
    let usage = source.usage.filter(|u| aligned && shape.is_some_and(|s| !s.uses().contains(u)))?;
    (usage == Use::Pretrain).then(|| {
        let what = found.container;
        format!("read as plain text for `use = \"pretrain\"`, one document a file, though it looks like pairs ({what}); say `rows`, or another `use`")
    })
}
