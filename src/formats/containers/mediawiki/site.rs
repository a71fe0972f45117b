//! What the head of a dump says of its wiki.

use std::io::Read;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

/// The head is searched so far.
const MOST: u64 = 256 << 10;

/// A wiki.
#[derive(Debug, Default)]
pub(super) struct Site {
    /// Whether the file has the root element of a dump.
    pub root: bool,
    /// The address of a page, up to its title.
    pub base: Option<String>,
    /// Names of the namespaces.
    pub namespaces: Vec<(String, i64)>,
    /// Those of files, in small letters.
    pub files: Vec<String>,
    /// Those of categories, in small letters.
    pub categories: Vec<String>,
}

impl Site {
    /// Reads `<siteinfo>`, if there is one; what cannot be read is left out.
    pub fn read(input: impl Read) -> Site {
        let (mut head, mut input) = (Vec::new(), input.take(MOST));
        let mut chunk = [0; 8 << 10];
        while let Ok(read @ 1..) = input.read(&mut chunk) {
            let from = head.len().saturating_sub(16);
            head.extend_from_slice(&chunk[..read]);
            let new = &head[from..];
            let found = |tag: &[u8]| memchr::memmem::find(new, tag).is_some();
            if found(b"</siteinfo>") || found(b"<page>") {
                break;
            }
        }
        let mut site = Site { root: memchr::memmem::find(&head, b"<mediawiki").is_some(), ..Site::default() };
        let begin = memchr::memmem::find(&head, b"<siteinfo");
        let end = memchr::memmem::find(&head, b"</siteinfo>").map(|at| at + b"</siteinfo>".len());
        if let (Some(begin), Some(end)) = (begin, end)
            && let Some(info) = head.get(begin..end).and_then(|bytes| std::str::from_utf8(bytes).ok())
        {
            site.parse(info);
        }
        site
    }

    fn parse(&mut self, info: &str) {
        let mut reader = Reader::from_str(info);
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(start) => match start.name().as_ref() {
                    "base" => {
                        let Ok(text) = reader.read_text(start.name()) else { return };
                        let address = unescape(&text).ok().map(|a| a.trim().to_owned());
                        self.base = address.and_then(|a| a.rfind('/').map(|at| a[..=at].to_owned()));
                    }
                    "namespace" => {
                        let key = start.try_get_attribute("key").ok().flatten();
                        let key = key.and_then(|k| k.value.parse().ok());
                        let Ok(text) = reader.read_text(start.name()) else { return };
                        if let (Some(key), Ok(name)) = (key, unescape(&text)) {
                            match key {
                                6 => self.files.push(name.trim().to_lowercase()),
                                14 => self.categories.push(name.trim().to_lowercase()),
                                _ => {}
                            }
                            self.namespaces.push((name.trim().to_owned(), key));
                        }
                    }
                    _ => {}
                },
                Event::Eof => return,
                _ => {}
            }
        }
    }

    /// The namespace that a title says.
    pub fn namespace(&self, title: &str) -> i64 {
        let Some((prefix, _)) = title.split_once(':') else { return 0 };
        self.namespaces.iter().find(|(name, _)| name == prefix && !name.is_empty()).map_or(0, |(_, key)| *key)
    }

    /// The address of a page.
    pub fn url(&self, title: &str) -> Option<String> {
        let mut url = self.base.clone()?;
        for byte in title.bytes() {
            match byte {
                b' ' => url.push('_'),
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => url.push(char::from(byte)),
                byte if b"-_.~!*();:@$,/".contains(&byte) => url.push(char::from(byte)),
                byte => url.push_str(&format!("%{byte:02X}")),
            }
        }
        Some(url)
    }
}
