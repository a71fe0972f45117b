use std::time::Instant;

use super::*;
use crate::beside::beside;

fn hans(page: &str) -> String {
    plain(page, &Options::default())
}

fn in_variant(variant: Variant, page: &str) -> String {
    plain(page, &Options { variant: Some(variant), ..Options::default() })
}

fn hant(page: &str) -> String {
    in_variant(Variant::Tw, page)
}

#[track_caller]
fn reads(pairs: &[(&str, &str)]) {
    for (page, text) in pairs {
        assert_eq!(hans(page), *text, "page: {page}");
    }
}

#[test]
fn comments_and_extensions() {
    reads(&[
        ("甲<!-- 乙 -->丙", "甲丙"),
        ("甲<!-- 乙", "甲"),
        ("甲<ref>乙{{cite web|a=b}}</ref>，丙<ref name=x/>。<REF name=\"y\">丁</ref >", "甲，丙。"),
        ("甲<ref>乙", "甲乙"),
        ("甲</ref>乙", "甲乙"),
        ("<gallery>\na.jpg|甲\n</gallery>\n乙\n<references />\n<timeline>x</timeline><score>c d</score>", "乙"),
        ("<nowiki>'''{{x}}''' [[y]] &lt;</nowiki>", "'''{{x}}''' [[y]] <"),
        ("甲<nowiki/>乙", "甲乙"),
        ("设<math>E = mc^2</math>，<chem>H2O</chem>", "设$E = mc^2$，$\\ce{H2O}$"),
        ("<math>\n a \\\\\n b\n</math>", "$a \\\\ b$"),
        ("甲<br>乙<br />丙", "甲\n乙\n丙"),
        ("H<sub>2</sub>O <span style=\"a:b\">x</span><small>y</small> a < b <3 <foo>", "H2O xy a < b <3 <foo>"),
        ("10<sup>5</sup>、10<sup>−3</sup>、Li<sup>2+</sup>、100<sup>th</sup>", "10^5、10^−3、Li2+、100th"),
        ("<div class=x>\n甲\n</div>乙", "甲\n乙"),
        (
            "<syntaxhighlight lang=\"c\">\nif (a [[b]] &amp;&amp; c) {\n  x;\n}\n</syntaxhighlight>",
            "if (a [[b]] && c) {\n  x;\n}",
        ),
        ("<pre>a  '''b'''</pre> <code>x''y''</code>", "a  '''b''' xy"),
        ("a&nbsp;b &amp; &#60;&#x4E00; &middot; &bogus; &#xFDD0; &#150;", "a b & <一 · &bogus; &#xFDD0; –"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>", "漢（かん）"),
    ]);
}

#[test]
fn templates_that_show_their_arguments() {
    reads(&[
        ("'''柏林'''（{{lang-de|Berlin}}{{IPA-de|bɛʁˈliːn||de-Berlin.ogg}}）是", "柏林（Berlin）是"),
        ("{{lang|de|''Bezirke''}} {{Lang|en|1=x|2=a=b}}", "Bezirke a=b"),
        (
            "{{link-en|中文|English}}、{{le|卡爾·埃卡特|Carl Eckart}}、{{tsl|en|Foo|甲}}、{{tsl|en|Foo|甲|乙}}",
            "中文、卡爾·埃卡特、甲、乙",
        ),
        ("{{Internal link helper/en|甲|Foo}}和{{ilh|en|乙|Bar}}", "甲和乙"),
        ("{{nowrap|{{nobr|a}} b}} {{ruby|漢|かん}} {{color|red|红}} {{abbr|HTML|HyperText}}", "a b 漢（かん） 红 HTML"),
        ("某人{{bd|1900年|1月1日|1980年|2月2日|catIdx=X}}，", "某人1900年1月1日－1980年2月2日，"),
        ("某人（{{bd|1900年||1980年}}）", "某人（1900年－1980年）"),
        ("{{link-wd|Q12|甲}}{{link-wd|乙|Q3}}{{unit|5|kg}}{{wikt|丙}}", "甲乙5 kg丙"),
        ("{{convert|22.5|in|mm}}、{{convert|1|to|2|km|mi}}", "22.5 in、1–2 km"),
        ("{{zh|s=汉字|t=漢字}}；{{zh|甲}}", "漢字；汉字；甲"),
        ("甲\n{{quote|乙丙|丁|《戊》}}\n己", "甲\n\n乙丙\n——丁，《戊》\n\n己"),
        ("{{formatnum:12345}}人{{NUMBEROFARTICLES}}{{PAGENAME}} a{{!}}b{{=}}c", "12345人 a|b=c"),
        ("{{lang|en|[http://a.b?c=d e]}}", "e"),
        ("{{{1|默认}}}、{{{2}}}丙", "默认、丙"),
        ("{{#if:a|b|c}}甲{{lang|de|{{unknown|x}}}}", "甲x"),
    ]);
}

#[test]
fn dropped_templates_leave_no_scars() {
    reads(&[
        ("甲（{{x}}）乙", "甲乙"),
        ("甲（{{x}}，）乙（{{x}}、{{y}}）丙({{x}})丁（（{{x}}））", "甲乙丙丁"),
        ("甲（{{x}}、乙；{{y}}）", "甲（乙）"),
        ("甲（乙，{{x}}）", "甲（乙）"),
        ("甲，{{x}}，乙，{{x}}。", "甲，乙。"),
        ("甲 {{x}}，乙 <ref>x</ref>。", "甲，乙。"),
        ("甲 {{x}} 乙", "甲乙"),
        ("a {{x}} b (c {{x}}) ( {{x}} d)", "a b (c) (d)"),
        ("{{x}}，甲", "甲"),
        ("甲\n{{a}}{{b}}\n{{c\n|d=e\n}}\n乙", "甲\n乙"),
        ("* {{cite book|x}}。\n* 甲", "甲"),
        // Nothing removed, nothing mended.
        ("甲（），，乙 。（，）", "甲（），，乙 。（，）"),
    ]);
}

#[test]
fn links() {
    reads(&[
        ("[[a|b]]和[[c]]，[[apple]]s", "b和c，apples"),
        (
            "[[画廊 (柏林)|]]、[[甲（乙）|]]、[[Help:a|]]、[[a, b|]]、[[:Category:X]]、[[:en:Foo|甲]]",
            "画廊、甲、a、a、Category:X、甲",
        ),
        ("甲[[File:a.jpg|thumb|[[b]]和[http://c d]]]乙", "甲乙"),
        ("[[Image:x]][[文件:x]][[档案:x]][[檔案:x]][[图像:x]][[圖像:x|[[x|[[y]]]]]]甲", "甲"),
        ("甲\n[[Category:X| ]]\n[[分类:X]][[分類:X]]\n[[en:Foo]]\n[[zh-min-nan:Foo]]", "甲"),
        ("[[w:Foo|甲]][[wikt:乙]]", "甲wikt:乙"),
        ("见[http://a.b/c?d=e 标签 '''x''']，[https://a.b]，http://c.d/e_f。", "见标签 x，http://c.d/e_f。"),
        ("a[1] [[[http://x y]]] [[[z]]]", "a[1] y [z]"),
        ("甲[[乙\n丙]]丁", "甲乙\n丙丁"),
        ("甲[[乙", "甲乙"),
        ("甲]]乙}}丙", "甲乙丙"),
    ]);
}

#[test]
fn lines() {
    reads(&[
        ("甲\n== 乙 ==\n丙\n===丁===<!-- x -->\n戊", "甲\n\n乙\n\n丙\n\n丁\n\n戊"),
        ("* 甲\n** 乙\n# 丙\n:丁\n#:戊", "甲\n乙\n丙\n丁\n戊"),
        ("; 术语 : 解释\n;词\n: 义 http://a.b", "术语\n解释\n词\n义 http://a.b"),
        ("'''粗''' ''斜'' '''''都''''' l''''x'''", "粗 斜 都 l'x"),
        ("__NOTOC__甲__目录__乙 __init__", "甲乙 __init__"),
        ("甲\n----\n乙\n-----丙", "甲\n乙\n丙"),
        ("甲\n{| class=x\n! a\n|-\n| b\n{|\n| c\n|}\n|}\n乙", "甲\n乙"),
        ("甲\n{| class=x\n| b\n乙\n|}丙", "甲\n丙"),
        ("甲\n{| class=x\n|-\n乙", "甲\n乙"),
        ("{{{!}} class=x\n{{!}} a\n{{!}}}\n甲", "甲"),
        ("甲\n\n\n\n乙  \n丙", "甲\n\n乙\n丙"),
        ("#重定向 [[甲]]", ""),
        ("#REDIRECT [[a]]", ""),
    ]);
}

#[test]
fn empty_sections() {
    reads(&[
        ("甲\n== 乙 ==\n{{x}}\n=== 丙 ===\n<references/>\n== 参考文献 ==\n{{reflist}}\n[[Category:x]]", "甲"),
        ("甲\n== 乙 ==\n=== 丙 ===\n丁\n== 外部链接 ==\n* [http://a.b c] 官网\n;戊\n* {{x}}", "甲\n\n乙\n\n丙\n\n丁"),
        ("== 参考书目 ==\n* 甲：《乙》", "参考书目\n\n甲：《乙》"),
    ]);
}

#[test]
fn variants_of_words() {
    let both = |page: &str| (in_variant(Variant::Cn, page), hant(page));
    let of = |a: &str, b: &str| (a.to_string(), b.to_string());
    assert_eq!(both("-{甲}-乙-{}-丙"), of("甲乙丙", "甲乙丙"));
    assert_eq!(both("-{zh-hans:联邦州; zh-hant:邦}-"), of("联邦州", "邦"));
    assert_eq!(both("[[a|-{zh-cn:软件;zh-tw:軟體;zh-hk:軟件;}-]]"), of("软件", "軟體"));
    assert_eq!(both("-{zh-sg:甲;zh-hk:乙}-"), of("甲", "乙"));
    assert_eq!(both("-{zh-tw:乙}-"), of("乙", "乙"));
    assert_eq!(both("-{zh-hans:a&nbsp;b;zh-hant:c;d}-"), of("a b", "c;d"));
    assert_eq!(both("-{R|甲;zh}-"), of("甲;zh", "甲;zh"));
    assert_eq!(both("-{T|zh-cn:甲;zh-tw:乙}-丙"), of("丙", "丙"));
    assert_eq!(both("-{D|zh-cn:甲;zh-tw:乙}-"), of("大陆：甲；臺灣：乙；", "大陆：甲；臺灣：乙；"));
    assert_eq!(both("-{N|zh-hk}-"), of("香港", "香港"));
    assert_eq!(both("-{zh-cn:-{zh-cn:甲;zh-tw:乙}-;zh-tw:[[丙|丁]]}-"), of("甲", "丁"));
    assert_eq!(both("-{zh-cn:{{lang|en|a}};zh-tw:{{x}}}-甲"), of("a甲", "甲"));
    assert_eq!(both("-{{lang|en|a}}-"), of("-a-", "-a-"));
    let rule = "光碟-{H|zh-cn:光盘;zh-tw:光碟}-光碟和光盘，-{光碟}-，光盘子";
    assert_eq!(both(rule), of("光碟光盘和光盘，光碟，光盘子", "光碟光碟和光碟，光碟，光碟子"));
    let rule = "-{A|zh-cn:光盘;zh-tw:光碟}-。光碟。-{-|zh-cn:光盘;zh-tw:光碟}-光碟";
    assert_eq!(both(rule), of("光盘。光盘。光碟", "光碟。光碟。光碟"));
    let rule = "-{H|大霹靂=>zh-cn:大爆炸;大霹靂=>zh-tw:大霹靂}-\n大霹靂<math>大霹靂</math>";
    assert_eq!(both(rule), of("大爆炸$大霹靂$", "大霹靂$大霹靂$"));
    let note = "{{NoteTA|G1=IT|1=zh-cn:软件;zh-tw:軟體|zh-cn:程序;zh-tw:程式}}\n軟體程式";
    assert_eq!(both(note), of("软件程序", "軟體程式"));
    let longest = "-{H|zh-cn:乙;zh-tw:甲}--{H|zh-cn:丁丁;zh-tw:甲甲}-甲甲甲";
    assert_eq!(both(longest), of("丁丁乙", "甲甲甲"));
    assert_eq!(in_variant(Variant::Cn, "-{H|甲=>zh-cn:乙{{x}}丙}-甲"), "乙丙");
    let growing = format!("-{{H|甲=>zh-cn:{}}}-{}", "乙".repeat(50_000), "甲".repeat(50_000));
    assert!(in_variant(Variant::Cn, &growing).len() < 10 * growing.len());
    // Without a variant, as written.
    assert_eq!(hans("-{H|zh-cn:光盘;zh-tw:光碟}-光碟、-{zh-cn:软件;zh-tw:軟體}-、頭髮"), "光碟、软件、頭髮");
    assert_eq!(
        in_variant(Variant::Cn, "{{lang|ja|発見}}（{{lang-ja|學問}}、{{lang-zh|學問}}）發見"),
        "発見（學問、学问）发见"
    );
    let kept = "<nowiki>頭</nowiki><math>髮</math>-{髮}-<code>髮</code><pre>髮</pre>";
    assert_eq!(in_variant(Variant::Cn, kept), "頭$髮$髮髮髮");
    let inside = "-{zh-cn:頭-{}-髮;zh-tw:乙}-頭髮-{zh-cn;zh-hans|頭髮}--{zh-tw|頭髮}-";
    assert_eq!(in_variant(Variant::Cn, inside), "頭髮头发头发頭髮");
}

#[test]
fn hostile_pages() {
    let n = 200_000;
    let pages = [
        "{{".repeat(n),
        "}}".repeat(n),
        "{{a|".repeat(n),
        "{{nowrap|".repeat(n) + &"x".repeat(n) + &"}}".repeat(n),
        "{{{a|".repeat(n) + &"}}}".repeat(n),
        "{".repeat(n) + "nowrap|x" + &"}".repeat(n),
        "{{ ".repeat(n) + &"}".repeat(2 * n),
        "[[".repeat(n),
        "[[ ".repeat(n) + &"]".repeat(2 * n),
        "[[a|".repeat(n) + &"]]".repeat(n),
        "[[a|".repeat(n) + &"}}".repeat(n),
        "{{".to_string() + &"-{".repeat(n) + &"]]".repeat(n),
        "[".repeat(n),
        "[http://a ".repeat(n),
        "-{".repeat(n),
        "-{zh-cn:".repeat(n) + &"}-".repeat(n),
        "-{zh-cn:a;".repeat(n),
        format!("-{{{}}}-", "zh-cn:a;;".repeat(n)),
        format!("-{{zh-cn:a{}}}-", ";".repeat(n)),
        "-{H|zh-cn:甲;zh-tw:乙}-".repeat(n / 10) + &"乙".repeat(n),
        "-{}}".repeat(n),
        "<ref>".repeat(n),
        "<ref><math><pre>".repeat(n),
        "<ref </math ".repeat(n),
        "<!--".repeat(n),
        "<".repeat(n),
        "</".repeat(n),
        "\n{|".repeat(n),
        "\n{|".repeat(n) + &"\n|}".repeat(n),
        "\n|}".repeat(n),
        "\n=a=".repeat(n),
        "=".repeat(n),
        "'".repeat(n),
        "__".repeat(n),
        "&".repeat(n),
        "&#".repeat(n),
        ";a:".repeat(n),
        "（".repeat(n) + "{{x}}" + &"）".repeat(n),
        format!("{{{{x{}}}}}", "|a=b".repeat(n)),
        format!("{{{{nowrap{}}}}}", "|a=b".repeat(n)),
        format!("{{{{hlist{}}}}}", "|a".repeat(n)),
        "{{x}} ，".repeat(n),
        "甲".to_string() + &" ".repeat(n) + &"{{x}} ".repeat(n),
        ";".to_string() + &"[ ".repeat(n),
    ];
    for page in &pages {
        let start = Instant::now();
        let text = hans(page);
        let took = start.elapsed();
        let head: String = page.chars().take(20).collect();
        assert!(took.as_secs() < 8, "{head}… took {took:?}");
        assert!(text.len() <= 4 * page.len(), "{head}… grew");
        println!("{took:>10.1?} {head}");
    }
}

/// A real page or group.
fn real(path: &str) -> Option<String> {
    Some(std::fs::read_to_string(beside(path)?).unwrap())
}

/// The wikitext of every page of a dump.
fn pages(dump: &str) -> Vec<String> {
    let mut pages = Vec::new();
    for part in dump.split("<text ").skip(1) {
        let (Some(start), Some(end)) = (part.find('>'), part.find("</text>")) else { continue };
        let text = part[start + 1..end].replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        pages.push(text.replace("&amp;", "&"));
    }
    pages
}

#[track_caller]
fn is_clean(text: &str) {
    for scar in [
        "{{", "}}", "[[", "]]", "-{", "}-", "{|", "|}", "'''", "''", "<ref", "</", "（，", "（）", "，）", "()",
        "，，", "&nbsp;",
    ] {
        let lines: Vec<&str> = text.lines().filter(|l| !l.contains('$') && l.contains(scar)).collect();
        assert!(lines.is_empty(), "{scar} in {lines:#?}");
    }
    assert!(!text.contains(is_mark));
    assert!(!text.contains("\n\n\n"));
}

#[test]
fn real_pages() {
    let Some(dump) = real("data/wiki/zhwiki-minidump.xml") else { return };
    let pages = pages(&dump);
    let text = hans(&pages[0]);
    is_clean(&text);
    assert!(text.starts_with("柏林（Berlin）是德意志聯邦共和國首都，"), "{text:.60}");
    assert!(text.contains("柏林也是德国十六个联邦州之一，和汉堡、不来梅同为德国僅有的三個城市州。"));
    assert!(text.contains("柏林（Berlin）和科恩（Cölln）。"));
    assert!(text.contains("是德国联邦议院的会址"));
    assert!(text.contains("。目前") || text.contains("被彻底拆除，目前这里"));
    for section in ["参考文献", "外部链接", "姐妹城市"] {
        assert!(!text.contains(section), "{section} is in the text");
    }
    assert!(hant(&pages[0]).contains("柏林也是德國十六個邦之一"));
    // Every cut of it is a page, too.
    let cuts: Vec<usize> = pages[0].char_indices().map(|(at, _)| at).collect();
    for at in cuts.iter().step_by(61) {
        hans(&pages[0][..*at]);
    }
}

/// An article of our own with what a real one has: a table of facts, notes, rules of conversion, sections that hold
/// no prose.
const ARTICLE: &str = "{{NoteTA|G1=IT|1=zh-cn:软件;zh-tw:軟體}}\n-{H|zh-cn:程序;zh-tw:程式;}-\n{{Infobox 桥\n| 名称 = 石桥\n| 长 = {{convert|120|m}}\n\
    | 图 = [[File:a.jpg|thumb|说明[[甲]]]]\n}}\n'''石桥'''（{{lang-en|Stone Bridge}}，{{IPA-de|ʃtaɪn||stein.ogg}}）是[[河镇]]的一座[[拱桥|石拱桥]]<ref name=\"a\">{{cite \
    book|title=桥}}</ref>，建于{{某年|1911}}年{{来源请求|a=b}}。<!-- 待查 -->\n\n其跨度<math>L</math>为\n:<math>L=2r</math>\n== 历史 ==\n[[File:b.jpg|\
    缩略图|[[乙]]和[http://c d]]]\n桥头有-{zh-cn:出租车;zh-tw:計程車}-站，用程序管理，长3&nbsp;km<ref name=\"a\"/>。\n* 東岸：{{le|卡爾|Carl}}\n\
    ** 西岸\n{| class=\"wikitable\"\n! 年\n|-\n| 1911\n|}\n{{某框|甲|乙}}\n== 参考文献 ==\n{{reflist}}\n== 外部链接 ==\n* [http://e.example 官网]\n\
    [[Category:桥]]\n[[en:Bridge]]\n";

#[test]
fn a_page_of_our_own() {
    let prose = "石桥（Stone Bridge）是河镇的一座石拱桥，建于1911年。\n\n其跨度$L$为\n$L=2r$\n\n历史\n\n";
    let text = hans(ARTICLE);
    is_clean(&text);
    assert_eq!(text, format!("{prose}桥头有出租车站，用程序管理，长3 km。\n東岸：卡爾\n西岸"));
    let tw = hant(ARTICLE);
    is_clean(&tw);
    assert!(tw.contains("橋頭有計程車站，用程式管理"), "{tw}");
    for (at, _) in ARTICLE.char_indices() {
        hans(&ARTICLE[..at]);
    }
}

#[test]
fn real_variants() {
    let Some(page) = real("data/wiki/zhwiki-wikitext-variants.txt") else { return };
    let text = hans(&page);
    is_clean(&text);
    assert!(text.starts_with("量子力学（英語：Quantum mechanics）是物理學的分支學科。"), "{text:.60}");
    assert!(text.contains("則电子會從金属表面被發射出来"));
    assert!(text.contains("其能量$E$为\n$E=h\\nu$"));
    assert!(text.contains("He+, Li2+, Be3+ 等"));
    assert!(text.contains("约翰·冯·诺伊曼严格地证明"));
    assert!(text.ends_with("参见\n\n狄拉克符号\n普朗克單位制\n相空间表述\n正規化\n雙態系統"));
}

#[test]
fn templates_that_are_not_on_the_list() {
    reads(&[
        ("这座{{某类|甲山|x}}很高", "这座甲山很高"),
        ("{{某类|甲山}}，位于乙县", "甲山，位于乙县"),
        ("成立于{{某年|1911}}年", "成立于1911年"),
        ("见{{某标|a|b|c}}，{{某注释|甲}}；{{cite book|甲}}。", "见。"),
        ("{{某框|甲|乙}}\n丙", "丙"),
        ("* {{某框|甲|乙}}\n丙", "丙"),
        ("甲{{某框|图像/a.jpg|x=丙}}乙", "甲乙"),
        ("与{{KOR|#}}和{{JPN}}队", "与韩国和日本队"),
    ]);
}

#[test]
fn lines_of_templates_leave_no_stump() {
    reads(&[
        ("甲。\n官网：{{某网|a|b}}\n乙。", "甲。\n乙。"),
        ("另见：{{某标|a|b}}{{某标|c|d}}", ""),
        ("包括：<ref>a</ref>\n* 乙", "包括：\n乙"),
        ("包括：\n乙", "包括：\n乙"),
        ("他说过，理由如下：{{某标|a|b}}\n乙", "他说过，理由如下：\n乙"),
    ]);
}

#[test]
fn every_cut_of_a_sample() {
    let sample = "{{NoteTA|1=zh-cn:甲;zh-tw:乙}}\n'''甲'''（{{lang-de|a}}{{x|b=[[c]]}}）<!-- d --><ref name=\"e\">f</ref>，\
        [[File:g.jpg|thumb|h[[i]]]]-{zh-hans:j;zh-hant:k&nbsp;}-<math>l</math>[http://m n]。\n== o ==\n{| p\n|-\n| q\n|}\n\
        ; r : s\n* [[t (u)|]] &#x4E00; <nowiki>v</nowiki>__NOTOC__ <br/>{{{w|x}}}-{H|y=>zh-cn:z}-y\n=== A ===\n[[Category:B]]";
    let whole = hans(sample);
    assert_eq!(whole, "甲（a），j$l$n。\n\no\n\nr\ns\nt 一 v\nxy");
    for (at, _) in sample.char_indices() {
        hans(&sample[..at]);
        hans(&sample[at..]);
    }
}

/// Rules of a group as a page of Lua that calls `Item` for each.
fn lua<'r>(rules: impl Iterator<Item = &'r str>) -> String {
    let items: String = rules.map(|rule| format!("Item('x', '{}'),\n", rule.replace('\'', "\\'"))).collect();
    format!("return {{ content = {{\n{items}}} }}")
}

#[test]
fn a_group_of_our_own() {
    let rules =
        ["zh-cn:鼠标; zh-tw:滑鼠;", "存取=>zh-cn:访问; 存取=>zh-tw:存取;", "", "zh-cn:软件'甲'; zh-tw:軟體'甲';"];
    let read = collected(&lua(rules.into_iter()));
    assert_eq!(read.len(), 3, "{read:?}");
    let groups = Groups::new([("IT".to_owned(), read)]);
    let shown = |variant, page: &str| {
        plain(page, &Options { variant: Some(variant), groups: Some(&groups), ..Default::default() })
    };
    assert_eq!(shown(Variant::Cn, "{{NoteTA|G1=IT}}\n用滑鼠存取軟體'甲'"), "用鼠标访问软件'甲'");
    assert_eq!(shown(Variant::Tw, "{{NoteTA|G1=IT}}\n用鼠标存取"), "用滑鼠存取");
    assert_eq!(shown(Variant::Cn, "用滑鼠存取"), "用滑鼠存取", "no page names the group");
}

#[test]
fn real_groups() {
    let Some(file) = real("data/wiki/zhwiki-cgroup-IT.json") else { return };
    let group: serde_json::Value = serde_json::from_str(&file).unwrap();
    let rules: Vec<String> =
        group["rules"].as_array().unwrap().iter().map(|r| r["conv"].as_str().unwrap().to_owned()).collect();
    let read = collected(&lua(rules.iter().map(String::as_str)));
    assert_eq!(read.len(), rules.iter().filter(|r| r.contains(':')).count());
    assert!(read.len() > 1000, "{}", read.len());
    let groups = Groups::new([("IT".to_owned(), read)]);
    let plain = |variant, page: &str| {
        plain(page, &Options { variant: Some(variant), groups: Some(&groups), ..Default::default() })
    };
    let page = "{{NoteTA|G1=IT}}\n軟體用滑鼠存取檔案名稱，伺服器的程式碼";
    assert_eq!(plain(Variant::Cn, page), "软件用鼠标访问文件名称，服务器的代码");
    assert_eq!(plain(Variant::Tw, "{{NoteTA|G1=IT}}\n软件用鼠标访问"), "軟體用滑鼠訪問");
}

#[test]
fn countries_by_code() {
    let text =
        plain("* {{UZB}}[[石城]]\n* {{SPA}}[[海港]]\n在{{NAM}}。\n\nWon by {{HUN}} in May.", &Options::default());
    assert_eq!(text, "乌兹别克斯坦石城\n西班牙海港\n在纳米比亚。\n\nWon by HUN in May.");
}
