//! The names of variables that a piece of a template reads.

/// Words of the language, which are no names.
const WORDS: &[&str] = &[
    "and",
    "as",
    "block",
    "break",
    "call",
    "context",
    "continue",
    "do",
    "elif",
    "else",
    "endblock",
    "endcall",
    "endfilter",
    "endfor",
    "endif",
    "endmacro",
    "endraw",
    "endset",
    "endwith",
    "extends",
    "false",
    "False",
    "filter",
    "for",
    "from",
    "if",
    "ignore",
    "import",
    "in",
    "include",
    "is",
    "macro",
    "missing",
    "none",
    "None",
    "not",
    "or",
    "raw",
    "recursive",
    "set",
    "true",
    "True",
    "with",
    "without",
];

/// Every name that stands in a tag or an expression, once, sorted: variables, and with them functions, filters, tests and
/// names of arguments, which do no harm where they are read. Attributes and what stands in quotes are left out.
pub(super) fn read(source: &str) -> Vec<&str> {
    let mut names: Vec<&str> =
        inside(source).into_iter().flat_map(words).filter(|name| !WORDS.contains(name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What stands between `{%` and `%}`, and between `{{` and `}}`; a tag that is cut off counts too.
fn inside(source: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), source);
    while let Some(at) = rest.find(['{', '%']) {
        let (tag, close) = match rest.get(at..at + 2) {
            Some("{%") => (&rest[at + 2..], "%}"),
            Some("{{") => (&rest[at + 2..], "}}"),
            Some("{#") => {
                rest = rest[at..].find("#}").map_or("", |end| &rest[at + end..]);
                continue;
            }
            _ => {
                rest = &rest[at + 1..];
                continue;
            }
        };
        let end = tag.find(close).unwrap_or(tag.len());
        found.push(&tag[..end]);
        rest = &tag[end..];
    }
    found
}

/// The words of a tag that are no attributes and stand in no quotes.
fn words(tag: &str) -> Vec<&str> {
    let (mut found, mut rest, mut before) = (Vec::new(), tag, ' ');
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => quoted(rest, first),
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (word, more) = rest.split_at(length);
        if is_word(first) && !first.is_ascii_digit() && before != '.' {
            found.push(word);
        }
        if !first.is_whitespace() {
            before = first;
        }
        rest = more;
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a text in quotes, with them.
fn quoted(text: &str, quote: char) -> usize {
    let (mut at, mut escaped) = (1, false);
    for c in text[1..].chars() {
        at += c.len_utf8();
        if c == quote && !escaped {
            break;
        }
        escaped = c == '\\' && !escaped;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn names_are_those_of_variables() {
        let of = |source: &str| read(source).join(" ");
        assert_eq!(
            of("a {{ b.c['d'] | trim }} {%- for e in f[loop.index:] -%} {{ \"g {{ h\" ~ i }}"),
            "b e f i loop trim"
        );
        assert_eq!(of("{% set ns.found = true %}{# j #}{{ k('it\\'s l', m=2) }}{{ 3x if not n is none"), "k m n ns");
        assert_eq!(of("{{- x.y . z }}{% endif %}}"), "x");
    }
}
