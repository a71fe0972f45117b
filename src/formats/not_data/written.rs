//! Text that is written for programs: pages, markup, subtitles, letters, keys. Read as text, its marks would be learned.

use super::{CONVERT, EXTRACT, Kind, LEAVE};

/// Characters of a text that are looked at.
const LOOKED_AT: usize = 4096;

const SAID: &str =
    "its marks are no text; take the text out of it first, or say `format = \"text\"` to read it as it is";

/// What the text of a file tells, if it is a page, markup, or another file for programs: with `format = "text"` it is read
/// as it is.
pub fn by_text(start: &str) -> Option<Kind> {
    let begin: String = start.chars().take(LOOKED_AT).collect::<String>().to_ascii_lowercase();
    if is_html(&begin) {
        let cure = "pages are not read, and a host may have sent an error in place of the data; take the text out of the \
                    pages first, fetch the file again, or say `format = \"text\"` to read it with its tags";
        return Some(Kind { what: "a page of HTML", cure });
    }
    if start.starts_with("WARC/1.") || start.starts_with("WARC/0.") {
        let cure = "only WET files are read (their records are of the type `conversion`); take the text out of the pages \
                    first";
        return Some(Kind { what: "a WARC file of web pages", cure });
    }
    if start.starts_with("filedesc://") {
        return Some(Kind { what: "an ARC file of web pages", cure: EXTRACT });
    }
    markup(&begin).or_else(|| lines(&begin)).or_else(|| (begin.trim_end() == "entry not found").then_some(ANSWER))
}

/// What a host of data sets sends in place of a file that is not there.
const ANSWER: Kind =
    Kind { what: "a host's word that there is no such file", cure: "fetch the file again, by its right name" };

/// XML and what is like it, by its first tag.
fn markup(begin: &str) -> Option<Kind> {
    let rest = inside(begin);
    let tag: &str = rest.strip_prefix('<')?.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next()?;
    let (what, cure) = match tag {
        "xliff" => ("an XLIFF file of translations", "it is not read; write it as TMX, or as a TSV of both languages"),
        "svg" => ("a picture (SVG)", "no text is in it; leave the file out"),
        "doc" if rest.starts_with("<doc id=") && rest.contains(" title=") => (
            "pages by WikiExtractor, with a tag around each",
            "the tags are no text; have WikiExtractor write JSON, read the dump itself (corpus reads it), or say `format = \"text\"`",
        ),
        "doc" | "docs" | "document" | "documents" => ("documents in tags (SGML)", SAID),
        _ if begin.starts_with("<?xml") => ("an XML file", SAID),
        _ => return None,
    };
    Some(Kind { what, cure })
}

/// Files that are told by their first lines, in lower case.
fn lines(begin: &str) -> Option<Kind> {
    let mut lines = begin.lines().map(str::trim).filter(|l| !l.is_empty());
    let (first, second) = (lines.next()?, lines.next().unwrap_or_default());
    let clock = |line: &str| line.split_once("-->").is_some_and(|(from, to)| is_time(from) && is_time(to));
    let what = if first == "webvtt" || first.parse::<u32>().is_ok() && clock(second) {
        "subtitles with their times"
    } else if first.starts_with("-----begin ") && first.ends_with("-----") {
        return Some(Kind { what: "a key or certificate", cure: LEAVE });
    } else if [first, second].iter().any(|line| is_dump(line)) {
        return Some(Kind { what: "a dump of a database (SQL)", cure: CONVERT });
    } else if is_index(begin) {
        return Some(Kind { what: "the index of a MediaWiki dump", cure: LEAVE });
    } else if is_sum(first) && of_lines(begin).all(is_sum) {
        return Some(Kind { what: "checksums of files", cure: LEAVE });
    } else if begin.contains("msgid \"") && begin.contains("\nmsgstr \"") {
        "a catalogue of messages (PO)"
    } else if is_letter(begin) {
        "a letter (MIME)"
    } else {
        return None;
    };
    Some(Kind { what, cure: SAID })
}

/// Lines with something in them; not the last where it may be cut.
fn of_lines(begin: &str) -> impl Iterator<Item = &str> {
    let whole = if begin.chars().count() < LOOKED_AT { begin.len() } else { begin.rfind('\n').unwrap_or(0) };
    begin[..whole].lines().map(str::trim).filter(|l| !l.is_empty())
}

/// Whether a line is what programs write at the head of a dump.
fn is_dump(line: &str) -> bool {
    let said = line.strip_prefix("-- ").unwrap_or_default();
    ["mysql dump", "mariadb dump", "postgresql database dump", "phpmyadmin sql dump"]
        .iter()
        .any(|d| said.starts_with(d))
}

/// Whether lines are offsets of a dump, its pages by rising numbers, and their titles: no times of a day.
fn is_index(begin: &str) -> bool {
    let entry = |line: &str| -> Option<(u64, u64)> {
        let (offset, rest) = line.split_once(':')?;
        let (page, _) = rest.split_once(':').filter(|(_, title)| !title.is_empty())?;
        Some((offset.parse().ok().filter(|offset| *offset >= 100)?, page.parse().ok()?))
    };
    let entries: Option<Vec<(u64, u64)>> = of_lines(begin).map(entry).collect();
    entries.is_some_and(|all| all.len() > 1 && all.is_sorted_by(|a, b| a.0 <= b.0 && a.1 < b.1))
}

/// Whether a line is the checksum of a file, as `md5sum` and `sha256sum` write it.
fn is_sum(line: &str) -> bool {
    let Some((sum, name)) = line.split_once("  ").or_else(|| line.split_once(" *")) else { return false };
    matches!(sum.len(), 32 | 40 | 56 | 64 | 96 | 128) && sum.bytes().all(|b| b.is_ascii_hexdigit()) && !name.is_empty()
}

/// Whether this is a time of a subtitle: `00:01:02,345`, without what may stand behind it.
fn is_time(text: &str) -> bool {
    let time = text.trim().split(' ').next().unwrap_or_default();
    time.contains(':') && time.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | ',' | '.'))
}

/// Whether a text begins with the lines of a letter that say how its parts are encoded.
fn is_letter(begin: &str) -> bool {
    let heads = begin.split("\n\n").next().unwrap_or_default();
    let named = |name: &str| heads.lines().any(|l| l.starts_with(name));
    named("mime-version:") && (named("content-type:") || named("content-transfer-encoding:"))
}

/// What stands behind declarations and comments.
fn inside(begin: &str) -> &str {
    let mut rest = begin.trim_start();
    loop {
        let end = match () {
            () if rest.starts_with("<?") => "?>",
            () if rest.starts_with("<!--") => "-->",
            () if rest.starts_with("<!doctype") => ">",
            () => return rest,
        };
        let Some(at) = rest.find(end) else { return rest };
        rest = rest[at + end.len()..].trim_start();
    }
}

/// Whether the first characters, in lower case, open a page: behind declarations and comments.
fn is_html(begin: &str) -> bool {
    let mut rest = begin.trim_start();
    while let Some(comment) = rest.strip_prefix("<!--") {
        let Some(end) = comment.find("-->") else { break };
        rest = comment[end + 3..].trim_start();
    }
    rest.starts_with("<!doctype html")
        || rest.starts_with("<html>")
        || rest.starts_with("<html ")
        || (rest.starts_with("<?xml") && rest.contains("<html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_no_text_and_tags_in_prose_are() {
        assert!(by_text("<!-- saved --> <!DOCTYPE html><p>x").is_some());
        assert!(by_text("<html lang=\"zh\">").is_some());
        assert!(by_text("WARC/1.0\r\nWARC-Type: response").is_some());
        assert_eq!(by_text("<p>One paragraph of a story.</p>"), None);
        assert_eq!(by_text("The tag <html> opens a page."), None);
    }

    #[test]
    fn what_is_written_for_programs_is_named() {
        let cases = [
            ("<?xml version=\"1.0\"?>\n<xliff version=\"2.0\"><file/></xliff>", "XLIFF"),
            ("<?xml version='1.0'?><!-- x -->\n<docs><doc>水</doc></docs>", "SGML"),
            ("<doc>\n<url>http://a.b</url>\n<content>水</content>\n</doc>", "SGML"),
            ("<doc id=\"1\" url=\"u\" title=\"水\">\n水\n\n水是液体。\n</doc>", "WikiExtractor"),
            ("<?xml version=\"1.0\"?>\n<list><item>水</item></list>", "XML"),
            ("<svg xmlns=\"http://www.w3.org/2000/svg\"><text>水</text></svg>", "SVG"),
            ("1\r\n00:00:01,000 --> 00:00:02,500\r\n你好。\r\n", "subtitles"),
            ("WEBVTT\n\n00:01.000 --> 00:02.000\n你好。\n", "subtitles"),
            ("msgid \"\"\nmsgstr \"\"\n\nmsgid \"Open\"\nmsgstr \"打开\"\n", "PO"),
            ("From: a@b.c\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n5L2g", "MIME"),
            ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "key"),
            ("Entry not found", "fetch"),
            ("-- MySQL dump 10.13\n--\nCREATE TABLE `t` (`a` int);\n", "SQL"),
            ("/*!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n", "SQL"),
            ("--\n-- PostgreSQL database dump\n--\n", "SQL"),
            ("605:12:水\n605:13:Talk:水\n9120:18:河\n", "index"),
            ("d41d8cd98f00b204e9800998ecf8427e  a.txt\nd41d8cd98f00b204e9800998ecf8427e *b.txt\n", "checksums"),
        ];
        for (text, word) in cases {
            let kind = by_text(text).unwrap_or_else(|| panic!("{word} is not known"));
            assert!(kind.sentence().contains(word), "{}", kind.sentence());
        }
        let prose = [
            "1\n第一章 --> 上路",
            "From: 王五\nSubject: 你好\n\n信",
            "<div>水</div>",
            "Entry not found, said the clerk.",
            "<quote>水</quote>",
            "-- 河 --\n水往东流。",
            "12:30:开船\n13:45:靠岸\n",
            "100:2:主队\n98:1:客队\n",
            "d41d8cd98f00b204e9800998ecf8427e  a.txt\n这一行是说明。\n",
        ];
        for text in prose {
            assert_eq!(by_text(text), None, "{text}");
        }
    }
}
