//! Who may ask: a program on this machine that knows the token, and no page of another site, by whatever name it reached
//! the port.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use super::http::Request;

/// Why a request is refused: status and words.
pub type Refusal = (u16, &'static str);

/// What is asked for of a request: the path behind the token, and the query as names and values.
#[derive(Debug, PartialEq)]
pub struct Asked {
    /// `""`, `api/rows`.
    pub path: String,
    /// The query.
    pub query: Vec<(String, String)>,
}

impl Asked {
    /// A value of the query, if it says something.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|q| q.0 == name && !q.1.is_empty()).map(|q| q.1.as_str())
    }
}

/// The port and the token.
pub struct Guard {
    port: u16,
    token: String,
}

impl Guard {
    /// With a token that nobody can guess: 128 bits out of the keys that the system's random numbers give to hash maps.
    pub fn new(port: u16) -> Guard {
        let random = || {
            let mut hash = RandomState::new().build_hasher();
            hash.write_u16(port);
            hash.finish()
        };
        Guard { port, token: format!("{:016x}{:016x}", random(), random()) }
    }

    /// The address of the page.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.token)
    }

    /// Lets a request through, or says why not. A page of another site may reach the port: directly, then its browser says
    /// from where (`Origin`, `Sec-Fetch-Site`); or by a name of its own that leads to 127.0.0.1, then `Host` is that name.
    /// Neither knows the token.
    ///
    /// # Errors
    /// Status and reason of the refusal.
    pub fn asked(&self, request: &Request) -> Result<Asked, Refusal> {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return Err((405, "only GET: nothing can be changed here"));
        }
        let hosts = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        match request.all("host").as_slice() {
            [host] if hosts.iter().any(|own| own.eq_ignore_ascii_case(host)) => {}
            _ => return Err((403, "asked for by another name than 127.0.0.1")),
        }
        let own = |origin: &&str| hosts.iter().any(|host| format!("http://{host}").eq_ignore_ascii_case(origin));
        if !request.all("origin").iter().all(own) {
            return Err((403, "asked for by a page of another origin"));
        }
        if !request.all("sec-fetch-site").iter().all(|site| ["same-origin", "none"].contains(site)) {
            return Err((403, "asked for by a page of another site"));
        }
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let rest = path.strip_prefix('/').unwrap_or_default();
        let (token, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !same(token.as_bytes(), self.token.as_bytes()) {
            return Err((404, "there is nothing here: the address that `corpus view` printed has a token in it"));
        }
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Ok(Asked { path: path.to_owned(), query })
    }
}

/// Whether two texts are the same, in a time that does not tell how much of them is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (x, y)| differs | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(guard: &Guard, method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Asked, u16> {
        let own = [("host".to_owned(), format!("127.0.0.1:{}", guard.port))];
        let named = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let host = own.into_iter().filter(|_| !headers.iter().any(|h| h.0 == "host"));
        let headers = named.chain(host).collect();
        let request = Request { method: method.into(), target: target.into(), headers };
        guard.asked(&request).map_err(|refusal| refusal.0)
    }

    #[test]
    fn only_the_page_itself_is_answered() {
        let guard = Guard::new(4711);
        let (page, api) = (format!("/{}/", guard.token), format!("/{}/api/rows?grep=%E6%B2%B3+a&x=", guard.token));
        let asked =
            request(&guard, "GET", &api, &[("origin", "http://127.0.0.1:4711"), ("sec-fetch-site", "same-origin")]);
        let asked = asked.unwrap();
        assert_eq!((asked.path.as_str(), asked.get("grep"), asked.get("x")), ("api/rows", Some("河 a"), None));
        assert_eq!(
            request(&guard, "GET", &page, &[("host", "LOCALHOST:4711"), ("sec-fetch-site", "none")]).unwrap().path,
            ""
        );
        for (status, method, target, headers) in [
            (405, "POST", page.as_str(), &[][..]),
            (405, "DELETE", &api, &[]),
            (403, "GET", &page, &[("host", "evil.example:4711")]),
            (403, "GET", &page, &[("host", "127.0.0.1.evil.example:4711")]),
            (403, "GET", &page, &[("host", "127.0.0.1")]),
            (403, "GET", &page, &[("host", "127.0.0.1:80")]),
            (403, "GET", &page, &[("host", "127.0.0.1:4711"), ("host", "evil.example")]),
            (403, "GET", &api, &[("origin", "https://evil.example")]),
            (403, "GET", &api, &[("origin", "null")]),
            (403, "GET", &api, &[("origin", "http://127.0.0.1:80")]),
            (403, "GET", &page, &[("sec-fetch-site", "cross-site")]),
            (403, "GET", &page, &[("sec-fetch-site", "same-site")]),
            (404, "GET", "/", &[]),
            (404, "GET", "/api/rows", &[]),
            (404, "GET", "/00000000000000000000000000000000/", &[]),
        ] {
            assert_eq!(request(&guard, method, target, headers), Err(status), "{method} {target} {headers:?}");
        }
        let bare = Request { method: "GET".into(), target: page, headers: Vec::new() };
        assert_eq!(guard.asked(&bare).unwrap_err().0, 403);
    }

    #[test]
    fn tokens_differ() {
        let (one, other) = (Guard::new(1), Guard::new(1));
        assert_ne!(one.token, other.token);
        assert!(one.token.len() == 32 && one.address().ends_with(&format!("/{}/", one.token)));
    }
}
