//! ModelScope: a number for a data set, a listing by pages, files by query, and errors in an envelope.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Answer, Content, Request, Server};

struct Dataset {
    number: u64,
    files: BTreeMap<String, Content>,
    private: bool,
}

type State = BTreeMap<String, Dataset>;

/// The server and its data sets.
pub struct ModelScope {
    pub server: Server,
    state: Arc<Mutex<State>>,
}

impl ModelScope {
    pub fn start() -> ModelScope {
        let state = Arc::new(Mutex::new(State::new()));
        let of_server = Arc::clone(&state);
        let server = Server::start(move |request| answer(&of_server.lock().unwrap(), request));
        ModelScope { server, state }
    }

    pub fn add(&self, id: &str, private: bool, files: &[(&str, Content)]) {
        let files = files.iter().map(|(path, content)| ((*path).to_owned(), content.clone())).collect();
        let mut state = self.state.lock().unwrap();
        let number = 7000 + state.len() as u64;
        state.insert(id.to_owned(), Dataset { number, files, private });
    }
}

fn envelope(data: Value) -> Answer {
    Answer::json(&json!({"Code": 200, "Data": data, "Message": "success", "RequestId": "r-1", "Success": true}))
}

/// Errors come with status 200 too; the envelope tells.
fn failure(status: u16, code: u64, message: &str) -> Answer {
    let mut answer =
        Answer::json(&json!({"Code": code, "Data": null, "Message": message, "RequestId": "r-1", "Success": false}));
    answer.status = status;
    answer
}

fn answer(state: &State, request: &Request) -> Answer {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let missing = || failure(200, 10010205001, "dataset not found");
    match segments.as_slice() {
        ["api", "v1", "datasets", number, "repo", "tree"] => {
            let found = state.values().find(|d| d.number.to_string() == *number);
            found.map_or_else(missing, |dataset| listing(dataset, request))
        }
        ["api", "v1", "datasets", owner, name] => match state.get(&format!("{owner}/{name}")) {
            Some(dataset) if dataset.private => failure(403, 10010205002, "no permission"),
            Some(dataset) => envelope(json!({
                "Id": dataset.number, "Name": name, "Namespace": owner, "Type": 1, "Visibility": 5, "License": "Apache License 2.0",
            })),
            None => missing(),
        },
        ["api", "v1", "datasets", owner, name, "repo", "tree"] => {
            state.get(&format!("{owner}/{name}")).map_or_else(missing, |dataset| listing(dataset, request))
        }
        ["api", "v1", "datasets", owner, name, "repo"] => {
            let Some(dataset) = state.get(&format!("{owner}/{name}")) else { return missing() };
            if request.query("Revision").is_some_and(|revision| revision != "master") {
                return failure(200, 10010205003, "revision not found");
            }
            let path = request.query("FilePath").unwrap_or_default();
            match dataset.files.get(&path) {
                Some(content) => Answer::file(content.clone())
                    .with("ETag", format!("\"{}\"", content.md5()))
                    .with("X-Linked-Size", content.len().to_string()),
                None => failure(404, 10010205004, "file not found"),
            }
        }
        _ => failure(404, 404, "not found"),
    }
}

fn listing(dataset: &Dataset, request: &Request) -> Answer {
    let number = |name: &str, default: usize| request.query(name).and_then(|v| v.parse().ok()).unwrap_or(default);
    let (page, size) = (number("PageNumber", 1).max(1), number("PageSize", 100).clamp(1, 100));
    if request.query("Revision").is_some_and(|revision| revision != "master") {
        return failure(200, 10010205003, "revision not found");
    }
    let mut files: Vec<Value> = Vec::new();
    let mut folders: Vec<String> = Vec::new();
    for (path, content) in &dataset.files {
        if let Some((folder, _)) = path.rsplit_once('/')
            && !folders.iter().any(|known| known == folder)
        {
            folders.push(folder.to_owned());
            files.push(
                json!({"Path": folder, "Name": folder, "Type": "tree", "Size": 0, "Sha256": "", "Revision": "c0ffee"}),
            );
        }
        files.push(json!({
            "Path": path, "Name": path.rsplit('/').next(), "Type": "blob", "Size": content.len(), "Sha256": content.sha256(),
            "Revision": "c0ffee", "CommitId": "c0ffee", "CommitMessage": "upload", "Mode": "33188", "IsLFS": true, "InCheck": false,
        }));
    }
    let total = files.len();
    let files: Vec<Value> = files.into_iter().skip((page - 1) * size).take(size).collect();
    envelope(json!({"Files": files, "TotalCount": total, "PageNumber": page, "PageSize": size}))
}
