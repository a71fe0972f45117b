//! `https://host/folder/` and whole addresses: plain web servers, which list nothing, so every file is named.

use futures::FutureExt;
use futures::future::BoxFuture;
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use url::Url;

use super::{Listing, Lists, Place, Remote, Request, join};
use crate::disk::hex;
use crate::fetch::client::{Client, authority};
use crate::fetch::endpoints::shown;
use crate::fetch::problem::{Kind, Problem};
use crate::fetch::sums::Checksums;

/// The way.
pub const LISTS: Web = Web;

/// Plain web servers.
pub struct Web;

impl Lists for Web {
    fn prefixes(&self) -> &'static [&'static str] {
        &["https://", "http://"]
    }

    fn list<'a>(&'a self, client: &'a Client, request: &'a Request) -> BoxFuture<'a, Result<Listing, Problem>> {
        async move { list(client, request) }.boxed()
    }

    fn plan(&self, client: &Client, request: &Request) -> String {
        match list(client, request) {
            Ok(listing) => listing.files.iter().map(|f| format!("GET {}", f.source)).collect::<Vec<_>>().join("\n"),
            Err(problem) => problem.what,
        }
    }
}

fn list(client: &Client, request: &Request) -> Result<Listing, Problem> {
    let base = Url::parse(&request.from)
        .map_err(|e| Problem::last(Kind::Missing, format!("`{}` is no address: {e}", shown(&request.from))))?;
    let mut listing = Listing { revision: "-".into(), ..Listing::default() };
    if !request.card {
        let path = name(&base)?;
        listing.files.push(remote(client, request, base, path, "all", &request.from));
        return Ok(listing);
    }
    for (part, files) in &request.files {
        for file in files {
            let (url, path) = if file.contains("://") {
                let url = Url::parse(file)
                    .map_err(|e| Problem::last(Kind::Missing, format!("`{}` is no address: {e}", shown(file))))?;
                let path = name(&url)?;
                (url, path.rsplit('/').next().unwrap_or(&path).to_owned())
            } else if file.contains(['*', '[', '{']) {
                let what = format!("{}: a web server lists no files, so `{file}` cannot be resolved", authority(&base));
                return Err(Problem::last(Kind::Missing, what).cure("the card has to name its files: report it"));
            } else if file.contains('%') || file.contains('?') {
                let url = base.join(file).map_err(|e| Problem::last(Kind::Missing, format!("`{file}`: {e}")))?;
                (url, percent_decode_str(file.split('?').next().unwrap_or(file)).decode_utf8_lossy().into_owned())
            } else {
                (join(&base, file.split('/')), file.clone())
            };
            listing.files.push(remote(client, request, url, path, part, file));
        }
    }
    Ok(listing)
}

fn remote(client: &Client, request: &Request, url: Url, path: String, part: &str, name: &str) -> Remote {
    let source = shown(url.as_str());
    // The token is shown to the hub's own origin only: an address there may need it, any other never sees it.
    let place = Place::Web { url, token: client.endpoints.token().cloned(), pass: None };
    let mut remote = Remote { path, part: part.to_owned(), place, source, bytes: None, expected: Checksums::default() };
    request.pin(&mut remote, name);
    remote
}

/// Keys of a query that say how to send a file, not which: all others tell files apart.
const MANNERS: [&str; 7] = ["download", "dl", "raw", "expires", "signature", "key-pair-id", "policy"];

/// The name of the file at an address: its path, with a sum of whatever else tells files of that path apart before the
/// ending: `get.php?id=1` and `?id=2` are two files.
fn name(url: &Url) -> Result<String, Problem> {
    let path = percent_decode_str(url.path().trim_start_matches('/')).decode_utf8_lossy().into_owned();
    let last = path.rsplit('/').next().unwrap_or_default();
    if last.is_empty() {
        let what = format!("{} names a folder, and a web server lists no files", shown(url.as_str()));
        return Err(Problem::last(Kind::Missing, what).cure("name the files"));
    }
    let tells = |pair: &&str| {
        let key = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
        !pair.is_empty()
            && !MANNERS.contains(&key.as_str())
            && !["x-amz-", "x-goog-"].iter().any(|p| key.starts_with(p))
    };
    let mut more: Vec<&str> = url.query().unwrap_or_default().split('&').filter(tells).collect();
    // `a%2Fb` is not `a/b`, and bytes that are no UTF-8 look alike once decoded.
    let raw = url.path();
    if raw.to_ascii_lowercase().contains("%2f") || path.contains('\u{fffd}') {
        more.push(raw);
    }
    if more.is_empty() {
        return Ok(path);
    }
    let sum = hex(&Sha256::digest(more.join("&"))[..4]);
    let at = path.len() - last.len() + last.get(1..).and_then(|l| l.find('.')).map_or(last.len(), |dot| dot + 1);
    Ok(format!("{}-{sum}{}", &path[..at], &path[at..]))
}

/// The path in the store of the file at an address.
pub fn path(address: &str) -> Option<String> {
    name(&Url::parse(address).ok()?).ok()
}

/// The name of the set that files at an address belong to.
pub fn set(url: &Url) -> String {
    format!("web:{}", authority(url).replace(':', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_names() {
        let of = |text: &str| name(&Url::parse(text).unwrap());
        assert_eq!(of("http://h/a/b%20c.txt?download=1&X-Amz-Date=2").unwrap(), "a/b c.txt");
        for (one, two) in [
            ("get?f=1", "get?f=2"),
            ("get.php?id=1", "get.php?id=2"),
            ("a.jsonl", "a.jsonl?page=2"),
            ("a.tar.gz?v=1&raw=1", "a.tar.gz?v=2&raw=1"),
            ("x/y.txt", "x%2Fy.txt"),
            ("%E9.txt", "%E8.txt"),
        ] {
            assert_ne!(of(&format!("http://h/{one}")).unwrap(), of(&format!("http://h/{two}")).unwrap(), "{one} {two}");
        }
        let ends = of("http://h/d/wiki.jsonl.gz?id=7").unwrap();
        assert!(ends.starts_with("d/wiki-") && ends.ends_with(".jsonl.gz"), "{ends}");
        assert!(of("http://h/").is_err() && of("http://h/a/").is_err());
        assert_eq!(set(&Url::parse("http://h:8/a").unwrap()), "web:h-8");
    }
}
