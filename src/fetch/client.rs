//! One HTTP client: redirects by hand, a token for one origin, few connections a host, nothing that hangs.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, IF_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use url::Url;

use super::endpoints::{Endpoints, Token, shown};
use super::problem::{Kind, Problem, at};
use super::redirects::{astray, downgrades, redirect};
use super::{Limits, names, page, proxy, wait};
use crate::{Error, Result};

/// Redirects (and pages with a form to pass) followed for one request.
const HOPS: usize = 10;
/// Bytes of a listing or page that is read whole.
const PAGE: usize = 64 << 20;
/// Connections that Wikimedia allows to one reader.
const WIKIMEDIA: usize = 3;

/// What the shared crates call a run of bytes.
pub type Bytes = <object_store::PutPayload as IntoIterator>::Item;

/// From an HTML page in the place of data, the address that leads on.
pub type Pass = fn(&str, &Url) -> Option<Url>;

/// The client, shared by everything that fetches.
pub struct Client {
    http: reqwest::Client,
    /// Base addresses of the hosts, as the environment sets them.
    pub endpoints: Endpoints,
    /// Timeouts, tries and connections a host.
    pub limits: Limits,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
    /// Hosts that have answered: an outage of theirs passes, where a name that never answers may be wrong.
    answered: Mutex<HashSet<String>>,
}

/// One HTTP request: address, token, byte range.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The address.
    pub url: Url,
    /// For whom, shown to one origin only.
    pub token: Option<Token>,
    /// First byte, and the one after the last.
    pub range: Option<(u64, Option<u64>)>,
    /// The range only if the file is still this one.
    pub if_range: Option<String>,
    /// Ask for the headers only.
    pub head: bool,
    /// How to pass a page that stands before the data.
    pub pass: Option<Pass>,
}

impl Ask {
    /// The whole of an address.
    pub fn get(url: Url) -> Self {
        Ask { url, token: None, range: None, if_range: None, head: false, pass: None }
    }

    /// With a token, where there is one.
    pub fn token(mut self, token: Option<&Token>) -> Self {
        self.token = token.cloned();
        self
    }
}

/// An answer: 200 or 206.
pub struct Answer {
    /// The response, its body not read yet.
    pub response: Response,
    /// The address that answered, after redirects.
    pub url: Url,
    /// The hosts on the way, for errors.
    pub hosts: String,
    permit: OwnedSemaphorePermit,
}

/// The body of an answer, read block by block with a watch on its speed.
pub struct Body {
    stream: Stream,
    hosts: String,
    pace: Pace,
    _permit: Option<OwnedSemaphorePermit>,
}

enum Stream {
    Http(Response),
    Object(futures::stream::BoxStream<'static, object_store::Result<Bytes>>),
}

/// Bytes over a stretch of time.
struct Pace {
    idle: Duration,
    slowest: u64,
    since: Instant,
    bytes: u64,
}

impl Client {
    /// A client.
    ///
    /// # Errors
    ///
    /// [`Error::Other`] where no HTTP client can be built, as with a proxy variable that is no address.
    pub fn new(endpoints: Endpoints, limits: Limits) -> Result<Self> {
        // HTTP/1 only: several ranges of a file are several connections, which is what slow links need.
        let http = reqwest::Client::builder()
            .user_agent(concat!("corpus/", env!("CARGO_PKG_VERSION"), " (fetches data sets for language models)"))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect)
            .pool_max_idle_per_host(limits.per_host)
            .http1_only()
            .build()
            .map_err(|e| Error::other(format!("no HTTP client: {}", cause(e)), "check the proxy variables"))?;
        Ok(Client { http, endpoints, limits, hosts: Mutex::default(), answered: Mutex::default() })
    }

    /// The connections to a host.
    pub fn host(&self, url: &Url) -> Arc<Semaphore> {
        let most = self.limits.per_host.max(1);
        let most = if self.endpoints.is_wikimedia(url) { most.min(WIKIMEDIA) } else { most };
        self.place(&authority(url), most)
    }

    /// Room for `most` requests at once at a place.
    pub fn place(&self, name: &str, most: usize) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        hosts.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(most))).clone()
    }

    /// One try of a request, through its redirects, to an answer of 200 or 206.
    ///
    /// # Errors
    ///
    /// What became of it: passing (no answer, a busy host, a broken connection) or lasting (refused, not there, a
    /// redirect that is not followed), with the hosts on the way.
    pub async fn send(&self, ask: &Ask) -> Result<Answer, Problem> {
        let mut url = self.endpoints.mirrored(&ask.url);
        let (mut seen, mut hosts) = (Vec::<Url>::new(), Vec::<String>::new());
        // Once a redirect has left the token's origin, the token stays away, whatever leads back.
        let mut home = true;
        loop {
            if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
                return Err(Problem::last(Kind::Remote, at(&hosts, &format!("led to {}", shown(url.as_str())))));
            }
            if hosts.last() != Some(&authority(&url)) {
                hosts.push(authority(&url));
            }
            if seen.len() > HOPS || seen.contains(&url) {
                return Err(astray(&hosts, &seen, &url));
            }
            seen.push(url.clone());
            let permit = self.host(&url).acquire_owned().await.map_err(|_| Problem::passing("stopped"))?;
            let bearer = ask.token.as_ref().filter(|_| home).and_then(|t| t.header(&url));
            home = home && bearer.is_some();
            let response = self.once(ask, &url, bearer.as_deref(), &hosts).await?;
            let status = response.status();
            if let Some(next) = redirect(&response, &url) {
                let next = next.ok_or_else(|| Problem::last(Kind::Remote, at(&hosts, "redirects to no address")))?;
                let next = self.endpoints.redirected(&next);
                if downgrades(&url, &next) && !self.limits.allow_http {
                    let what = format!("redirects from https to http ({})", shown(next.as_str()));
                    return Err(Problem::last(Kind::Remote, at(&hosts, &what)).cure(
                        "what comes by http anybody on the way can read and change; --allow-http follows it all the same",
                    ));
                }
                url = next;
                continue;
            }
            if !matches!(status, StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
                let mut problem = self.refused(ask, &response, &hosts, home || seen.len() == 1);
                problem.strayed = (url.origin() != ask.url.origin()).then(|| url.origin().ascii_serialization().into());
                return Err(problem);
            }
            packed(&response, &url, &hosts)?;
            let hosts_line = hosts.join(" -> ");
            let answer = Answer { response, url: url.clone(), hosts: hosts_line, permit };
            if let Some(pass) = ask.pass
                && is_html(answer.response.headers())
            {
                let html = self.read(answer.body(&self.limits), 1 << 20).await?;
                let html = String::from_utf8_lossy(&html);
                url = pass(&html, &url)
                    .map(|next| self.endpoints.redirected(&next))
                    .ok_or_else(|| page::sent(&hosts, &html))?;
                continue;
            }
            return Ok(answer);
        }
    }

    async fn once(&self, ask: &Ask, url: &Url, bearer: Option<&str>, hosts: &[String]) -> Result<Response, Problem> {
        let method = if ask.head { Method::HEAD } else { Method::GET };
        let mut request = self.http.request(method, url.clone()).header(ACCEPT_ENCODING, "identity");
        if let Some(bearer) = bearer {
            let mut value = reqwest::header::HeaderValue::from_str(bearer)
                .map_err(|_| Problem::last(Kind::Gated, "the token holds characters that no header can"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some((from, to)) = ask.range {
            let to = to.map(|to| (to - 1).to_string()).unwrap_or_default();
            request = request.header(RANGE, format!("bytes={from}-{to}"));
            if let Some(condition) = &ask.if_range {
                request = request.header(IF_RANGE, condition);
            }
        }
        let patience = self.limits.connect + self.limits.idle;
        match timeout(patience, request.send()).await {
            Ok(Ok(response)) => {
                self.answered.lock().unwrap_or_else(PoisonError::into_inner).insert(authority(url));
                Ok(response)
            }
            Ok(Err(error)) => Err(self.unreached(url, error, hosts)),
            Err(_) => Err(Problem::passing(at(hosts, &format!("no answer within {}", wait::words(patience))))),
        }
    }

    /// The failure of a request that no answer came to.
    fn unreached(&self, url: &Url, error: reqwest::Error, hosts: &[String]) -> Problem {
        let connect = error.is_connect();
        let what = cause(error);
        if distrusts(&what) {
            return Problem::last(Kind::Remote, at(hosts, &what)).cure(
                "this machine does not trust the certificate of the host: where a company or a proxy signs anew, name \
                 its root certificate (PEM) in SSL_CERT_FILE; else look at the clock, and at who answers there",
            );
        }
        if let Some((variable, proxy)) = proxy::of(url).filter(|_| connect) {
            let what = format!("the proxy {proxy} ({variable}) does not lead there: {what}");
            return Problem::passing(at(hosts, &what))
                .at_most(wait::FEW)
                .cure(format!("start the proxy, correct {variable}, or name the host in no_proxy"));
        }
        let known = self.answered.lock().unwrap_or_else(PoisonError::into_inner).contains(&authority(url));
        let problem = Problem::passing(at(hosts, &what));
        if known { problem } else { problem.at_most(wait::FEW) }
    }

    /// The failure that a status means.
    fn refused(&self, ask: &Ask, response: &Response, hosts: &[String], first: bool) -> Problem {
        let status = response.status();
        let header = |name: &str| {
            let text = response.headers().get(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())?;
            let text = ask.token.as_ref().map_or(text.clone(), |t| t.hide(&text));
            Some(names::shown(&text))
        };
        let reason = status.canonical_reason().unwrap_or("a status of its own");
        let mut what = format!("{} {reason}", status.as_u16());
        if let Some(message) = header("x-error-message") {
            what += &format!(" ({message})");
        }
        let kind = match status.as_u16() {
            404 | 410 => Kind::Missing,
            401..=403 if first => Kind::Gated,
            _ => Kind::Remote,
        };
        // A signed address at another host expires: the first host hands out a new one.
        let expired = !first && matches!(status.as_u16(), 401 | 403) && header("x-error-code").is_none();
        let busy = matches!(status.as_u16(), 408 | 425 | 429) || (status.is_server_error() && status.as_u16() != 501);
        let wait = wait::asked(response.headers()).filter(|_| busy);
        let too_long = wait.is_some_and(|w| w > self.limits.max_wait);
        if let Some(wait) = wait.filter(|_| too_long) {
            what += &format!("; it asks to wait {}, longer than --max-retry-after allows", wait::words(wait));
        }
        let mut problem = Problem::last(kind, at(hosts, &what));
        if too_long {
            problem.cure = Some("run the same command again then, or raise --max-retry-after".into());
        }
        problem.most = (expired && status.as_u16() == 401).then_some(wait::FEW / 2);
        problem.retry = (busy && !too_long) || expired;
        problem.wait = wait;
        problem.status = Some(status.as_u16());
        problem.code = header("x-error-code").map(Into::into);
        problem
    }

    /// All of a body, up to a bound.
    async fn read(&self, mut body: Body, most: usize) -> Result<Vec<u8>, Problem> {
        let mut all = Vec::new();
        while let Some(block) = body.next().await? {
            if all.len() + block.len() > most {
                return Err(Problem::last(Kind::Remote, format!("{}: an answer without end", body.hosts)));
            }
            all.extend_from_slice(&block);
        }
        Ok(all)
    }

    /// How a body begins, for what it tells of itself; less of it where it breaks off.
    pub async fn beginning(&self, answer: Answer) -> String {
        let (mut body, mut all) = (answer.body(&self.limits), Vec::new());
        while let Ok(Some(block)) = body.next().await {
            all.extend_from_slice(&block);
            if all.len() >= page::HEAD {
                break;
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    /// A small answer, read whole, asked for again as long as `--retry-for` and `--tries` allow.
    ///
    /// # Errors
    ///
    /// As [`Client::send`], once nothing passing is left to wait for; an answer over the limit of a page.
    pub async fn page(&self, ask: &Ask) -> Result<(Vec<u8>, HeaderMap, Url), Problem> {
        self.again(|| async {
            let answer = self.send(ask).await?;
            let (headers, url) = (answer.response.headers().clone(), answer.url.clone());
            Ok((self.read(answer.body(&self.limits), PAGE).await?, headers, url))
        })
        .await
    }

    /// JSON, asked for again where it arrives broken.
    ///
    /// # Errors
    ///
    /// As [`Client::page`]; an answer that is a web page, or is no JSON however often it is asked for.
    pub async fn json(&self, ask: &Ask) -> Result<(Value, HeaderMap, Url), Problem> {
        self.again(|| async {
            let answer = self.send(ask).await?;
            let (headers, url, hosts) = (answer.response.headers().clone(), answer.url.clone(), answer.hosts.clone());
            let bytes = self.read(answer.body(&self.limits), PAGE).await?;
            match serde_json::from_slice(&bytes) {
                Ok(value) => Ok((value, headers, url)),
                Err(_) if is_html(&headers) => Err(page::sent(&[hosts], &String::from_utf8_lossy(&bytes))),
                Err(error) => Err(Problem::passing(format!("{hosts}: the answer is no JSON: {error}"))),
            }
        })
        .await
    }

    /// Repeats what fails for a passing reason.
    ///
    /// # Errors
    ///
    /// The first lasting problem, or a passing one when tries or time are used up.
    pub async fn again<T, F: Future<Output = Result<T, Problem>>>(
        &self,
        mut act: impl FnMut() -> F,
    ) -> Result<T, Problem> {
        let mut tries = wait::Tries::default();
        loop {
            match act().await {
                Err(problem) => tokio::time::sleep(tries.next(problem, &self.limits)?).await,
                done => return done,
            }
        }
    }
}

impl Answer {
    /// The body as a stream that ends with an error where nothing arrives in time.
    pub fn body(self, limits: &Limits) -> Body {
        Body {
            stream: Stream::Http(self.response),
            hosts: self.hosts,
            pace: Pace::new(limits),
            _permit: Some(self.permit),
        }
    }
}

impl Body {
    /// The body of an object.
    pub fn object(
        stream: futures::stream::BoxStream<'static, object_store::Result<Bytes>>,
        hosts: String,
        permit: OwnedSemaphorePermit,
        limits: &Limits,
    ) -> Self {
        Body { stream: Stream::Object(stream), hosts, pace: Pace::new(limits), _permit: Some(permit) }
    }

    /// The next block; `None` at a proper end.
    ///
    /// # Errors
    ///
    /// A passing problem where the connection breaks, goes silent, or is slower than the least pace.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let next = timeout(self.pace.idle, async {
            match &mut self.stream {
                Stream::Http(response) => response.chunk().await.map_err(cause),
                Stream::Object(stream) => {
                    use futures::TryStreamExt;
                    stream.try_next().await.map_err(|e| names::shown(&e.to_string()))
                }
            }
        });
        match next.await {
            Ok(Ok(Some(block))) => {
                self.pace
                    .step(block.len() as u64)
                    .map_err(|what| Problem::passing(format!("{}: {what}", self.hosts)))?;
                Ok(Some(block))
            }
            Ok(Ok(None)) => Ok(None),
            Ok(Err(what)) => Err(Problem::passing(format!("{}: {what}", self.hosts))),
            Err(_) => {
                let what = format!("{}: nothing came for {}", self.hosts, wait::words(self.pace.idle));
                Err(Problem::passing(what))
            }
        }
    }
}

impl Pace {
    fn new(limits: &Limits) -> Self {
        Pace { idle: limits.idle, slowest: limits.min_speed, since: Instant::now(), bytes: 0 }
    }

    /// Counts bytes; fails at the end of a stretch that was too slow.
    fn step(&mut self, bytes: u64) -> Result<(), String> {
        self.bytes += bytes;
        let spent = self.since.elapsed();
        if spent >= self.idle {
            let speed = self.bytes as f64 / spent.as_secs_f64();
            if speed < self.slowest as f64 {
                return Err(format!("only {speed:.0} bytes a second, less than --min-speed"));
            }
            (self.since, self.bytes) = (Instant::now(), 0);
        }
        Ok(())
    }
}

/// Whether a failure is that of a certificate, which asking again does not cure.
fn distrusts(what: &str) -> bool {
    let what = what.to_ascii_lowercase();
    what.contains("certificate") || what.contains("unknownissuer") || what.contains("notvalidforname")
}

/// Refuses what was packed though nobody asked for it. A `.gz` file that is labelled as packed is the file itself.
fn packed(response: &Response, url: &Url, hosts: &[String]) -> Result<(), Problem> {
    let coding = response.headers().get(CONTENT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default().trim();
    if coding.is_empty() || coding.eq_ignore_ascii_case("identity") {
        return Ok(());
    }
    let ends = [("gzip", ".gz"), ("gzip", ".tgz"), ("bzip2", ".bz2"), ("zstd", ".zst"), ("xz", ".xz")];
    if ends.iter().any(|(c, end)| coding.trim_start_matches("x-").eq_ignore_ascii_case(c) && url.path().ends_with(end))
    {
        return Ok(());
    }
    let what = format!("answers packed ({}), which was not asked for", names::shown(coding));
    Err(Problem::last(Kind::Remote, at(hosts, &what)).cure("a proxy or mirror on the way packs answers: go around it"))
}

/// Whether an answer calls itself a web page.
pub fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().trim_start();
    kind.get(..9).is_some_and(|k| k.eq_ignore_ascii_case("text/html"))
}

/// `host:port` as the address has it.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What went wrong at bottom, without the address, which may hold a signature.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut below: Option<&dyn std::error::Error> = std::error::Error::source(&error);
    while let Some(error) = below {
        let more = error.to_string();
        if !text.contains(&more) {
            text = more;
        }
        below = error.source();
    }
    names::shown(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_known_by_their_errors() {
        assert!(distrusts("invalid peer certificate: UnknownIssuer"));
        assert!(distrusts("invalid peer certificate: certificate expired: verification time 1 (UNIX)"));
        assert!(!distrusts("Connection refused (os error 111)") && !distrusts("tls handshake eof"));
    }
}
