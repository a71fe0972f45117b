//! Residue of markup in text: tags and entities of HTML, marks of Markdown and wikis, addresses of the web.
//!
//! Code stays as it is: fenced blocks, what stands between backticks, indented lines of ASCII.

mod links;
mod markdown;
mod stretches;
mod tags;
mod wiki;

pub use links::{addresses, unlink};
pub use markdown::markdown;
pub use tags::html;
pub use wiki::wiki;

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn twice(change: fn(&str) -> Cow<'_, str>, text: &str) -> String {
        let once = change(text).into_owned();
        assert_eq!(change(&once), once, "{text:?}");
        once
    }

    #[test]
    fn tags_and_entities() {
        for (text, clean) in [
            ("第一段<br>第二段<br/>第三段", "第一段\n第二段\n第三段"),
            ("<p>正文&nbsp;在此</p><p>下一段</p>", "正文 在此\n下一段"),
            ("看<a href=\"http://example.org\">这里</a>吧", "看这里吧"),
            ("前<script>var a = 1 < 2;</script>后", "前\n后"),
            ("前<!-- 注释 -->后", "前后"),
            ("&lt;b&gt;粗&lt;/b&gt; &amp;amp; &#20013;&#x6587;", "粗 & 中文"),
            ("<span style='color:red'>红</span>字", "红字"),
            ("用 <p> 写段落。</pre>", "用 <p> 写段落。"),
            ("说<P>的</p >", "说\n的"),
        ] {
            assert_eq!(twice(html, text), clean);
        }
        for text in [
            "a < b 且 b > c",
            "使用 <div> 标签排版",
            "代码 `<br>` 与 `&nbsp;`",
            "```\n<p>x</p>\n```",
            "AT&T 与 R&D",
            "类型 Vec<String> 和 Map<K, V>",
            "I <3 you",
        ] {
            assert_eq!(html(text), text);
        }
    }

    #[test]
    fn marks_of_markdown() {
        for (text, clean) in [
            ("## 标题 ##\n**粗体**与[链接](http://example.org/a)", "标题\n粗体与链接"),
            ("![图](a.png)之后", "之后"),
            ("> 引文\n---\n~~删去~~", "引文\n\n删去"),
            ("[![徽章](a.svg)](http://example.org)文", "文"),
        ] {
            assert_eq!(twice(markdown, text), clean);
        }
        for text in [
            "`**x**` 与 __init__",
            "```\n# 注释\n```",
            "2 ** 3 ** 4",
            "- 项目一\n- 项目二",
            "C# 和 F#",
            "数组 a[i](x y)",
        ] {
            assert_eq!(markdown(text), text);
        }
    }

    #[test]
    fn marks_of_wikis() {
        for (text, clean) in [
            (
                "== 历史 ==\n'''北京'''是[[中国|中华人民共和国]]的[[首都]]。<ref>书</ref>{{来源|{{年}}}}",
                "历史\n北京是中华人民共和国的首都。",
            ),
            ("历史[编辑]\n他生于南方。[1][23]后来北上。[来源请求]", "历史\n他生于南方。后来北上。"),
            ("[[File:a.jpg|thumb|[[山]]]]正文", "正文"),
            ("{{ 甲 {{乙}} 丙 {{丁|{{戊}}}} 己", "{{ 甲  丙  己"),
            ("{{{甲}}} {乙} }} {{丙}}", "} {乙} }} "),
        ] {
            assert_eq!(twice(wiki, text), clean);
        }
        for text in ["a[1] = b[2]", "见[1](http://example.org)", "{{ 未闭合", "他说'好'。", "== 不平 ="] {
            assert_eq!(wiki(text), text);
        }
    }

    #[test]
    fn addresses_of_the_web() {
        assert_eq!(unlink("见https://example.org/a?b=1，以及 www.example.com。", ""), "见，以及 。");
        assert_eq!(unlink("(see http://example.org/x_(y)). End", "[URL]"), "(see [URL]). End");
        assert_eq!(unlink("http://。 www. hw", ""), "http://。 www. hw");
        assert_eq!(addresses("链接http://例子.中国/页"), []);
        assert_eq!(unlink("(http://a.org/b(c)d)). www.a.org!?)", ""), "()). !?)");
    }
}
