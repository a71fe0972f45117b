//! Lines that are a link and little else: the pages that lead elsewhere and say nothing, in Markdown, HTML, BBCode or bare.

/// Characters beside the link that a line has at most.
const BESIDE: usize = 40;

/// Characters of such lines in a text.
pub fn linked(text: &str) -> u64 {
    text.lines().map(str::trim).filter(|line| is_link(line)).map(|line| line.chars().count() as u64).sum()
}

/// Whether a line has a link, and beside it no sentence.
fn is_link(line: &str) -> bool {
    let b = line.as_bytes();
    let (mut at, mut links, mut beside) = (0, 0, 0);
    while at < b.len() {
        if let Some(end) = link(line, at) {
            links += 1;
            at = end;
            continue;
        }
        let c = line[at..].chars().next().unwrap_or_default();
        if matches!(c, '。' | '！' | '？' | '；') || beside >= BESIDE {
            return false;
        }
        beside += 1;
        at += c.len_utf8();
    }
    links > 0
}

/// Where the link ends that begins at byte `at`, if one does.
fn link(line: &str, at: usize) -> Option<usize> {
    let rest = &line[at..];
    let behind = |open: &str, close: &str| {
        let inside = rest.strip_prefix(open)?;
        inside.find(close).map(|end| at + open.len() + end + close.len())
    };
    match rest.as_bytes()[0] {
        b'[' => {
            let (_, target) = rest.split_once("](")?;
            let short = || target.find(')').map(|end| at + rest.len() - target.len() + end + 1);
            if rest.starts_with("[url") { behind("[url", "[/url]") } else { short() }
        }
        b'<' => behind("<a ", "</a>"),
        b'`' => behind("`", "`_").filter(|end| line[at..*end].contains("://")),
        b'h' | b'w' | b'f' | b'm' | b'e' | b'/' => {
            let scheme = ["http://", "https://", "ftp://", "//", "www.", "magnet:?", "ed2k://"];
            let length = || rest.find(|c: char| c.is_whitespace() || c as u32 > 0x2E80).unwrap_or(rest.len());
            scheme.iter().any(|s| rest.starts_with(s)).then(|| at + length())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_lead_elsewhere() {
        for line in [
            "- [安装指南](install.md)",
            "1. [a](b) | [c](d)",
            "新闻首页 http://news.example.com/1.html",
            "<li><a href=\"/x\">甲</a></li>",
            "[url=http://a.cn]标题[/url]",
            "`说明 <https://a.cn/b>`_",
        ] {
            assert_eq!(linked(line), line.chars().count() as u64, "{line}");
        }
        for line in [
            "详情请看[安装指南](install.md)，里面写得很清楚。",
            "没有链接的一行",
            "[注] 方括号（不是链接）",
            "修复了在某些情况下查询结果不正确，以及并发写入时可能出现数据不一致并导致服务重启的问题 [#1](http://a.cn)",
            "",
        ] {
            assert_eq!(linked(line), 0, "{line}");
        }
    }
}
