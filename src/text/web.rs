//! Addresses of the web, made comparable: what is the same page or the same site, however it is written.

use url::Url;

/// Parameters of a query that say where a reader came from, and nothing of the page.
const TRACKING: [&str; 14] = [
    "fbclid",
    "gclid",
    "dclid",
    "msclkid",
    "yclid",
    "igshid",
    "mc_cid",
    "mc_eid",
    "_ga",
    "_gl",
    "spm",
    "scm",
    "share_token",
    "ref_src",
];

/// An address in one form: without scheme, `www.`, user, default port, fragment, tracking parameters (`utm_…`,
/// `fbclid`, `spm`, …) and closing slash; the host in lower case (punycode), escapes as the URL standard writes them, the
/// parameters of the query sorted. What is no address is itself, trimmed.
pub fn normal(address: &str) -> String {
    let Some(url) = parse(address) else { return address.trim().to_owned() };
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let mut out = host.strip_prefix("www.").filter(|h| h.contains('.')).unwrap_or(host).to_owned();
    if let Some(port) = url.port() {
        out.push_str(&format!(":{port}"));
    }
    out.push_str(escapes(url.path()).trim_end_matches('/'));
    let keeps = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && !name.starts_with("utm_") && !TRACKING.contains(&name)
    };
    let query = escapes(url.query().unwrap_or_default());
    let mut pairs: Vec<&str> = query.split('&').filter(keeps).collect();
    pairs.sort_unstable();
    for (at, pair) in pairs.into_iter().enumerate() {
        out.push(if at == 0 { '?' } else { '&' });
        out.push_str(pair);
    }
    out
}

/// Escapes in capitals; what needs none is written as it is.
fn escapes(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    let mut rest = part;
    while let Some((before, behind)) = rest.split_once('%') {
        out.push_str(before);
        let hex = behind.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match hex.filter(|_| !behind.starts_with('+')) {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => out.push(char::from(byte)),
            Some(byte) => out.push_str(&format!("%{byte:02X}")),
            None => {
                out.push('%');
                rest = behind;
                continue;
            }
        }
        rest = &behind[2..];
    }
    out + rest
}

/// The host of an address, or of a bare domain: lower case, punycode, without `www.` and a closing dot.
pub fn host(address: &str) -> Option<String> {
    let url = parse(address)?;
    let host = url.host_str()?.trim_end_matches('.');
    Some(host.strip_prefix("www.").filter(|h| h.contains('.')).unwrap_or(host).to_owned())
}

/// A host and its parent domains, the longest first: `a.b.example.org`, `b.example.org`, `example.org`, `org`.
pub fn domains(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |h| h.split_once('.').map(|(_, rest)| rest))
}

fn parse(address: &str) -> Option<Url> {
    let address = address.trim();
    if address.is_empty() || address.contains(char::is_whitespace) {
        return None;
    }
    let url = match address.split_once("://") {
        Some((scheme, rest)) if ["http", "https", "ftp"].iter().any(|s| scheme.eq_ignore_ascii_case(s)) => {
            // The default port is that of the scheme.
            let scheme = scheme.to_ascii_lowercase();
            Url::parse(&format!("{scheme}://{rest}"))
        }
        Some(_) => return None,
        None => Url::parse(&format!("http://{}", address.trim_start_matches("//"))),
    };
    url.ok().filter(|u| u.host_str().is_some_and(|h| !h.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_has_one_form() {
        let forms = [
            "https://www.Example.org/a/?utm_source=x&b=2&a=1#top",
            "http://example.org:80/a?a=1&b=2",
            "example.org/a/?a=1&b=2&spm=9",
            "//user@example.org/a?b=2&a=1",
        ];
        forms.iter().for_each(|form| assert_eq!(normal(form), "example.org/a?a=1&b=2", "{form}"));
        assert_eq!(normal("https://例子.中国/页 面"), "https://例子.中国/页 面");
        assert_eq!(normal("https://例子.中国/页"), normal("http://xn--fsqu00a.xn--fiqs8s/%E9%A1%B5"));
        assert_eq!(normal("https://例子.中国:443/%e9%a1%b5?%6b=%e9"), normal("http://例子.中国/页?k=%E9"));
        assert_eq!(normal("example.org/%7Ea%2fb/100%"), "example.org/~a%2Fb/100%");
        assert_ne!(normal("http://example.org:443/a"), normal("http://example.org/a"));
        assert_ne!(normal("example.org/a"), normal("example.org/A"));
        assert_ne!(normal("example.org:8080/a"), normal("example.org/a"));
        assert_eq!(normal(" 17 号文件 "), "17 号文件");
        let once = normal(forms[0]);
        assert_eq!(normal(&once), once);
    }

    #[test]
    fn hosts_and_their_domains() {
        assert_eq!(host("https://WWW.news.Example.org./x").unwrap(), "news.example.org");
        assert_eq!(host("example.org").unwrap(), "example.org");
        assert_eq!(host("www.cn").unwrap(), "www.cn");
        assert_eq!(host("mailto:someone"), None);
        assert_eq!(host(""), None);
        assert_eq!(domains("a.b.c").collect::<Vec<_>>(), ["a.b.c", "b.c", "c"]);
    }
}
