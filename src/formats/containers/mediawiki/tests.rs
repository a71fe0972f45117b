use std::path::Path;

use super::*;
use crate::beside::beside;
use crate::input::{Compression, Encoding, Transport};
use crate::rows::{Content, Row, Use};

fn layout() -> Layout {
    Layout { source: "zhwiki".into(), ..Layout::plain("mediawiki", Use::Pretrain, 16 << 20) }
}

#[derive(Default, Debug, PartialEq)]
struct Seen {
    rows: Vec<Row<'static>>,
    errors: Vec<(&'static str, String)>,
    places: Vec<(u64, u64)>,
}

fn read(path: &Path, start: u64, end: u64, layout: &Layout) -> Seen {
    let piece = Piece { path: path.to_owned(), member: None, start, end };
    let mut reader = CONTAINER.open(&piece, layout).unwrap();
    let mut seen = Seen::default();
    let mut emit = |record: Record<'_>| {
        seen.places.push((record.offset, record.line));
        match record.row {
            Ok(row) => {
                let Content::Pretrain { text } = &row.content else { panic!() };
                let own = |text: &Option<std::borrow::Cow<'_, str>>| text.as_ref().map(|t| t.to_string().into());
                let mut copy = Row::new(Content::Pretrain { text: text.to_string().into() });
                (copy.id, copy.url, copy.meta) = (own(&row.id), own(&row.url), own(&row.meta));
                copy.aside = row.aside;
                seen.rows.push(copy);
            }
            Err(error) => seen.errors.push((error.reason, error.detail)),
        }
    };
    while reader.next(&mut emit) {}
    assert!(!reader.next(&mut |_| panic!("after the end")));
    seen
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn text(row: &Row<'_>) -> String {
    match &row.content {
        Content::Pretrain { text } => text.to_string(),
        other => panic!("{other:?}"),
    }
}

fn page(id: u32, more: &str, text: &str) -> String {
    format!(
        "  <page>\n    <title>页 {id}</title>\n    <ns>0</ns>\n    <id>{id}</id>{more}\n    <revision>\n      <id>9{id}</id>\n      \
         <timestamp>2020-01-01T00:00:00Z</timestamp>\n      <contributor><id>5</id></contributor>\n      \
         <text bytes=\"3\">{text}</text>\n    </revision>\n  </page>\n"
    )
}

const HEAD: &str = "<mediawiki xml:lang=\"zh\">\n  <siteinfo>\n    <base>https://zh.wikipedia.org/wiki/Wikipedia:%E9%A6%96</base>\n    \
    <namespaces><namespace key=\"0\" /><namespace key=\"1\">讨论</namespace></namespaces>\n  </siteinfo>\n";

#[test]
fn reads_pages_with_all_they_say() {
    let old = "<revision><id>1</id><timestamp>2021-01-01T00:00:00Z</timestamp><text>new &lt;page&gt; &amp;amp;</text></revision>";
    let dump = format!(
        "{HEAD}{}{}{}{}{}</mediawiki>\n",
        page(1, old, "old"),
        page(2, "<redirect title=\"A &amp; B\" />", "#REDIRECT [[x]]"),
        page(3, "", "{{消歧义}}").replace("<ns>0</ns>", ""),
        page(4, "", "x").replace("<ns>0</ns>", "").replace("页 4", "讨论:页"),
        page(5, "", "").replace("<text bytes=\"3\"></text>", "<model>css</model><text deleted=\"deleted\" />"),
    );
    let seen = read(file(&dump).path(), 0, u64::MAX, &layout());
    assert_eq!(seen.errors, []);
    let first = &seen.rows[0];
    assert_eq!(text(first), "new <page> &");
    assert_eq!(first.id.as_deref(), Some("zhwiki:1"));
    assert_eq!(first.url.as_deref(), Some("https://zh.wikipedia.org/wiki/%E9%A1%B5_1"));
    let meta: serde_json::Value = serde_json::from_str(first.meta.as_deref().unwrap()).unwrap();
    assert_eq!(meta, serde_json::json!({"title": "页 1", "ns": 0, "revision": 1, "timestamp": "2021-01-01T00:00:00Z"}));
    let aside: Vec<_> =
        seen.rows.iter().map(|r| r.aside.clone().map(|(word, value)| format!("{word} {value}"))).collect();
    let wanted = [None, Some("redirect A & B"), Some("disambiguation "), Some("namespace 1"), Some("model css")];
    assert_eq!(aside, wanted.map(|w| w.map(str::to_owned)));
    for (offset, line) in seen.places {
        let before = &dump[..offset as usize];
        assert!(dump[offset as usize..].starts_with("<page>"));
        assert_eq!(before.matches('\n').count() as u64, line);
    }
}

#[test]
fn pieces_own_the_pages_that_begin_in_them() {
    let pages: String = (1..=9).map(|id| page(id, "", "正文")).collect();
    let dump = format!("{HEAD}{pages}</mediawiki>\n");
    let file = file(&dump);
    let all = read(file.path(), 0, u64::MAX, &layout());
    assert_eq!((all.rows.len(), all.errors.len()), (9, 0));
    for cut in (0..=dump.len() as u64).step_by(7) {
        let (one, two) = (read(file.path(), 0, cut, &layout()), read(file.path(), cut, u64::MAX, &layout()));
        assert_eq!((one.errors.len(), two.errors.len()), (0, 0), "{cut}: {:?}", (one.errors, two.errors));
        let rows: Vec<_> = one.rows.into_iter().chain(two.rows).collect();
        assert_eq!(rows, all.rows, "{cut}");
    }
}

#[test]
fn goes_on_behind_what_is_wrong() {
    let mut small = layout();
    small.max_row = 2000;
    let huge = page(2, "", &"大".repeat(300_000));
    let dump = format!(
        "{HEAD}{}{huge}{}{}{}{}",
        page(1, "", "a"),
        page(3, "", "b").replace("</revision>", ""),
        page(4, "", "c").replace("</page>", ""),
        page(5, "", "&nosuch;"),
        page(6, "", "d"),
    );
    let whole = format!("{dump}</mediawiki>");
    let seen = read(file(&whole).path(), 0, u64::MAX, &small);
    assert_eq!(seen.rows.iter().map(text).collect::<String>(), "ad");
    let reasons: Vec<_> = seen.errors.iter().map(|e| e.0).collect();
    assert_eq!(reasons, ["row_too_large", "xml", "xml", "xml"], "{:?}", seen.errors);
    assert_eq!(seen.places.last().unwrap().1, dump[..dump.rfind("<page>").unwrap()].matches('\n').count() as u64);
    // Cut anywhere: the complete pages, then one record.
    let plain = format!("{HEAD}{}{}</mediawiki>", page(1, "", "a"), page(2, "", "b"));
    let starts: Vec<usize> = plain.match_indices("</page>").map(|(at, _)| at + 7).collect();
    for cut in (11..plain.len()).filter(|cut| plain.is_char_boundary(*cut)) {
        let seen = read(file(&plain[..cut]).path(), 0, u64::MAX, &layout());
        assert_eq!(seen.rows.len(), starts.iter().filter(|end| **end <= cut).count(), "{cut}");
        assert_eq!(seen.errors.iter().map(|e| e.0).collect::<Vec<_>>(), ["truncated"], "{cut}");
    }
    let none = read(file("plain text").path(), 0, u64::MAX, &layout());
    assert_eq!(none.errors[0].0, "xml");
    let bytes = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(bytes.path(), [HEAD.as_bytes(), b"<page><title>\xff</title></page></mediawiki>"].concat()).unwrap();
    assert_eq!(read(bytes.path(), 0, u64::MAX, &layout()).errors[0].0, "utf8");
}

/// One dump of our own, as every compression and encoding has it.
#[test]
fn a_dump_is_read_through_every_compression_and_as_utf_16() {
    use std::io::Write;
    let apart = page(2, "<redirect title=\"A\" />", "#REDIRECT [[A]]");
    let dump = format!("{HEAD}{}{apart}{}</mediawiki>", page(1, "", "甲山很高。"), page(3, "", "乙水很长。"));
    let plain = read(file(&dump).path(), 0, u64::MAX, &layout());
    assert_eq!(plain.rows.iter().map(text).collect::<Vec<_>>(), ["甲山很高。", "", "乙水很长。"]);
    let utf_16: Vec<u8> = dump.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (content, encoding) in [(dump.as_bytes(), "UTF-8"), (&utf_16, "UTF-16BE")] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(content).unwrap();
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(content).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(content).unwrap();
        for (compression, bytes) in [
            (Compression::None, content.to_vec()),
            (Compression::Gzip, gzip.finish().unwrap()),
            (Compression::Bzip2, bzip2.finish().unwrap()),
            (Compression::Xz, xz.finish().unwrap()),
            (Compression::Zstd, zstd::encode_all(content, 1).unwrap()),
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            let transport = Transport { compression, encoding: Encoding(encoding.into()) };
            let layout = Layout { transport, ..layout() };
            let seen = read(file.path(), 0, u64::MAX, &layout);
            assert_eq!((seen.rows, seen.errors), (plain.rows.clone(), vec![]), "{compression:?} {encoding}");
        }
    }
}

/// File, pages, and how many of them are set aside.
const DUMPS: &[(&str, usize, usize)] = &[
    ("zhwiki-minidump.xml", 1, 0),
    ("zhwiki-minidump.xml.bz2", 1, 0),
    ("jawiki-minidump.xml.bz2", 1, 0),
    ("simplewiki-minidump.xml.bz2", 1, 0),
    ("arwiki-minidump.xml.bz2", 3, 0),
    ("barwiki-minidump.xml.bz2", 1, 0),
    ("enwiki-pages-articles-shortened.xml.bz2", 206, 108),
    ("enwiki-table-markup.xml.bz2", 5, 0),
    ("pywikibot-article-pear-0.10.xml", 1, 0),
    ("pywikibot-article-pyrus.xml", 1, 1),
    ("pywikibot-article-pyrus.xml.bz2", 1, 1),
    ("pywikibot-article-pyrus.xml.gz", 1, 1),
    ("pywikibot-article-pyrus.xml.xz", 1, 1),
    ("pywikibot-article-pyrus-utf16.xml", 1, 1),
    ("pywikibot-article-pyrus-utf16.xml.bz2", 1, 1),
    ("pywikibot-pair-0.10.xml", 2, 2),
];

#[test]
fn reads_every_real_dump() {
    let Some(data) = beside("data/wiki") else { return };
    for (name, pages, aside) in DUMPS {
        let mut layout = layout();
        layout.transport.compression = match name.rsplit('.').next() {
            Some("bz2") => Compression::Bzip2,
            Some("gz") => Compression::Gzip,
            Some("xz") => Compression::Xz,
            _ => Compression::None,
        };
        if name.contains("utf16") {
            layout.transport.encoding = Encoding("UTF-16BE".into());
        }
        let seen = read(&data.join(name), 0, u64::MAX, &layout);
        assert_eq!(seen.errors, [], "{name}");
        assert_eq!(seen.rows.len(), *pages, "{name}");
        let mut words: Vec<_> = seen.rows.iter().filter_map(|r| r.aside.as_ref().map(|a| a.0)).collect();
        words.sort_unstable();
        let apart = seen.rows.iter().filter(|r| r.aside.as_ref().is_some_and(|a| a.0 == "disambiguation"));
        let apart: Vec<_> = apart.map(|r| r.url.as_deref().unwrap_or("")).collect();
        println!("{name}: {pages} pages, {} aside, {apart:?}", words.len());
        assert!(seen.rows.iter().all(|r| r.id.is_some() && r.meta.is_some()));
        assert!(seen.rows.iter().all(|r| r.aside.is_some() || !text(r).is_empty()), "{name}");
        assert_eq!(words.len(), *aside, "{name}: {words:?}");
    }
}

#[test]
fn what_the_head_and_the_page_say_is_used() {
    let file = file(
        "<mediawiki><siteinfo><namespaces><namespace key=\"6\">Plik</namespace><namespace key=\"14\">Kategoria</namespace>\
         </namespaces></siteinfo><page><title>Rzeka</title><ns>0</ns><id>1</id><revision><id>1</id><text>{{PAGENAME}} \
         płynie.[[Plik:R.jpg|mały|Opis]]\n[[Kategoria:Rzeki]]</text></revision></page></mediawiki>",
    );
    let seen = read(file.path(), 0, u64::MAX, &layout());
    assert!(matches!(&seen.rows[0].content, Content::Pretrain { text } if text == "Rzeka płynie."), "{seen:?}");
}
