use super::{is_page, markdown};
use crate::beside::beside;

fn page(inner: &str) -> String {
    format!("<div class=\"markdown prose w-full break-words\">{inner}</div>")
}

fn read(inner: &str) -> String {
    markdown(&page(inner))
}

#[test]
fn text_and_marks() {
    assert_eq!(read("<p>a <strong>b </strong>c <em>d</em></p><p>e\n f<br>g</p>"), "a **b** c *d*\n\ne f  \ng");
    assert_eq!(
        read("<p>snake_case, 2*3*4, 5 &lt; 6 &amp;&amp; a &gt; b, List&lt;int&gt;</p>"),
        "snake_case, 2*3*4, 5 < 6 && a > b, List<int>"
    );
    assert_eq!(read("<p><code>a_b</code> and <code>x`y</code></p>"), "`a_b` and `` x`y ``");
    assert_eq!(read("<h1>标题</h1><h2>二级</h2><h3>三级</h3>"), "标题\n==\n\n二级\n--\n\n### 三级");
    assert_eq!(
        read("<p>See <a href=\"https://e.com/a_b\">link</a>, <a href=\"https://e.com\">https://e.com</a> <a>x</a></p>"),
        "See [link](https://e.com/a_b), <https://e.com> x"
    );
    assert_eq!(read("<p>a</p><hr><p><del>b</del> <img src=\"i.png\" alt=\"t\"></p>"), "a\n\n---\n\n~~b~~ ![t](i.png)");
}

#[test]
fn lists_nest_and_hold_blocks() {
    assert_eq!(
        read("<ol><li><p>First</p></li><li><p>Second</p><ul><li>a</li><li>b<ul><li>c</li></ul></li></ul></li></ol>"),
        "1. First\n2. Second\n\t* a\n\t* b\n\t\t+ c"
    );
    assert_eq!(read("<ol start=\"3\"><li>x</li><li>y</li></ol>"), "3. x\n4. y");
    assert_eq!(
        read("<ol><li><p>one</p><p>two</p><pre><code>a\n\nb\n</code></pre></li></ol>"),
        "1. one\n\n\ttwo\n\t```\n\ta\n\n\tb\n\t```"
    );
    assert_eq!(read("<ul><li>a<li>b</ul>"), "* a\n* b");
}

#[test]
fn code_has_its_language_and_no_button() {
    let code = |head: &str, class: &str, code: &str| {
        read(&format!(
            "<p>Use:</p><pre><div class=\"bg-black\"><div class=\"flex\">{head}<button>Copy code</button></div>\
             <div><code class=\"{class}\">{code}</code></div></div></pre><p>Done.</p>"
        ))
    };
    let python = "<span class=\"hljs-keyword\">def</span> f(<span>x_1</span>):\n    return x_1\n";
    assert_eq!(
        code("<span>python</span>", "hljs language-python", python),
        "Use:\n```python\ndef f(x_1):\n    return x_1\n```\nDone."
    );
    assert_eq!(code("<span></span>", "hljs", "ls -la\n"), "Use:\n```\nls -la\n```\nDone.");
    assert_eq!(code("", "language-md", "```\nx\n```\n"), "Use:\n````md\n```\nx\n```\n````\nDone.");
    assert_eq!(read("<pre><code class=\"language-c\"></code></pre>"), "```c\n```");
}

#[test]
fn tables_and_quotes() {
    let table = "<table><thead><tr><th>名称</th><th>数</th></tr></thead><tbody><tr><td>a|b</td><td><p>1</p><p>2</p></td></tr><tr><td>c</td></tr></tbody></table>";
    assert_eq!(read(table), "| 名称 | 数 |\n| --- | --- |\n| a\\|b | 1 2 |\n| c |  |");
    assert_eq!(read("<blockquote><p>q</p><p>r</p></blockquote><p>t</p>"), "> q\n>\n> r\n\nt");
}

#[test]
fn formulas_come_once() {
    let katex = |source: &str, class: &str| {
        format!(
            "<p>公式 <span class=\"math {class}\"><span class=\"katex\"><span class=\"katex-mathml\"><math><mi>x</mi>{source}</math>\
             </span><span class=\"katex-html\" aria-hidden=\"true\"><span>x</span></span></span></span> 结束</p>"
        )
    };
    assert_eq!(read(&katex("", "math-inline")), "公式 x 结束");
    let source = "<annotation encoding=\"application/x-tex\">x_1 &lt; \\frac{a}{b}</annotation>";
    assert_eq!(read(&katex(source, "math-inline")), "公式 $x_1 < \\frac{a}{b}$ 结束");
    assert_eq!(read(&katex(source, "math-display")), "公式 $$x_1 < \\frac{a}{b}$$ 结束");
}

#[test]
fn counters_of_the_page_go() {
    assert_eq!(markdown("<div class=\"flex\"><p>2 / 3</p></div><p>Regenerated answer</p>"), "Regenerated answer");
    assert_eq!(read("<p>1 / 2 is a half</p>"), "1 / 2 is a half");
    assert_eq!(read("<p>Text Copy12 chars / 3 words end. Copy this</p>"), "Text  end. Copy this");
}

#[test]
fn pages_are_told_from_text() {
    for html in [
        page("x").as_str(),
        "<p>a</p>",
        "<div class=\"flex\"><p>2 / 3</p></div><p>b</p>",
        " <pre><code>a</code></pre>\n",
    ] {
        assert!(is_page(html), "{html}");
    }
    for text in [
        "",
        "List<int> x",
        "<int> x",
        "<p> is a tag",
        "a <p>b</p>",
        "<b>tag</b>",
        "<div class=\"a\"> why?",
        "<script>x</script>",
    ] {
        assert!(!is_page(text), "{text}");
    }
}

#[test]
fn broken_and_hostile_pages_end() {
    assert_eq!(read("<p>a<p>b<ul><li>c</p></div></ul><p>d"), "a\n\nb\n\n* c\n\nd");
    assert_eq!(markdown("</p></div>x<"), "x<");
    for nest in ["<div>", "<ul><li>", "<b>", "<blockquote>", "<table><tr><td>", "<span class=katex>"] {
        let text = markdown(&(nest.repeat(20_000) + "x"));
        assert!(text.contains('x') && text.len() < 3_000_000, "{nest} {}", text.len());
    }
    assert_eq!(markdown("   \n"), "");
    assert_eq!(markdown("<p>&#x0;&#xD800;&nbsp;a</p><style>p{}</style><script>1</script>"), "\u{fffd}\u{fffd}\u{a0}a");
}

/// A whole answer, as a page of the service holds it; and texts that are no page, which stay as they are.
#[test]
fn a_whole_answer_becomes_markdown() {
    let answer = "<h2>步骤</h2><p>先看 <code>snake_case</code>，再看 a_b * c：</p><ol><li><p>备料</p><ul><li>面粉</li><li>水</li></ul></li>\
                  <li><p>和面</p></li></ol><pre><div class=\"bg-black\"><div><span>sh</span><button>Copy code</button></div><div>\
                  <code class=\"hljs language-sh\">mix <span>slow</span> &lt; in\n</code></div></div></pre><blockquote><p>慢一点</p>\
                  </blockquote><table><thead><tr><th>料</th><th>克</th></tr></thead><tbody><tr><td>水</td><td>5</td></tr></tbody></table>\
                  <p>完了。</p>";
    let markdown = "步骤\n--\n\n先看 `snake_case`，再看 a_b * c：\n\n1. 备料\n\t* 面粉\n\t* 水\n2. 和面\n```sh\nmix slow < in\n```\n> 慢一点\n\n\
                    | 料 | 克 |\n| --- | --- |\n| 水 | 5 |\n\n完了。";
    assert_eq!(read(answer), markdown);
    for text in ["问：List<int> 是什么？ a < b", "snake_case 和 *星号* 与 # 号\n\n\n\n很多空行", "<b>粗</b>"]
    {
        assert!(!is_page(text), "{text}");
    }
}

/// The pairs that FastChat's cleaner gave, where the shared folder has them. Those in which it damages the text are
/// listed with what stands here instead.
#[test]
fn matches_fastchat_where_it_is_right() {
    let Some(file) = beside("facts/samples-instruct/golden/sharegpt_html_to_markdown.jsonl") else { return };
    let text = std::fs::read_to_string(file).unwrap();
    let better = [
        ("snake\\_case", "Inline `snake_case_name` and snake_case text, 2*3*4."),
        ("> quote\n> \n> ", "> quote\n\n5 < 6 && a > b"),
        ("plain user text", "plain user text with <b>tag</b> and a < b and List<int> x"),
        ("user\\_text", "user_text with *stars* and # hash\n\nnewline\n\n\n\nmany"),
        ("公式 xx", "公式 x 结束"),
    ];
    let (mut same, mut differ) = (0, 0);
    for line in text.lines() {
        let pair: serde_json::Value = serde_json::from_str(line).unwrap();
        let (html, golden) = (pair["html"].as_str().unwrap(), pair["markdown"].as_str().unwrap());
        let ours = if is_page(html) || html.trim().is_empty() { markdown(html) } else { html.to_owned() };
        match better.iter().find(|(mark, _)| golden.contains(mark)) {
            Some((_, better)) => {
                assert_eq!(ours, *better);
                differ += 1;
            }
            None => {
                assert_eq!(ours, golden, "{html}");
                same += 1;
            }
        }
    }
    assert_eq!((same, differ), (13, 5));
}
