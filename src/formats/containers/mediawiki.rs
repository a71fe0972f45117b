//! MediaWiki XML dumps (`pages-articles`, `Special:Export`): each page is a document, as plain text.
//!
//! ```xml
//! <page><title>柏林</title><ns>0</ns><id>2206</id>
//!   <revision><id>1</id><timestamp>2020-01-01T00:00:00Z</timestamp><text>'''柏林'''是…</text></revision></page>
//! ```
//!
//! Of a page with several revisions the newest one is read. The id is `{source}:{page id}`, the url is built from the
//! dump's own base, and `meta` holds the title, the namespace, and the revision's id and time. The text is what a
//! reader of the page would see, without markup; its title is not repeated in it.
//!
//! With `variant = "zh-cn"` (or another of `zh-hans`, `zh-hant`, `zh-tw`, `zh-hk`, `zh-mo`, `zh-sg`, `zh-my`) in the
//! source, all text is converted to that variant of Chinese as the wiki itself would: `-{ }-` and the page's own rules
//! first, then the rules of the conversion groups that the page names (`{{NoteTA|G1=IT}}`), which are collected from all
//! files of the source beforehand (`Module:CGroup/…`, `Template:CGroup/…`), then OpenCC's dictionaries. Formulas, code
//! and what a page excludes stay as they are. Without `variant`, text stays as its authors wrote it, and `-{ }-` gives
//! the words of the mainland. `zh` converts nothing either, and gives the words that come first.
//!
//! Set aside (dropped, with the reason and a value): redirects (`redirect`, the target), pages outside of the articles
//! (`namespace`, its number), disambiguation pages (`disambiguation`), and pages that are not wikitext (`model`).
//!
//! The dump is a stream: one page at a time is in memory, and none larger than `max_row` (`row_too_large`; this counts
//! all revisions of the page). A page that is not well-formed is `xml`, and reading goes on behind it; where the file
//! ends inside a page, or without `</mediawiki>`, there is a record `truncated`.
//!
//! Limits: the namespace of very old dumps (0.3) comes from the title; disambiguation is known by well-known templates
//! and titles in Chinese, Japanese, English and some other languages.
use std::io::{self, Read};
use std::sync::Arc;

use crate::formats::{Container, Layout, Piece, Reader, Split};
use crate::rows::{Record, Unreadable};
use crate::text::wikitext::{Groups, Options, Tally, Unlisted, Variant};

mod groups;
mod page;
mod site;

use site::Site;

/// The container.
pub const CONTAINER: MediaWiki = MediaWiki;
/// See the module.
pub struct MediaWiki;

/// Bytes read at once.
const CHUNK: usize = 128 << 10;
/// No tag that counts here is longer.
const TAG: usize = b"</mediawiki>".len();

impl Container for MediaWiki {
    fn name(&self) -> &'static str {
        "mediawiki"
    }
    fn about(&self) -> &'static str {
        "MediaWiki XML dumps (Wikipedia), as plain text of the articles"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("mediawiki.rs"))
    }
    fn objects(&self) -> bool {
        false
    }
    fn split(&self, _layout: &Layout) -> Split {
        Split::Bytes
    }
    fn costly(&self) -> bool {
        true
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        Ok(Box::new(self.pages(piece, layout)?))
    }
    fn prepares(&self, layout: &Layout) -> bool {
        layout.variant.is_some()
    }
    fn prepare(&self, piece: &Piece, layout: &Layout) -> io::Result<Vec<u8>> {
        groups::found(piece, layout)
    }
    fn join(&self, found: Vec<Vec<u8>>) -> Vec<u8> {
        groups::join(found)
    }
    fn unlisted(&self, piece: &Piece, layout: &Layout, records: u64) -> io::Result<Option<Vec<Unlisted>>> {
        let mut pages = self.pages(piece, layout)?;
        pages.tally = Some(Tally::default());
        let mut seen = 0;
        while seen < records && pages.next(&mut |_| seen += 1) {}
        Ok(pages.tally.map(|t| t.ranked()))
    }
}

impl MediaWiki {
    fn pages(&self, piece: &Piece, layout: &Layout) -> io::Result<Pages> {
        let mut pages = Pages::open(piece, layout)?;
        pages.site = Site::read(crate::input::open(&Piece { start: 0, ..piece.clone() }, &layout.transport)?);
        pages.groups = groups::load(layout.prepared.as_deref())?;
        Ok(pages)
    }
}

/// The tags that count: text cannot hold one, since `<` is escaped in it.
#[derive(Clone, Copy, PartialEq)]
enum Tag {
    Open,
    Close,
    Root,
}

fn tag(bytes: &[u8]) -> Option<Tag> {
    match bytes.strip_prefix(b"<page") {
        Some([b'>' | b' ' | b'\t' | b'\n' | b'\r', ..]) => Some(Tag::Open),
        _ if bytes.starts_with(b"</page>") => Some(Tag::Close),
        _ if bytes.starts_with(b"</mediawiki>") => Some(Tag::Root),
        _ => None,
    }
}

struct Pages {
    input: Option<Box<dyn Read + Send>>,
    layout: Layout,
    variant: Option<Variant>,
    groups: Option<Arc<Groups>>,
    site: Site,
    /// Where templates that are not known are counted, if they are.
    tally: Option<Tally>,
    piece: Piece,
    /// A stretch of the file that begins at `base`; what stands before `at` was dealt with.
    buffer: Vec<u8>,
    base: u64,
    at: usize,
    /// Line breaks before `counted`.
    counted: usize,
    lines: u64,
    pages: u64,
    /// Whether `</mediawiki>` was seen.
    closed: bool,
    /// Why the input ended before its end.
    broken: Option<io::Error>,
    done: bool,
}

impl Pages {
    fn open(piece: &Piece, layout: &Layout) -> io::Result<Pages> {
        Ok(Pages {
            input: Some(crate::input::open(piece, &layout.transport)?),
            layout: layout.clone(),
            variant: layout.variant.as_deref().and_then(Variant::parse),
            groups: None,
            site: Site::default(),
            tally: None,
            piece: piece.clone(),
            buffer: Vec::new(),
            base: piece.start,
            at: 0,
            counted: 0,
            lines: 0,
            pages: 0,
            closed: false,
            broken: None,
            done: false,
        })
    }

    /// Reads on; false at the end of the input.
    fn fill(&mut self) -> bool {
        let Some(input) = &mut self.input else { return false };
        let old = self.buffer.len();
        self.buffer.resize(old + CHUNK, 0);
        loop {
            match input.read(&mut self.buffer[old..]) {
                Ok(read) if read > 0 => {
                    self.buffer.truncate(old + read);
                    return true;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => {
                    self.broken = result.err();
                    self.buffer.truncate(old);
                    self.input = None;
                    return false;
                }
            }
        }
    }

    /// Counts the lines before `to`, which never goes back.
    fn count(&mut self, to: usize) {
        self.lines += memchr::memchr_iter(b'\n', &self.buffer[self.counted..to]).count() as u64;
        self.counted = to;
    }

    /// Forgets what stands before `at`.
    fn compact(&mut self) {
        self.count(self.at);
        self.buffer.drain(..self.at);
        self.base += self.at as u64;
        (self.at, self.counted) = (0, 0);
    }

    /// The next tag from `from` on, or how far there is none.
    fn scan(&self, from: usize) -> Result<(usize, Tag), usize> {
        for offset in memchr::memchr_iter(b'<', &self.buffer[from..]) {
            let rest = &self.buffer[from + offset..];
            if rest.len() < TAG && self.input.is_some() {
                return Err(from + offset);
            }
            if let Some(tag) = tag(rest) {
                return Ok((from + offset, tag));
            }
        }
        Err(self.buffer.len())
    }

    /// Moves to the next page; false if there is none in this piece.
    fn seek(&mut self) -> bool {
        loop {
            let found = self.scan(self.at);
            self.at = found.map_or_else(|at| at, |(at, _)| at);
            if self.base + self.at as u64 >= self.piece.end {
                self.done = true;
                return false;
            }
            match found {
                Ok((_, Tag::Open)) => return true,
                Ok((_, tag)) => {
                    self.closed |= tag == Tag::Root;
                    self.at += 1;
                }
                Err(_) => {
                    self.compact();
                    if !self.fill() && self.scan(self.at).is_err() {
                        return false;
                    }
                }
            }
        }
    }

    /// Where the page at `at` ends; an error is the reason and detail.
    fn finish(&mut self) -> Result<usize, (&'static str, String)> {
        let most = usize::try_from(self.layout.max_row).unwrap_or(usize::MAX);
        let too_large = |bytes: u64| ("row_too_large", format!("a page of {bytes} bytes, more than {most}"));
        let mut from = self.at + 1;
        let mut skipped = 0u64;
        loop {
            match self.scan(from) {
                Ok((to, Tag::Close)) => {
                    let (end, length) = (to + b"</page>".len(), to - self.at + b"</page>".len());
                    if skipped == 0 && length <= most {
                        return Ok(end);
                    }
                    self.at = end;
                    return Err(too_large(skipped + length as u64));
                }
                Ok((to, tag)) => {
                    self.at = to;
                    let next = if tag == Tag::Open { "the next page begins" } else { "the dump ends" };
                    return Err(("xml", format!("no </page> before {next}")));
                }
                Err(to) => {
                    if skipped > 0 || to - self.at > most {
                        skipped += (to - self.at) as u64;
                        self.at = to;
                    }
                    from = to - self.at;
                    self.compact();
                    from = from.max(usize::from(skipped == 0));
                    if !self.fill() && self.scan(from).is_err() {
                        let rest = (self.buffer.len() - self.at) as u64 + skipped;
                        self.at = self.buffer.len();
                        return Err(("truncated", format!("the file ends after {rest} bytes of a page{}", self.why())));
                    }
                }
            }
        }
    }

    fn why(&self) -> String {
        self.broken.as_ref().map_or(String::new(), |error| format!(": {error}"))
    }

    /// Whether the end of the dump stands just before this piece, or across its start.
    fn closed_before(&self) -> bool {
        let back = self.piece.start.min(4096);
        let around = Piece { start: self.piece.start - back, ..self.piece.clone() };
        let mut bytes = Vec::new();
        let read = crate::input::open(&around, &self.layout.transport)
            .and_then(|input| input.take(back + TAG as u64).read_to_end(&mut bytes));
        read.is_ok() && back > 0 && memchr::memmem::find(&bytes, b"</mediawiki>").is_some()
    }

    /// The record for a file that does not end as it should.
    fn end(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        if std::mem::replace(&mut self.done, true) {
            return false;
        }
        let (reason, detail) = match &self.broken {
            Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => ("truncated", error.to_string()),
            Some(error) => ("corrupt", error.to_string()),
            None if self.site.root && !self.closed && !self.closed_before() => {
                ("truncated", "the file ends without </mediawiki>".to_owned())
            }
            None if !self.site.root && self.pages == 0 && self.piece.start == 0 => {
                ("xml", "not a MediaWiki dump: neither <mediawiki> nor <page>".to_owned())
            }
            None => return false,
        };
        self.compact();
        let head = String::new();
        emit(Record { offset: self.base, line: self.lines, row: Err(Unreadable { reason, detail, head }) });
        true
    }
}

fn head(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(800)]).chars().take(200).collect()
}

impl Reader for Pages {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        if self.done {
            return false;
        }
        if !self.seek() {
            return self.end(emit);
        }
        self.pages += 1;
        self.count(self.at);
        let (offset, line) = (self.base + self.at as u64, self.lines);
        let first = head(&self.buffer[self.at..]);
        match self.finish() {
            Ok(end) => {
                let bytes = &self.buffer[self.at..end];
                let options = Options {
                    variant: self.variant,
                    groups: self.groups.as_deref(),
                    title: "",
                    files: &self.site.files,
                    categories: &self.site.categories,
                    unlisted: self.tally.as_ref(),
                };
                let row = page::row(bytes, &self.site, &self.layout, &options).map_err(|(reason, detail)| Unreadable {
                    reason,
                    detail,
                    head: first,
                });
                emit(Record { offset, line, row });
                self.at = end;
            }
            Err((reason, detail)) => {
                self.done |= reason == "truncated";
                emit(Record { offset, line, row: Err(Unreadable { reason, detail, head: first }) });
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
