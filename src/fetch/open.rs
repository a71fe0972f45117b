//! A file, or a range of it, opened at its place: what answers, which version it is, and its body.

use std::ops::Range;

use futures::StreamExt;
use object_store::{GetOptions, GetRange, ObjectStoreExt as _};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, LAST_MODIFIED};
use url::Url;

use super::client::{Ask, Body, Client, authority, is_html};
use super::partial::Version;
use super::problem::{Kind, Problem};
use super::verify::is_html_name;
use super::ways::{Place, Remote};
use super::{names, page};

/// An answer with a body to read.
pub struct Opened {
    /// Whether it is the whole file, not a range.
    pub whole: bool,
    /// Whether the range ends before the one that was asked for.
    pub short: bool,
    /// The HTTP validators of the file that is being sent.
    pub version: Version,
    /// Whether the host says that it does ranges.
    pub offers_ranges: bool,
    /// The hosts on the way, for errors.
    pub hosts: String,
    /// The body, as a stream.
    pub body: Body,
}

/// Opens the whole of a file or a range (`condition`: only if it is still this version).
///
/// # Errors
///
/// As [`Client::send`]; a passing problem where other bytes come than were asked for.
pub async fn open(
    client: &Client,
    remote: &Remote,
    range: Option<(u64, Option<u64>)>,
    condition: Option<String>,
) -> Result<Opened, Problem> {
    match &remote.place {
        Place::Web { url, token, pass } => {
            let if_range = range.and(condition);
            let ask = Ask { url: url.clone(), token: token.clone(), range, if_range, head: false, pass: *pass };
            web(client, remote, &ask).await
        }
        Place::Object { store, key, host } => {
            let permit = client.place(host, client.limits.per_host).acquire_owned().await;
            let permit = permit.map_err(|_| Problem::passing("stopped"))?;
            let wanted = range.map(|(from, to)| to.map_or(GetRange::Offset(from), |to| GetRange::Bounded(from..to)));
            let if_match = range.and(condition).filter(|c| c.starts_with('"'));
            let options = GetOptions { range: wanted, if_match, ..GetOptions::default() };
            let got = store.get_opts(key, options).await.map_err(|e| object_problem(e, host))?;
            let from = range.map_or(0, |r| r.0);
            let whole = range.is_none();
            let Range { start, end } = got.range;
            if start != from {
                return Err(Problem::passing(format!("{host}: sends other bytes than were asked for")));
            }
            let version = Version { total: Some(got.meta.size), tag: got.meta.e_tag.clone(), modified: None };
            let short = end < range.and_then(|r| r.1).unwrap_or(got.meta.size);
            let body = Body::object(got.into_stream().boxed(), host.clone(), permit, &client.limits);
            Ok(Opened { whole, short, version, offers_ranges: true, hosts: host.clone(), body })
        }
    }
}

async fn web(client: &Client, remote: &Remote, ask: &Ask) -> Result<Opened, Problem> {
    let answer = client.send(ask).await?;
    let headers = answer.response.headers().clone();
    let status = answer.response.status();
    let (hosts, range) = (answer.hosts.clone(), ask.range);
    let body_bytes = length(&headers);
    let whole = status == StatusCode::OK;
    // A page in the place of data, told by its label; a file that is a page itself may be one.
    let expected = remote.expected.any() && body_bytes == remote.bytes;
    if is_html(&headers) && !expected && !is_html_name(&remote.path) {
        return Err(page::sent(&[hosts], &client.beginning(answer).await));
    }
    let (total, short) = if whole {
        (body_bytes, false)
    } else {
        let Some((from, to)) = range else {
            return Err(Problem::passing(format!("{hosts}: sends a part of the file, which was not asked for")));
        };
        let wrong = || Problem::passing(format!("{hosts}: sends other bytes than were asked for"));
        let sent = content_range(&headers).ok_or_else(wrong)?;
        if sent.0.start != from || to.is_some_and(|to| sent.0.end > to) || sent.0.is_empty() {
            return Err(wrong());
        }
        let asked = to.or(sent.1);
        (sent.1, asked.is_some_and(|end| sent.0.end < end))
    };
    let text = |name: reqwest::header::HeaderName| {
        headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned).filter(|t| t.len() < 500)
    };
    let version = Version { total, tag: text(ETAG), modified: text(LAST_MODIFIED) };
    let offers_ranges = !whole || text(ACCEPT_RANGES).is_some_and(|v| v.eq_ignore_ascii_case("bytes"));
    Ok(Opened { whole, short, version, offers_ranges, hosts, body: answer.body(&client.limits) })
}

/// The size of a file, by asking for its head only; `None` where the host does not tell.
pub async fn probe(client: &Client, remote: &Remote) -> Option<u64> {
    match &remote.place {
        Place::Web { url, token, .. } => {
            let ask = Ask { head: true, ..Ask::get(url.clone()).token(token.as_ref()) };
            let answer = client.send(&ask).await.ok()?;
            let headers = answer.response.headers();
            if is_html(headers) && !is_html_name(&remote.path) { None } else { length(headers) }
        }
        Place::Object { store, key, .. } => store.head(key).await.ok().map(|meta| meta.size),
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// `bytes 5-9/20`: the range, and the whole where it is told.
fn content_range(headers: &HeaderMap) -> Option<(Range<u64>, Option<u64>)> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = text.trim().strip_prefix("bytes")?.trim().split_once('/')?;
    let (from, to) = range.split_once('-')?;
    let range = from.trim().parse().ok()?..to.trim().parse::<u64>().ok()?.checked_add(1)?;
    Some((range, total.trim().parse().ok()))
}

/// The failure that an object store means.
pub fn object_problem(error: object_store::Error, host: &str) -> Problem {
    use object_store::Error as E;
    let what = names::shown(&error.to_string());
    let what = format!("{host}: {what}");
    match error {
        E::NotFound { .. } => Problem::last(Kind::Missing, what),
        E::Precondition { .. } => Problem::last(Kind::Changed, what),
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => {
            Problem::last(Kind::Gated, what).cure("set the credentials of the store: AWS_*, GOOGLE_*, AZURE_*")
        }
        E::NotSupported { .. } | E::NotImplemented { .. } | E::InvalidPath { .. } => Problem::last(Kind::Remote, what),
        _ => Problem::passing(what),
    }
}

impl Place {
    /// What identifies the place, over runs: the address with all its query.
    pub fn identity(&self) -> String {
        match self {
            Place::Web { url, .. } => url.to_string(),
            Place::Object { key, host, .. } => format!("{host}/{key}"),
        }
    }

    /// The host that is asked first.
    pub fn host(&self, client: &Client) -> String {
        match self {
            Place::Web { url, .. } => authority(&client.endpoints.mirrored(url)),
            Place::Object { host, .. } => host.clone(),
        }
    }

    /// Whether one more connection may be opened to the place at once.
    pub fn has_room(&self, client: &Client) -> bool {
        let semaphore = match self {
            Place::Web { url, .. } => client.host(&client.endpoints.mirrored(url)),
            Place::Object { host, .. } => client.place(host, client.limits.per_host),
        };
        semaphore.available_permits() > 0
    }

    /// An address without a token or a page before it.
    pub fn web(url: Url) -> Self {
        Place::Web { url, token: None, pass: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_RANGE, text.parse().unwrap());
            content_range(&headers)
        };
        assert_eq!(of("bytes 5-9/20"), Some((5..10, Some(20))));
        assert_eq!(of("bytes 5-9/*"), Some((5..10, None)));
        for wrong in ["bytes */20", "5-9/20", "bytes 5/20", "bytes 5-18446744073709551615/9", "items 1-2/3"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
