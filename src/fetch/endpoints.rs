//! Where to fetch: the hub's, ModelScope's, Wikimedia's and OPUS's own hosts or what stands in for them, mirrors of
//! every other host, and the token with the one host that may see it.

use std::path::PathBuf;

use url::Url;

use crate::{Error, Result};

/// Base addresses of the hosts and the token of the hub, read from the environment.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// `HF_ENDPOINT`, else `https://huggingface.co`.
    pub hub: Url,
    /// `MODELSCOPE_ENDPOINT`, else `https://www.modelscope.cn`.
    pub modelscope: Url,
    /// `WIKIMEDIA_DUMPS_ENDPOINT`, else `https://dumps.wikimedia.org`.
    pub wikimedia: Url,
    /// `OPUS_ENDPOINT`, else `https://opus.nlpl.eu`.
    pub opus: Url,
    /// `CORPUS_MIRRORS`: prefixes and what stands in for them, the longest first.
    mirrors: Vec<(String, String)>,
    /// Hosts that have a variable of their own, and what it says, where it is set.
    replaced: Vec<(String, String)>,
    /// The hub's token.
    token: Option<Token>,
}

/// A secret, and the one origin that may see it. It is never printed.
#[derive(Clone)]
pub struct Token {
    secret: String,
    origin: url::Origin,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token(for {})", self.origin.ascii_serialization())
    }
}

impl Token {
    /// The header for a URL, where it may see it.
    pub fn header(&self, url: &Url) -> Option<String> {
        (url.origin() == self.origin).then(|| format!("Bearer {}", self.secret))
    }

    /// A text without the secret.
    pub fn hide(&self, text: &str) -> String {
        text.replace(&self.secret, "***")
    }
}

impl Endpoints {
    /// As the environment says.
    ///
    /// # Errors
    ///
    /// As [`Endpoints::of`].
    pub fn from_env() -> Result<Self> {
        Self::of(&|name| std::env::var(name).ok().filter(|v| !v.trim().is_empty()))
    }

    /// As these variables say.
    ///
    /// # Errors
    ///
    /// [`Error::Other`] that names the variable where it holds no address of http or https, or no list of mirrors.
    pub fn of(var: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let base = |name: &str, default: &str| {
            let text = var(name).unwrap_or_else(|| default.to_owned());
            base(&text).ok_or_else(|| {
                Error::other(format!("{name}: `{}` is no address", shown(&text)), "write http(s)://HOST[:PORT][/PATH]")
            })
        };
        let hub = base("HF_ENDPOINT", DEFAULTS[0].1)?;
        let mut replaced = Vec::new();
        for (name, default) in DEFAULTS {
            if var(name).is_some() {
                replaced.push((format!("{default}/"), base(name, default)?.to_string()));
            }
        }
        let token = token(var).map(|secret| Token { secret, origin: hub.origin() });
        Ok(Endpoints {
            modelscope: base(DEFAULTS[1].0, DEFAULTS[1].1)?,
            wikimedia: base(DEFAULTS[2].0, DEFAULTS[2].1)?,
            opus: base(DEFAULTS[3].0, DEFAULTS[3].1)?,
            replaced,
            mirrors: mirrors(&var("CORPUS_MIRRORS").unwrap_or_default())?,
            token,
            hub,
        })
    }

    /// The hub's token, where there is one.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// The address to ask in the place of one that a card or a user names: of a mirror, or of the endpoint that stands
    /// in for its host.
    pub fn mirrored(&self, url: &Url) -> Url {
        instead(url, self.mirrors.iter().chain(&self.replaced))
    }

    /// The address to ask in the place of one that a host names: of a mirror. A hub's mirror that sends on to the hub
    /// itself means it.
    pub fn redirected(&self, url: &Url) -> Url {
        instead(url, self.mirrors.iter())
    }

    /// Whether an address lies under Wikimedia's, which allows few connections.
    pub fn is_wikimedia(&self, url: &Url) -> bool {
        url.origin() == self.wikimedia.origin() || url.host_str().is_some_and(|h| h.ends_with("wikimedia.org"))
    }
}

/// The variables that name a host, and what they are without.
const DEFAULTS: [(&str, &str); 4] = [
    ("HF_ENDPOINT", "https://huggingface.co"),
    ("MODELSCOPE_ENDPOINT", "https://www.modelscope.cn"),
    ("WIKIMEDIA_DUMPS_ENDPOINT", "https://dumps.wikimedia.org"),
    ("OPUS_ENDPOINT", "https://opus.nlpl.eu"),
];

fn instead<'p>(url: &Url, mut pairs: impl Iterator<Item = &'p (String, String)>) -> Url {
    let text = url.as_str();
    let found = pairs.find(|(prefix, _)| text.starts_with(prefix.as_str()));
    found.and_then(|(prefix, to)| Url::parse(&format!("{to}{}", &text[prefix.len()..])).ok()).unwrap_or(url.clone())
}

/// A base address that ends in `/`, without query.
fn base(text: &str) -> Option<Url> {
    let text = text.trim().trim_end_matches('/');
    let url = Url::parse(&format!("{text}/")).ok()?;
    (url.scheme().starts_with("http") && url.has_host() && url.query().is_none()).then_some(url)
}

fn mirrors(text: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for pair in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let wrong = || {
            Error::other(
                format!("CORPUS_MIRRORS: `{}` is no pair of addresses", shown(pair)),
                "write https://a.example/=https://b.example/x/, with commas between pairs",
            )
        };
        // The first `=` that an address follows: a query may hold others.
        let cut = ["=http://", "=https://"].iter().filter_map(|s| pair.find(s)).min().ok_or_else(wrong)?;
        let (from, to) = (pair[..cut].trim(), pair[cut + 1..].trim());
        // Written as the URLs that are compared with it.
        let from = Url::parse(from).map_err(|_| wrong())?.to_string();
        Url::parse(to).map_err(|_| wrong())?;
        found.push((from, to.to_owned()));
    }
    found.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    Ok(found)
}

/// `HF_TOKEN`, else what the token file holds: `HF_TOKEN_PATH`, `$HF_HOME/token`, `~/.cache/huggingface/token`.
fn token(var: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let file = || {
        let path = var("HF_TOKEN_PATH").map(PathBuf::from).or_else(|| {
            let home = var("HF_HOME").map(PathBuf::from);
            let cache =
                || var("XDG_CACHE_HOME").map(PathBuf::from).or(Some(PathBuf::from(var("HOME")?).join(".cache")));
            Some(home.or_else(|| Some(cache()?.join("huggingface")))?.join("token"))
        })?;
        std::fs::read_to_string(path).ok()
    };
    let secret = var("HF_TOKEN").or_else(file)?.trim().to_owned();
    // A header holds printable ASCII; a file of anything else is no token.
    (!secret.is_empty() && secret.bytes().all(|b| b.is_ascii_graphic())).then_some(secret)
}

/// An address for people and manifests: without user, password, fragment, and what looks like a secret in its query.
pub fn shown(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return super::names::shown(address) };
    let _ = (url.set_username(""), url.set_password(None));
    url.set_fragment(None);
    let secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        let word = |w: &str| name.contains(w);
        ["sign", "token", "secret", "key", "passw", "credential", "auth", "expires", "uuid"].into_iter().any(word)
            || ["sig", "se", "sp", "sv", "sr", "st", "skoid", "sktid", "policy"].contains(&name.as_str())
            || name.starts_with("x-amz-")
            || name.starts_with("x-goog-")
    };
    let kept: Vec<(String, String)> =
        url.query_pairs().filter(|(name, _)| !secret(name)).map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
    match kept.len() {
        _ if url.query().is_none() => {}
        0 => url.set_query(None),
        count if count < url.query_pairs().count() => {
            url.query_pairs_mut().clear().extend_pairs(kept);
        }
        _ => {}
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<Endpoints> {
        Endpoints::of(&|name| pairs.iter().find(|p| p.0 == name).map(|p| p.1.to_owned()))
    }

    #[test]
    fn the_longest_prefix_wins() {
        let found =
            of(&[("CORPUS_MIRRORS", "https://a.example=http://b/,https://a.example/x/=http://c:1/y/, ")]).unwrap();
        let to = |url: &str| found.mirrored(&Url::parse(url).unwrap()).to_string();
        assert_eq!(to("https://a.example/q?z=1"), "http://b/q?z=1");
        assert_eq!(to("https://a.example/x/q"), "http://c:1/y/q");
        assert_eq!(to("https://a.example.org/q"), "https://a.example.org/q");
        assert!(of(&[("CORPUS_MIRRORS", "https://a.example")]).is_err());
        assert!(of(&[("HF_ENDPOINT", "ftp://x")]).is_err());
    }

    #[test]
    fn an_endpoint_stands_in_for_its_host() {
        let found = of(&[("HF_ENDPOINT", "http://h:1/p")]).unwrap();
        let url = Url::parse("https://huggingface.co/datasets/a/b/resolve/main/c").unwrap();
        assert_eq!(found.mirrored(&url).as_str(), "http://h:1/p/datasets/a/b/resolve/main/c");
        assert_eq!(found.redirected(&url), url);
        let other = Url::parse("https://dumps.wikimedia.org/x").unwrap();
        assert_eq!(found.mirrored(&other), other);
    }

    #[test]
    fn a_token_belongs_to_one_origin() {
        let found = of(&[("HF_ENDPOINT", "http://h:1/p"), ("HF_TOKEN", " hf_x\n")]).unwrap();
        let token = found.token().unwrap();
        let header = |url: &str| token.header(&Url::parse(url).unwrap());
        assert_eq!(header("http://h:1/any").as_deref(), Some("Bearer hf_x"));
        for other in ["http://h:2/", "https://h:1/", "http://x.h:1/", "http://h/"] {
            assert_eq!(header(other), None, "{other}");
        }
        assert!(!format!("{found:?}").contains("hf_x"));
        assert_eq!(token.hide("Bearer hf_x!"), "Bearer ***!");
    }

    #[test]
    fn secrets_are_not_shown() {
        let out = shown("https://u:p@h/f?X-Amz-Signature=abc&id=7&Expires=1&se=2&a=b#frag");
        assert_eq!(out, "https://h/f?id=7&a=b");
        assert_eq!(shown("https://h/f?sig=1"), "https://h/f");
        assert_eq!(shown("https://h/f?a=%20b"), "https://h/f?a=%20b");
    }
}
