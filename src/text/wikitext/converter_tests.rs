//! Cases of `-{ }-` of our own reading of MediaWiki's documentation of its converter (Help:Advanced editing of Chinese
//! Wikipedia, `LanguageConverter`, `ConverterRule`): in which variant, the page, what a reader sees.

use super::{Options, Variant, plain};

const CASES: &[(&str, &str, &str)] = &[
    // Words of a variant, and the closest where it has none.
    ("zh-cn", "坐-{zh-cn:出租车; zh-tw:計程車; zh-hk:的士}-去", "坐出租车去"),
    ("zh-tw", "坐-{zh-cn:出租车; zh-tw:計程車; zh-hk:的士}-去", "坐計程車去"),
    ("zh-mo", "坐-{zh-cn:出租车; zh-tw:計程車; zh-hk:的士}-去", "坐的士去"),
    ("zh-my", "坐-{zh-cn:出租车; zh-sg:德士; zh-tw:計程車}-去", "坐德士去"),
    ("zh-sg", "-{zh-hans:鼠标;zh-hant:滑鼠}-", "鼠标"),
    ("zh-hk", "-{zh-hans:鼠标;zh-hant:滑鼠}-", "滑鼠"),
    ("zh-hans", "-{zh-sg:德士;zh-tw:計程車}-", "德士"),
    ("zh-hant", "-{zh-cn:出租车;zh-hk:的士}-", "的士"),
    ("zh-tw", "-{zh-cn:甲}-", "甲"),
    ("zh-cn", "-{ZH-CN:甲;ZH-TW:乙}-", "甲"),
    ("zh-cn", "-{ zh-cn : 甲 ; zh-tw : 乙 ; }-丙", "甲丙"),
    ("zh-tw", "-{zh-cn:a&nbsp;b;zh-tw:c&amp;d}-", "c&d"),
    ("zh-cn", "-{zh-cn:http://a.example/b;zh-tw:丙}-", "http://a.example/b"),
    ("zh-cn", "-{zh-tw:[[甲|乙]];zh-cn:[[丙|丁]]}-", "丁"),
    ("zh-tw", "-{zh-cn:'''里''';zh-tw:''里''}-面", "里面"),
    // Text that stays as it is.
    ("zh-cn", "-{後來}-的後來", "後來的后来"),
    ("zh-tw", "-{皇后}-和头发", "皇后和頭髮"),
    ("zh-cn", "-{R|zh-cn:軟體}-", "zh-cn:軟體"),
    ("zh-cn", "-{R;A|軟體}-軟體", "軟體软体"),
    ("zh-tw", "-{N|zh-hans}-", "简体"),
    ("zh-cn", "-{N|zh-tw}-", "臺灣"),
    ("zh-cn", "-{T|zh-cn:甲;zh-tw:乙}-丙", "丙"),
    ("zh-cn", "頭-{}-髮", "头发"),
    ("zh-cn", "a - {b} - c", "a - {b} - c"),
    // Rules of the page.
    ("zh-cn", "-{H|zh-cn:博客;zh-tw:部落格}-寫部落格", "写博客"),
    ("zh-tw", "-{H|zh-cn:博客;zh-tw:部落格}-写博客", "寫部落格"),
    ("zh-hk", "-{H|zh-cn:博客;zh-tw:部落格;zh-hk:網誌}-写博客", "寫網誌"),
    ("zh-cn", "-{A|zh-cn:博客;zh-tw:部落格}-是部落格", "博客是博客"),
    ("zh-tw", "部落格-{A|zh-cn:博客;zh-tw:部落格}-博客", "部落格部落格部落格"),
    ("zh-cn", "部落格。-{H|zh-cn:博客;zh-tw:部落格}-部落格", "部落格。博客"),
    ("zh-cn", "-{H|zh-cn:博客;zh-tw:部落格}-部落格，-{-|zh-cn:博客;zh-tw:部落格}-部落格", "博客，部落格"),
    ("zh-cn", "-{H|部落格=>zh-cn:博客}-部落格", "博客"),
    ("zh-tw", "-{H|部落格=>zh-cn:博客}-部落格", "部落格"),
    ("zh-cn", "-{H|甲乙=>zh-cn:长;甲=>zh-cn:短}-甲乙甲", "长短"),
    ("zh-cn", "-{H|後}-後來", "後来"),
    ("zh-cn", "-{A|後}-，後來", "後，後来"),
    ("zh-cn", "-{D|zh-cn:甲;zh-tw:乙}-", "大陆：甲；臺灣：乙；"),
    ("zh-cn", "{{NoteTA|1=zh-cn:博客;zh-tw:部落格|T=zh-cn:丙;zh-tw:丁}}部落格", "博客"),
    // `zh-hans` and `zh-hant` take only rules that go one way, and name them.
    ("zh-hans", "-{H|zh-cn:博客;zh-tw:部落格}-部落格", "部落格"),
    ("zh-hant", "-{H|zh-cn:博客;zh-tw:部落格}-博客", "博客"),
    ("zh-hans", "-{A|zh-hans:博客;zh-hant:部落格}-與部落格", "博客与部落格"),
    ("zh-hans", "-{H|部落格=>zh-hans:博客}-部落格", "博客"),
    ("zh-hant", "-{H|博客=>zh-hant:部落格}-博客", "部落格"),
    ("zh-hans", "-{H|部落格=>zh-cn:博客}-部落格", "部落格"),
    ("zh-hans", "-{H|後}-後來", "后来"),
    ("zh-hans", "{{NoteTA|1=zh-cn:博客;zh-tw:部落格}}部落格", "部落格"),
    ("zh-hans", "-{zh-cn:博客;zh-tw:部落格}-", "博客"),
    // No word reaches across a `-{ }-`.
    ("zh-cn", "-{H|zh-cn:博客;zh-tw:部落格}-部-{}-落格", "部落格"),
    ("zh-cn", "-{H|zh-cn:博客;zh-tw:部落格}-部落-{格}-", "部落格"),
    ("zh-cn", "-{H|zh-cn:博客;zh-tw:部落格}-部-{T|x}-落格", "部落格"),
    ("zh-tw", "头-{}-发", "頭發"),
    ("zh-tw", "头-{H|zh-cn:甲;zh-tw:乙}-发", "頭發"),
    // Flags that name variants.
    ("zh-cn", "-{zh-cn|軟體}-", "软体"),
    ("zh-tw", "-{zh-cn|軟體}-", "軟體"),
    ("zh-cn", "-{zh-tw|軟體}-", "軟體"),
    ("zh-cn", "-{zh-hans|軟體}-", "软体"),
    ("zh-tw", "-{zh-hans;zh-hant|软体}-", "軟體"),
    ("zh-cn", "-{A;zh-tw|軟體}-", "軟體"),
    ("zh-cn", "-{D;zh-hans|軟體}-", "软体"),
    ("zh-cn", "-{H|zh-cn:博客;zh-tw:部落格}--{zh-cn|部落格}-", "博客"),
    ("zh-cn", "-{H|zh-cn:博客;zh-tw:部落格}--{zh-hans|部落格}-", "部落格"),
    // Pages that are not converted.
    ("zh-cn", "__NOCC__\n「氣」，-{zh-cn:软件;zh-tw:軟體}-", "「氣」，软件"),
    ("zh-tw", "软体__不转换内容__", "软体"),
    ("zh-cn", "軟體__不轉換內容__", "軟體"),
    ("zh-cn", "__nocontentconvert__-{H|zh-cn:甲;zh-tw:乙}-乙與軟體", "乙與軟體"),
    ("zh-cn", "__NOTC__軟體", "软体"),
    ("zh-cn", "<nowiki>__NOCC__</nowiki>軟體", "__NOCC__软体"),
    ("zh-cn", "<!-- __NOCC__ -->軟體", "软体"),
    // Code and what only looks like markup.
    ("zh-cn", "<code>軟體</code>軟體", "軟體软体"),
    ("zh-cn", "<code>軟-{}-體</code>軟體", "软体软体"),
    ("zh-cn", "<pre>軟體 {{x}}</pre>", "軟體 {{x}}"),
    ("zh-cn", "前\n<pre>軟-{}-體 [[a]]\n# -{zh-cn:甲;zh-tw:乙}-</pre>\n後", "前\n软体 [[a]]\n# 甲\n后"),
    ("zh-cn", "<nowiki>-{zh-cn:甲;zh-tw:乙}-軟體</nowiki>軟體", "-{zh-cn:甲;zh-tw:乙}-軟體软体"),
    ("zh-cn", "<math>-{a}-</math>軟體", "$-{a}-$软体"),
    // One in another, and unclosed ones.
    ("zh-cn", "-{zh-cn:甲-{zh-cn:乙;zh-tw:丙}-;zh-tw:丁}-", "甲乙"),
    ("zh-tw", "{{lang|en|-{zh-cn:甲;zh-tw:乙}-}}", "乙"),
];

#[test]
fn what_the_converter_shows() {
    let shown = |code: &str, page: &str| {
        plain(page, &Options { variant: Some(Variant::parse(code).unwrap()), ..Options::default() })
    };
    let wrong: Vec<String> = CASES
        .iter()
        .filter(|(code, page, text)| shown(code, page) != *text)
        .map(|(code, page, text)| format!("{code} {page}\n    {}\n    {text}", shown(code, page)))
        .collect();
    assert!(CASES.len() >= 60 && wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn namespaces_of_a_wiki_count() {
    let (files, categories) = (["plik".to_owned()], ["kategoria".to_owned()]);
    let wiki = Options { files: &files, categories: &categories, ..Options::default() };
    let page = "Rzeka[[Plik:R.jpg|mały|[[Opis]]]] płynie.\n[[Kategoria:Rzeki]] [[:kategoria:Rzeki]] [[Inne:R]]";
    assert_eq!(plain(page, &wiki), "Rzeka płynie.\nkategoria:Rzeki Inne:R");
    assert!(plain(page, &Options::default()).contains("mały"), "unknown without the head of the dump");
}
