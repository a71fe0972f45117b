//! MediaWiki's own parser tests of `-{ }-`, as far as they are about Chinese: our text against the page that MediaWiki
//! shows in the variant that the case names. Skipped where the shared data folder is absent (the cases are GPL).
//!
//! **The rule** that makes text of the expected HTML: tables and pictures go (we print neither), tags of blocks are a
//! space, other tags nothing, entities are characters, and white space is one space. The expected HTML is the first of
//! `html/php`, `html/php+disabled` and `html/parsoid+langconv`. `{{1x|…}}`, a template of the test wiki, is its argument.

use corpus::text::wikitext::{Options, Variant, plain};

/// Cases that expect no text, with the reason.
const EXCLUDED: &[(&str, &str)] = &[
    ("html2wt support for edited wildcard rule (strip trailing semi where needed)", "wikitext from edited HTML"),
    ("LanguageConverter selser (1)", "wikitext from edited HTML"),
    ("LanguageConverter selser (2)", "wikitext from edited HTML"),
    ("LanguageConverter selser (3)", "wikitext from edited HTML"),
    ("LanguageConverter selser (4)", "wikitext from edited HTML"),
    ("T302678: Serialize empty twoway", "wikitext from HTML"),
    ("html2wt of language variant text that could be confused for a flag", "wikitext from HTML"),
];

struct Case {
    name: String,
    wikitext: String,
    variant: Variant,
    html: String,
}

fn cases(file: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for part in file.split("\n!! test\n").skip(1) {
        let body = part.split("\n!! end").next().unwrap();
        let mut sections = body.split("\n!! ");
        let name = sections.next().unwrap().trim().to_owned();
        let sections: Vec<(&str, &str)> = sections.map(|s| s.split_once('\n').unwrap_or((s, ""))).collect();
        let of = |key: &str| sections.iter().find(|(k, _)| k.trim() == key).map(|(_, text)| *text);
        let options = of("options").unwrap_or("");
        if !options.contains("language=zh") {
            continue;
        }
        let variant = options.split_whitespace().find_map(|o| o.strip_prefix("htmlVariantLanguage=")).unwrap_or("zh");
        let html = ["html/php", "html/php+disabled", "html/parsoid+langconv"].iter().find_map(|key| of(key));
        cases.push(Case {
            name,
            wikitext: of("wikitext").unwrap_or("").to_owned(),
            variant: Variant::parse(variant).unwrap(),
            html: html.unwrap_or("").to_owned(),
        });
    }
    cases
}

/// The rule.
fn reduced(html: &str) -> String {
    let (mut out, mut rest, mut dropped) = (String::new(), html, 0usize);
    while let Some(at) = rest.find('<') {
        if dropped == 0 {
            out.push_str(&rest[..at]);
        }
        let end = rest[at..].find('>').map_or(rest.len(), |e| at + e + 1);
        let tag = rest[at + 1..end].trim_start_matches('/');
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect();
        match name.as_str() {
            "table" | "figure" if rest[at..].starts_with("</") => dropped -= 1,
            "table" | "figure" => dropped += 1,
            "p" | "div" | "li" | "ol" | "ul" | "dl" | "dt" | "dd" => out.push(' '),
            _ => {}
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    spaced(&out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn parsoid_cases_for_the_expected_variant() {
    let Some(file) = crate::harness::beside("data/wiki/parsoid-langParserTests.txt") else { return };
    let cases = cases(&std::fs::read_to_string(file).unwrap());
    assert_eq!(cases.len(), 66);
    let (mut right, mut wrong, mut excluded) = (0, Vec::new(), 0);
    for case in &cases {
        if EXCLUDED.iter().any(|(name, _)| *name == case.name) {
            excluded += 1;
            continue;
        }
        let mut page = case.wikitext.clone();
        while let Some(at) = page.find("{{1x|") {
            let end = at + page[at..].find("}}").unwrap();
            page.replace_range(end..end + 2, "");
            page.replace_range(at..at + 5, "");
        }
        let got = spaced(&plain(&page, &Options { variant: Some(case.variant), ..Options::default() }));
        let wanted = reduced(&case.html);
        if got == wanted {
            right += 1;
        } else {
            wrong.push(format!("{} [{}]\n    {got}\n    {wanted}", case.name, case.variant.code()));
        }
    }
    println!("{right} of {} right, {excluded} excluded; wrong:\n{}", cases.len() - excluded, wrong.join("\n"));
    assert_eq!(excluded, EXCLUDED.len(), "every exclusion names a case");
    assert!(right * 100 >= 95 * (cases.len() - excluded), "{right} right, wrong:\n{}", wrong.join("\n"));
}
