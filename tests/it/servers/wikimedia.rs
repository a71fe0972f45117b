//! Wikimedia's dumps: an index of dates, a status for each, files with their sums, and few connections a reader.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use super::{Answer, Content, Request, Server};

/// A dump of one date.
struct Dump {
    done: bool,
    files: BTreeMap<String, Content>,
    /// The status of the date is gone, as it is while old dumps are cleared.
    no_status: bool,
}

/// Wiki, then date.
type State = BTreeMap<String, BTreeMap<String, Dump>>;

/// The server and its dumps.
pub struct Wikimedia {
    pub server: Server,
    state: Arc<Mutex<State>>,
}

impl Wikimedia {
    pub fn start() -> Wikimedia {
        let state = Arc::new(Mutex::new(State::new()));
        let of_server = Arc::clone(&state);
        let server = Server::start(move |request| answer(&of_server.lock().unwrap(), request));
        server.limit(3);
        Wikimedia { server, state }
    }

    /// A dump; names without their `WIKI-DATE-` head.
    pub fn add(&self, wiki: &str, date: &str, done: bool, files: &[(&str, Content)]) {
        let files = files.iter().map(|(name, content)| (format!("{wiki}-{date}-{name}"), content.clone())).collect();
        let dump = Dump { done, files, no_status: false };
        self.state.lock().unwrap().entry(wiki.into()).or_default().insert(date.into(), dump);
    }

    pub fn lose_status(&self, wiki: &str, date: &str) {
        self.state.lock().unwrap().get_mut(wiki).unwrap().get_mut(date).unwrap().no_status = true;
    }
}

fn answer(state: &State, request: &Request) -> Answer {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).filter(|s| !s.is_empty()).collect();
    let found = match segments.as_slice() {
        [wiki] => state.get(*wiki).map(index),
        [wiki, date, name] => {
            state.get(*wiki).and_then(|dumps| dumps.get(*date)).and_then(|dump| file(dump, wiki, date, name))
        }
        _ => None,
    };
    found.unwrap_or_else(|| Answer {
        status: 404,
        ..Answer::html("<html><head><title>404 Not Found</title></head></html>")
    })
}

fn index(dumps: &BTreeMap<String, Dump>) -> Answer {
    let mut page = String::from(
        "<html>\r\n<head><title>Index of /zhwiki/</title></head>\r\n<body>\r\n<h1>Index</h1><hr><pre><a href=\"../\">../</a>\r\n",
    );
    for date in dumps.keys() {
        page.push_str(&format!("<a href=\"{date}/\">{date}/</a>                   01-Jan-2024 00:00       -\r\n"));
    }
    page.push_str("<a href=\"latest/\">latest/</a>\r\n</pre><hr></body>\r\n</html>\r\n");
    Answer::html(page)
}

fn file(dump: &Dump, wiki: &str, date: &str, name: &str) -> Option<Answer> {
    let sums = |sum: fn(&Content) -> String| {
        let lines: String = dump.files.iter().map(|(name, content)| format!("{}  {name}\n", sum(content))).collect();
        Answer::of(Content::from(lines), "text/plain")
    };
    if name == "dumpstatus.json" {
        return (!dump.no_status).then(|| status(dump, wiki, date));
    }
    if name == format!("{wiki}-{date}-md5sums.txt") {
        return Some(sums(Content::md5));
    }
    if name == format!("{wiki}-{date}-sha1sums.txt") {
        return Some(sums(Content::sha1));
    }
    let content = dump.files.get(name)?;
    Some(
        Answer::file(content.clone())
            .with("ETag", format!("\"{}-{:x}\"", &content.md5()[..8], content.len()))
            .with("Last-Modified", "Tue, 02 Jan 2024 03:04:05 GMT"),
    )
}

/// `dumpstatus.json`: jobs, and the files of each. A job that is not done lists what it has so far.
fn status(dump: &Dump, wiki: &str, date: &str) -> Answer {
    let mut jobs = Map::new();
    for (job, part) in [
        ("articlesmultistreamdump", "pages-articles-multistream"),
        ("articlesdump", "pages-articles."),
        ("metacurrentdump", "pages-meta-current"),
    ] {
        let of_job = dump.files.iter().filter(|(name, _)| name.contains(part));
        let files: Map<String, Value> = of_job
            .map(|(name, content)| {
                let url = format!("/{wiki}/{date}/{name}");
                let known = json!({"size": content.len(), "url": url, "md5": content.md5(), "sha1": content.sha1()});
                (name.clone(), if dump.done { known } else { json!({"size": content.len() / 2}) })
            })
            .collect();
        let state = if dump.done { "done" } else { "in-progress" };
        jobs.insert(job.into(), json!({"status": state, "updated": "2024-01-02 03:04:05", "files": files}));
    }
    Answer::json(&json!({"version": "0.8", "jobs": jobs}))
}
