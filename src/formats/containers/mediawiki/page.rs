//! One `<page>` as a row.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::site::Site;
use crate::formats::Layout;
use crate::rows::{Content, Row};
use crate::text::wikitext;

/// Reason and detail of a page that cannot be read.
type Bad = (&'static str, String);

fn xml(error: impl std::fmt::Display) -> Bad {
    ("xml", error.to_string())
}

/// A revision, its text still escaped.
#[derive(Default)]
struct Revision<'a> {
    id: Cow<'a, str>,
    timestamp: Cow<'a, str>,
    model: Cow<'a, str>,
    text: Cow<'a, str>,
}

#[derive(Default)]
struct Page<'a> {
    title: Cow<'a, str>,
    namespace: Option<i64>,
    id: Cow<'a, str>,
    redirect: Option<String>,
    revision: Option<Revision<'a>>,
}

fn text<'a>(reader: &mut Reader<&'a [u8]>, start: &BytesStart<'a>) -> Result<Cow<'a, str>, Bad> {
    Ok(reader.read_text(start.name()).map_err(xml)?.into_inner())
}

fn plain<'a>(reader: &mut Reader<&'a [u8]>, start: &BytesStart<'a>) -> Result<Cow<'a, str>, Bad> {
    match text(reader, start)? {
        Cow::Borrowed(raw) => unescape(raw.trim()).map_err(xml),
        Cow::Owned(raw) => Ok(Cow::Owned(unescape(raw.trim()).map_err(xml)?.into_owned())),
    }
}

fn target(start: &BytesStart<'_>) -> Result<String, Bad> {
    let title = start.try_get_attribute("title").map_err(xml)?;
    let title = title.map(|t| unescape(&t.value).map(Cow::into_owned)).transpose().map_err(xml)?;
    Ok(title.unwrap_or_default())
}

fn parse(page: &str) -> Result<Page<'_>, Bad> {
    let mut reader = Reader::from_str(page);
    let mut out = Page::default();
    let mut revision: Option<Revision<'_>> = None;
    loop {
        let event = reader.read_event().map_err(xml)?;
        match (event, &mut revision) {
            (Event::Start(start), Some(revision)) => match start.name().as_ref() {
                "id" => revision.id = plain(&mut reader, &start)?,
                "timestamp" => revision.timestamp = plain(&mut reader, &start)?,
                "model" => revision.model = plain(&mut reader, &start)?,
                "text" => revision.text = text(&mut reader, &start)?,
                _ => {
                    reader.read_to_end(start.name()).map_err(xml)?;
                }
            },
            (Event::Start(start), None) => match start.name().as_ref() {
                "page" => {}
                "title" => out.title = plain(&mut reader, &start)?,
                "id" => out.id = plain(&mut reader, &start)?,
                "ns" => out.namespace = plain(&mut reader, &start)?.parse().ok(),
                "redirect" => {
                    out.redirect = Some(target(&start)?);
                    reader.read_to_end(start.name()).map_err(xml)?;
                }
                "revision" => revision = Some(Revision::default()),
                _ => {
                    reader.read_to_end(start.name()).map_err(xml)?;
                }
            },
            (Event::Empty(start), None) if start.name().as_ref() == "redirect" => out.redirect = Some(target(&start)?),
            (Event::End(_), done @ Some(_)) => {
                let done = done.take().unwrap_or_default();
                // Times are written alike, so that their order is that of the text; of equal ones the later one counts.
                if out.revision.as_ref().is_none_or(|newest| newest.timestamp <= done.timestamp) {
                    out.revision = Some(done);
                }
            }
            (Event::End(_) | Event::Eof, None) => return Ok(out),
            (Event::Eof, Some(_)) => return Err(xml("the page ends inside a revision")),
            _ => {}
        }
    }
}

/// Title and text of a page's newest revision; nothing where it cannot be read.
pub(super) fn title_and_text(page: &str) -> Option<(String, String)> {
    let page = parse(page).ok()?;
    let text = unescape(&page.revision?.text).ok()?.into_owned();
    Some((page.title.into_owned(), text))
}

/// The row of a page.
pub(super) fn row(
    page: &[u8],
    site: &Site,
    layout: &Layout,
    options: &wikitext::Options<'_>,
) -> Result<Row<'static>, Bad> {
    let page = simdutf8::compat::from_utf8(page).map_err(|e| ("utf8", e.to_string()))?;
    let page = parse(page)?;
    let Some(revision) = page.revision else { return Err(xml(format!("page `{}` has no revision", page.title))) };
    let source = unescape(&revision.text).map_err(xml)?;
    let namespace = page.namespace.unwrap_or_else(|| site.namespace(&page.title));
    let wikitext = matches!(revision.model.as_ref(), "" | "wikitext");
    let redirect = redirect(&source).filter(|_| wikitext);
    let aside = match (page.redirect, redirect) {
        (Some(target), Some(said)) if target.is_empty() => Some(("redirect", said)),
        (Some(target), _) | (None, Some(target)) => Some(("redirect", target)),
        _ if namespace != 0 => Some(("namespace", namespace.to_string())),
        _ if !wikitext => Some(("model", revision.model.to_string())),
        _ if is_disambiguation(&page.title, &source) => Some(("disambiguation", String::new())),
        _ => None,
    };
    // Only of what becomes text.
    let unlisted = options.unlisted.filter(|_| aside.is_none());
    let options = wikitext::Options { title: &page.title, unlisted, ..*options };
    let text = if wikitext { wikitext::plain(&source, &options) } else { source.into_owned() };
    let number = |text: &str| text.parse::<u64>().map_or_else(|_| serde_json::Value::from(text), Into::into);
    let meta = serde_json::json!({
        "title": page.title,
        "ns": namespace,
        "revision": number(&revision.id),
        "timestamp": revision.timestamp,
    });
    let id = if page.id.is_empty() { &page.title } else { &page.id };
    let mut row = Row::new(Content::Pretrain { text: Cow::Owned(text) });
    row.id = Some(Cow::Owned(format!("{}:{id}", layout.source)));
    row.url = site.url(&page.title).map(Cow::Owned);
    row.meta = Some(Cow::Owned(meta.to_string()));
    row.aside = aside;
    Ok(row)
}

/// The target of a page that only says that it redirects.
fn redirect(wikitext: &str) -> Option<String> {
    const WORDS: &[&str] = &[
        "redirect",
        "重定向",
        "重新導向",
        "重新导向",
        "転送",
        "リダイレクト",
        "넘겨주기",
        "weiterleitung",
        "redirection",
        "redirección",
        "перенаправление",
        "تحويل",
        "doorverwijzing",
        "rinvia",
        "omdirigering",
    ];
    let word = wikitext.trim_start().strip_prefix('#')?;
    let (word, rest) = word.split_once("[[")?;
    let word = word.trim().trim_end_matches([':', '：']).trim_end().to_lowercase();
    let target = rest.split("]]").next()?.split('|').next()?.trim();
    WORDS.contains(&word.as_str()).then(|| target.to_owned())
}

/// Templates of pages that only list others, in small letters.
const TEMPLATES: &[&str] = &[
    "disambig",
    "disambiguation",
    "disamb",
    "disam",
    "dab",
    "dis",
    "disambiguation cleanup",
    "disambig-cleanup",
    "disambig cleanup",
    "hndis",
    "geodis",
    "mathdab",
    "numberdis",
    "roaddis",
    "schooldis",
    "hospitaldis",
    "mil-unit-dis",
    "airport disambiguation",
    "call sign disambiguation",
    "genus disambiguation",
    "human name disambiguation",
    "letter disambiguation",
    "letter-number combination disambiguation",
    "mathematical disambiguation",
    "number disambiguation",
    "place name disambiguation",
    "road disambiguation",
    "school disambiguation",
    "species latin name disambiguation",
    "taxonomic authority disambiguation",
    "wikipedia disambiguation",
    "消歧义",
    "消歧義",
    "消歧义页",
    "消歧義頁",
    "消歧义页面",
    "人名消歧义",
    "人名消歧義",
    "地名消歧义",
    "地名消歧義",
    "消歧義頁面",
    "letterdisambig",
    "letter-disambig",
    "letter-numbercombdisambig",
    "aimai",
    "曖昧さ回避",
    "人名の曖昧さ回避",
    "地名の曖昧さ回避",
    "begriffsklärung",
    "توضيح",
    "homonymie",
    "desambiguación",
    "неоднозначность",
];
/// Magic words of such pages.
const MAGIC: &[&str] = &["__DISAMBIG__", "__消歧义__", "__消歧義__"];
/// Ends of their titles.
const TITLES: &[&str] = &["(disambiguation)", "(消歧义)", "(消歧義)", "（消歧义）", "（消歧義）", "(曖昧さ回避)"];

/// Whether a page only tells the articles of one name apart.
fn is_disambiguation(title: &str, wikitext: &str) -> bool {
    if TITLES.iter().any(|end| title.ends_with(end)) || MAGIC.iter().any(|word| wikitext.contains(word)) {
        return true;
    }
    memchr::memmem::find_iter(wikitext.as_bytes(), "{{").any(|at| {
        let name = wikitext.get(at + 2..).and_then(|rest| rest.split(['|', '}', '{', '<', '[']).next()).unwrap_or("");
        if name.len() > 80 {
            return false;
        }
        let name = name.trim().replace('_', " ").to_lowercase();
        TEMPLATES.contains(&name.strip_prefix("template:").unwrap_or(&name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_redirects_and_disambiguation() {
        let target = |text| redirect(text).unwrap_or_default();
        assert_eq!(target("#REDIRECT [[Pear]]\n{{R}}"), "Pear");
        assert_eq!(target(" #重定向：[[柏林|x]]"), "柏林");
        assert_eq!(target("#REDIRECT: [[A#b]]"), "A#b");
        assert_eq!(target("# [[Pear]] is a list"), "");
        assert_eq!(target("text #REDIRECT [[Pear]]"), "");
        for text in
            ["a {{Disambig|x}}", "{{ 消歧义 }}", "{{geodis}}", "{{Template:Hndis|A}}", "x __DISAMBIG__", "__消歧義__"]
        {
            assert!(is_disambiguation("A", text), "{text}");
        }
        for text in ["{{disambiguation needed}}", "{{about|消歧义}}", "消歧义", "{{", "{{消歧"] {
            assert!(!is_disambiguation("A", text), "{text}");
        }
        assert!(is_disambiguation("A (disambiguation)", ""));
    }
}
