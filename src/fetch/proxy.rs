//! Which proxy a request goes through, as the environment says: for errors, which would blame the host otherwise.

use url::Url;

/// The variable and the proxy (without a password) for an address; `None` where it is asked directly.
pub fn of(url: &Url) -> Option<(String, String)> {
    find(url, |name| std::env::var(name).ok().filter(|v| !v.is_empty()))
}

fn find(url: &Url, var: impl Fn(&str) -> Option<String>) -> Option<(String, String)> {
    let host = url.host_str()?.trim_matches(['[', ']']).to_ascii_lowercase();
    let direct = var("no_proxy").or_else(|| var("NO_PROXY")).unwrap_or_default();
    let named = |entry: &str| {
        let entry = entry.trim().trim_start_matches('.').to_ascii_lowercase();
        !entry.is_empty() && (entry == "*" || host == entry || host.ends_with(&format!(".{entry}")))
    };
    if direct.split(',').any(named) {
        return None;
    }
    let names = match url.scheme() {
        "https" => ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        _ => ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
    };
    let (name, value) = names.iter().find_map(|name| Some((*name, var(name)?)))?;
    let address = value.split_once("://").map_or(value.as_str(), |(_, rest)| rest);
    let address = address.rsplit_once('@').map_or(address, |(_, host)| host).trim_end_matches('/');
    Some((name.to_owned(), super::names::shown(address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_of_an_address() {
        let of = |url: &str, set: &[(&str, &str)]| {
            let var = |name: &str| set.iter().find(|s| s.0 == name).map(|s| s.1.to_owned());
            find(&Url::parse(url).unwrap(), var).map(|(name, proxy)| format!("{name} {proxy}"))
        };
        let set = [("https_proxy", "http://me:secret@p:3128/"), ("ALL_PROXY", "socks5://q:1"), ("no_proxy", "a.b, .c")];
        assert_eq!(of("https://h/x", &set).as_deref(), Some("https_proxy p:3128"));
        assert_eq!(of("http://h/x", &set).as_deref(), Some("ALL_PROXY q:1"));
        assert_eq!(of("https://x.c/x", &set), None);
        assert_eq!(of("https://a.b/x", &set), None);
        assert!(of("https://xa.b/x", &set).is_some());
        assert_eq!(of("https://h/x", &[]), None);
    }
}
