//! The page: its markup, style and script, put together with the data that it shows.

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::cli::lang;
use crate::messages;

/// How a page of ours begins: another file of the name is never written over.
pub const HEAD: &str = "<!doctype html><!-- corpus report -->";

/// The style of the report and of the viewer.
const STYLE: &str = concat!(include_str!("page/style.css"), include_str!("page/rows.css"));
/// The script that both share, in the order of its parts.
const SCRIPT: &str = concat!(
    include_str!("page/words.js"),
    include_str!("page/elements.js"),
    include_str!("page/figures.js"),
    include_str!("page/rows.js"),
    include_str!("page/sections.js"),
);
/// What draws the report.
const DRAW: &str = include_str!("page/report.js");

/// What draws the viewer, and what it has of style beside.
const VIEWER: &str = concat!(include_str!("page/limits.js"), include_str!("page/viewer.js"));
const VIEWER_STYLE: &str = include_str!("page/viewer.css");

/// The language in which the page opens; it has a switch for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// English.
    En,
    /// Chinese.
    Zh,
}

impl Lang {
    /// The language of the reader: `--lang`, else that of the locale.
    pub fn of_reader() -> Lang {
        match lang::reader() {
            messages::Lang::Zh => Lang::Zh,
            messages::Lang::En => Lang::En,
        }
    }

    /// As HTML names it.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh-Hans",
        }
    }
}

/// The report with its data. Only the style and the script of ours may be used: the page's policy names their hashes.
pub fn report(data: &Json, lang: Lang) -> String {
    let script = format!("\"use strict\";\n{SCRIPT}{DRAW}");
    let data = format!("<script id=\"data\" type=\"application/json\">{}</script>\n", escaped(data));
    document(lang, STYLE, &script, &data, "'none'")
}

/// The viewer: the same without data, which it asks its own server for.
pub fn viewer(lang: Lang) -> String {
    let script = format!("\"use strict\";\n{SCRIPT}{VIEWER}");
    document(lang, &format!("{STYLE}{VIEWER_STYLE}"), &script, "", "'self'")
}

/// A page; its script may ask `reach` for more.
fn document(lang: Lang, style: &str, script: &str, data: &str, reach: &str) -> String {
    let policy = format!(
        "default-src 'none'; base-uri 'none'; form-action 'none'; connect-src {reach}; style-src '{}'; script-src '{}'",
        hash(style),
        hash(script)
    );
    format!(
        "{HEAD}\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>corpus</title>\n\
         <style>{style}</style>\n</head>\n<body>\n{BODY}{data}<script>{script}</script>\n</body>\n</html>\n",
        lang.tag()
    )
}

/// What stands in the page before it is drawn.
const BODY: &str = "<a class=\"skip\" href=\"#page\" id=\"skip\"></a>\n\
    <header><h1 id=\"title\"></h1><button id=\"lang\" type=\"button\"></button></header>\n\
    <nav id=\"links\"></nav>\n<main id=\"page\" tabindex=\"-1\"></main>\n\
    <noscript>This page draws its figures by its own script; nothing is loaded. \
    本页的图由页内脚本绘制，不加载任何外部内容。</noscript>\n";

/// Data as it may stand in a script: `<` is an escape, so that no text can end the script that holds it.
fn escaped(data: &Json) -> String {
    data.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// The hash of a style or script as a policy names it.
fn hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text.as_bytes())))
}

/// Bytes in base 64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().enumerate().fold(0u32, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
        for at in 0..4 {
            let letter = char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]);
            out.push(if at <= three.len() { letter } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let all = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        all.into_iter().for_each(|(plain, coded)| assert_eq!(base64(plain.as_bytes()), coded));
    }

    #[test]
    fn no_text_ends_the_script_that_holds_it() {
        let data = json!({"build": "</script><script>alert(1)</script><!--", "rows": "\u{2028}\u{202e}𠀀\"'"});
        let page = report(&data, Lang::Zh);
        assert_eq!(page.matches("</script>").count(), 2, "the data and the script of the page");
        assert_eq!(page.matches("<script").count(), 2);
        let behind = page.split_once("type=\"application/json\">").unwrap().1;
        let held: Json = serde_json::from_str(behind.split_once("</script>").unwrap().0).unwrap();
        assert_eq!(held, data);
        assert!(page.starts_with(HEAD) && page.contains("lang=\"zh-Hans\""));
    }

    #[test]
    fn the_page_loads_nothing() {
        let page = report(&json!({}), Lang::En);
        for word in ["http:", "https:", "src=", "@import", "url(", "innerHTML", "eval(", "fetch("] {
            assert!(!page.contains(word), "{word}");
        }
    }
}
