//! An object store that speaks enough of S3 to list, read, write in one piece or in parts, put under conditions, and
//! delete: buckets in the path, no signatures checked. It refuses, forgets to answer and lists what is past on demand.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};

use super::http::decode;
use super::{Answer, Content, Request, Server};
use crate::harness::Scratch;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// 500, and nothing is done.
    Internal,
    /// 503 SlowDown, and nothing is done.
    SlowDown,
    /// The connection ends, and nothing is done.
    Reset,
    /// What is asked is done, and answered with 500: the answer was lost on the way.
    Late,
    /// What is asked is done, and the connection ends before the answer.
    Lost,
    /// 403, with what S3 says of a wrong signature.
    Denied,
}

/// When trouble comes: to which requests, how often, and after how many that are right.
struct Rule {
    fits: Box<dyn Fn(&Request) -> bool + Send>,
    trouble: Trouble,
    left: usize,
    skip: usize,
}

/// What lies there, and what is to go wrong.
#[derive(Default)]
struct State {
    objects: BTreeMap<String, Content>,
    /// What listings tell of, where that is not what lies there.
    listed: Option<BTreeMap<String, Content>>,
    uploads: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    begun: usize,
    rules: Vec<Rule>,
    /// Trouble of all kinds with every so-manieth request.
    rough: Option<usize>,
    seen: usize,
    /// Of an object, the reads until another one lies there, and that one.
    changes: Option<(String, usize, Content)>,
    /// Conditions are not looked at, as in stores of long ago.
    careless: bool,
    troubled: usize,
}

/// The server and its objects.
pub struct S3 {
    pub server: Server,
    state: Arc<Mutex<State>>,
}

impl S3 {
    pub fn start() -> S3 {
        let state = Arc::<Mutex<State>>::default();
        let of_server = Arc::clone(&state);
        let server = Server::start(move |request| of_server.lock().unwrap().answer(request));
        S3 { server, state }
    }

    /// A command of `scratch` that knows the store, and asks it again for twenty seconds.
    pub fn command(&self, scratch: &Scratch, arguments: &[&str]) -> Command {
        self.known(scratch.command(arguments))
    }

    /// A command that knows the store.
    pub fn known(&self, mut command: Command) -> Command {
        command
            .env("AWS_ENDPOINT_URL", self.server.url())
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_ACCESS_KEY_ID", "keyOfTheStore")
            .env("AWS_SECRET_ACCESS_KEY", "secretOfTheStore")
            .env("AWS_REGION", "us-east-1")
            .env("CORPUS_RETRY_FOR", "20");
        command
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// An object by `BUCKET/KEY`.
    pub fn put(&self, name: &str, content: Content) {
        self.state().objects.insert(name.into(), content);
    }

    pub fn remove(&self, name: &str) {
        self.state().objects.remove(name);
    }

    /// The bytes of an object.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.state().objects.get(name).map(Content::to_vec)
    }

    /// All names.
    pub fn names(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// Uploads in parts that were neither ended nor given up.
    pub fn open_uploads(&self) -> usize {
        self.state().uploads.len()
    }

    /// The next `times` requests that fit, after `skip` that are right, are in trouble.
    pub fn trouble(
        &self,
        trouble: Trouble,
        times: usize,
        skip: usize,
        fits: impl Fn(&Request) -> bool + Send + 'static,
    ) {
        self.state().rules.push(Rule { fits: Box::new(fits), trouble, left: times, skip });
    }

    /// Every so-manieth request is in trouble, of all kinds that pass.
    pub fn rough(&self, every: usize) {
        self.state().rough = Some(every);
    }

    /// Requests that were in trouble.
    pub fn troubled(&self) -> usize {
        self.state().troubled
    }

    /// All is well again.
    pub fn calm(&self) {
        let mut state = self.state();
        state.rules.clear();
        (state.rough, state.listed, state.careless) = (None, None, false);
    }

    /// From now on listings tell of what lies there now.
    pub fn stale(&self) {
        let mut state = self.state();
        state.listed = Some(state.objects.clone());
    }

    /// After so many reads of an object, another one lies there.
    pub fn changes(&self, name: &str, reads: usize, to: Content) {
        self.state().changes = Some((name.into(), reads, to));
    }

    /// Conditions of puts are not looked at.
    pub fn careless(&self) {
        self.state().careless = true;
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Answer {
        let trouble = self.trouble(request);
        self.troubled += usize::from(trouble.is_some());
        let done = match trouble {
            Some(Trouble::Late | Trouble::Lost) | None => Some(self.right(request)),
            _ => None,
        };
        match (trouble, done) {
            (Some(Trouble::Internal | Trouble::Late), _) => refusal(500, "InternalError"),
            (Some(Trouble::SlowDown), _) => refusal(503, "SlowDown"),
            (Some(Trouble::Denied), _) => refusal(403, "SignatureDoesNotMatch"),
            // A status of nought ends the connection.
            (Some(Trouble::Reset | Trouble::Lost), _) => Answer::status(0),
            (None, done) => done.unwrap(),
        }
    }

    fn trouble(&mut self, request: &Request) -> Option<Trouble> {
        self.seen += 1;
        if let Some(every) = self.rough
            && self.seen.is_multiple_of(every)
        {
            const ALL: [Trouble; 5] =
                [Trouble::SlowDown, Trouble::Late, Trouble::Internal, Trouble::Lost, Trouble::Reset];
            return Some(ALL[self.seen / every % ALL.len()]);
        }
        let at = self.rules.iter_mut().position(|rule| {
            let fits = (rule.fits)(request);
            if fits && rule.skip > 0 {
                rule.skip -= 1;
                return false;
            }
            fits
        })?;
        let trouble = self.rules[at].trouble;
        self.rules[at].left -= 1;
        if self.rules[at].left == 0 {
            self.rules.remove(at);
        }
        Some(trouble)
    }

    fn right(&mut self, request: &Request) -> Answer {
        let path = request.path();
        let path = path.trim_start_matches('/');
        let has = |name: &str| request.target.split(['?', '&']).skip(1).any(|q| q.split('=').next() == Some(name));
        match request.method.as_str() {
            "POST" if has("delete") => self.delete(path, &request.body),
            "POST" if has("uploads") => self.begin(path),
            "POST" => self.complete(path, &request.query("uploadId").unwrap_or_default(), &request.body),
            "PUT" if has("partNumber") => self.part(request),
            "PUT" => self.write(path, request),
            "DELETE" => {
                self.uploads.remove(&request.query("uploadId").unwrap_or_default());
                Answer::status(204)
            }
            _ if has("list-type") => {
                let objects = self.listed.as_ref().unwrap_or(&self.objects);
                listing(objects, path.trim_end_matches('/'), &request.query("prefix").unwrap_or_default())
            }
            _ => self.read(path, request),
        }
    }

    fn read(&mut self, path: &str, request: &Request) -> Answer {
        if let Some((name, reads, to)) = self.changes.take_if(|change| change.0 == path && request.method == "GET") {
            match reads {
                0 => drop(self.objects.insert(name, to)),
                reads => self.changes = Some((name, reads - 1, to)),
            }
        }
        let Some(content) = self.objects.get(path) else { return refusal(404, "NoSuchKey") };
        if request.header("if-match").is_some_and(|tag| tag != tag_of(content)) {
            return refusal(412, "PreconditionFailed");
        }
        Answer::file(content.clone())
            .with("ETag", tag_of(content))
            .with("Last-Modified", "Thu, 04 Apr 2024 05:06:07 GMT")
    }

    fn write(&mut self, path: &str, request: &Request) -> Answer {
        if let Some(from) = request.header("x-amz-copy-source") {
            let Some(content) = self.objects.get(decode(from).trim_start_matches('/')).cloned() else {
                return refusal(404, "NoSuchKey");
            };
            let tag = tag_of(&content);
            self.objects.insert(path.into(), content);
            return xml(format!("<CopyObjectResult><ETag>{tag}</ETag></CopyObjectResult>"));
        }
        let there = self.objects.get(path);
        if !self.careless {
            if request.header("if-none-match").is_some() && there.is_some() {
                return refusal(412, "PreconditionFailed");
            }
            if request.header("if-match").is_some_and(|tag| there.is_none_or(|there| tag_of(there) != tag)) {
                return refusal(if there.is_some() { 412 } else { 404 }, "PreconditionFailed");
            }
        }
        let content = Content::new(request.body.clone());
        let tag = tag_of(&content);
        self.objects.insert(path.into(), content);
        Answer::of(Content::new(""), "text/plain").with("ETag", tag)
    }

    fn begin(&mut self, path: &str) -> Answer {
        self.begun += 1;
        let id = format!("upload-{}-of-{}", self.begun, path.len());
        self.uploads.insert(id.clone(), BTreeMap::new());
        xml(format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"))
    }

    fn part(&mut self, request: &Request) -> Answer {
        let (id, number) =
            (request.query("uploadId").unwrap_or_default(), request.query("partNumber").unwrap_or_default());
        let Some(upload) = self.uploads.get_mut(&id) else { return refusal(404, "NoSuchUpload") };
        upload.insert(number.parse().unwrap(), request.body.clone());
        let tag = tag_of(&Content::new(request.body.clone()));
        Answer::of(Content::new(""), "text/plain").with("ETag", tag)
    }

    fn complete(&mut self, path: &str, id: &str, body: &[u8]) -> Answer {
        let Some(parts) = self.uploads.get(id) else { return refusal(404, "NoSuchUpload") };
        let body = String::from_utf8_lossy(body);
        let named = body.matches("<PartNumber>").count();
        let short = parts.values().rev().skip(1).any(|part| part.len() < 5 << 20);
        if named != parts.len() || short {
            return refusal(400, if short { "EntityTooSmall" } else { "InvalidPart" });
        }
        let whole = parts.values().flatten().copied().collect::<Vec<u8>>();
        self.uploads.remove(id);
        let content = Content::new(whole);
        let tag = tag_of(&content);
        self.objects.insert(path.into(), content);
        xml(format!("<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>"))
    }

    fn delete(&mut self, bucket: &str, body: &[u8]) -> Answer {
        let body = String::from_utf8_lossy(body).into_owned();
        let keys = body.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
        let mut said = String::new();
        for (key, _) in keys {
            self.objects.remove(&format!("{}/{key}", bucket.trim_end_matches('/')));
            said += &format!("<Deleted><Key>{key}</Key></Deleted>");
        }
        xml(format!("<DeleteResult>{said}</DeleteResult>"))
    }
}

fn tag_of(content: &Content) -> String {
    format!("\"{}\"", content.md5())
}

fn xml(body: String) -> Answer {
    Answer::of(Content::from(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{body}")), "application/xml")
}

/// What S3 says of a refusal; what it was asked to sign is in it, as S3 has it.
fn refusal(status: u16, code: &str) -> Answer {
    let body = format!(
        "<Error><Code>{code}</Code><Message>no.</Message><AWSAccessKeyId>keyOfTheStore</AWSAccessKeyId></Error>"
    );
    Answer { status, ..xml(body) }
}

fn listing(objects: &BTreeMap<String, Content>, bucket: &str, prefix: &str) -> Answer {
    let mut body = format!(
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>{bucket}</Name><Prefix>{prefix}</Prefix><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
    );
    for (name, content) in objects {
        let Some(key) = name.strip_prefix(&format!("{bucket}/")) else { continue };
        if key.starts_with(prefix) {
            body.push_str(&format!(
                "<Contents><Key>{key}</Key><LastModified>2024-04-04T05:06:07.000Z</LastModified><ETag>&quot;{}&quot;</ETag>\
                 <Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                content.md5(),
                content.len()
            ));
        }
    }
    body.push_str("</ListBucketResult>");
    xml(body)
}
