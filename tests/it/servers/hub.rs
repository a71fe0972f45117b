//! A Hugging Face hub: the API of data sets, `resolve` with redirects to a CDN of another name, and its rules about who
//! may see what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Answer, Content, Request, Server};

/// The token that the hub knows.
pub const TOKEN: &str = "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";

/// Who may read a repository.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Open,
    /// Only with a token; without one it looks missing.
    Private,
    /// Visible to all, readable by token holders who were let in.
    Gated,
    /// Visible to all, and the token's holder was not let in.
    GatedNotAccepted,
    Disabled,
}

#[derive(Clone)]
struct File {
    content: Content,
    /// Large files lie on the CDN, and are known by their SHA-256.
    lfs: bool,
}

type Tree = BTreeMap<String, File>;

struct Repo {
    access: Access,
    license: String,
    /// Branches and tags: name to commit.
    revisions: BTreeMap<String, String>,
    commits: BTreeMap<String, Tree>,
}

/// Where the next page of a listing is said to be.
#[derive(Clone)]
pub enum Paging {
    Right,
    /// The last page names the first one as the next.
    Loop,
    /// Every page names itself.
    Itself,
    /// On another host.
    Elsewhere(String),
    /// Pages without end, each with new names.
    Endless,
}

struct State {
    repos: BTreeMap<String, Repo>,
    page: usize,
    paging: Paging,
    /// Signatures that the CDN takes.
    signed: BTreeSet<u64>,
    next_signature: u64,
    /// Contents on the CDN, by SHA-256.
    stored: BTreeMap<String, Content>,
    /// Whether answers name a Xet hash, as the real hub's do.
    xet: bool,
    cdn: String,
}

/// The hub and its CDN.
pub struct Hub {
    pub api: Server,
    pub cdn: Server,
    state: Arc<Mutex<State>>,
}

impl Hub {
    pub fn start() -> Hub {
        let state = Arc::new(Mutex::new(State {
            repos: BTreeMap::new(),
            page: 1000,
            paging: Paging::Right,
            signed: BTreeSet::new(),
            next_signature: 1,
            stored: BTreeMap::new(),
            xet: false,
            cdn: String::new(),
        }));
        let of_cdn = Arc::clone(&state);
        let cdn = Server::named("localhost", move |request| of_cdn.lock().unwrap().cdn(request));
        state.lock().unwrap().cdn = cdn.url();
        let of_api = Arc::clone(&state);
        let api = Server::start(move |request| of_api.lock().unwrap().api(request));
        Hub { api, cdn, state }
    }

    pub fn url(&self) -> String {
        self.api.url()
    }

    /// A repository, or another commit of it on its main branch. `lfs` says which files are large.
    pub fn commit(&self, id: &str, access: Access, files: &[(&str, Content, bool)]) -> String {
        self.commit_as(id, access, "main", files)
    }

    pub fn commit_as(&self, id: &str, access: Access, branch: &str, files: &[(&str, Content, bool)]) -> String {
        let mut state = self.state.lock().unwrap();
        let mut tree = Tree::new();
        let mut names = String::new();
        for (path, content, lfs) in files {
            names.push_str(&format!("{path} {}\n", content.git_blob()));
            if *lfs {
                state.stored.insert(content.sha256(), content.clone());
            }
            tree.insert((*path).to_owned(), File { content: content.clone(), lfs: *lfs });
        }
        let commit = Content::from(format!("{id} {branch} {names}")).sha1();
        let repo = state.repos.entry(id.to_owned()).or_insert_with(|| Repo {
            access,
            license: "apache-2.0".into(),
            revisions: BTreeMap::new(),
            commits: BTreeMap::new(),
        });
        repo.access = access;
        repo.revisions.insert(branch.to_owned(), commit.clone());
        repo.commits.insert(commit.clone(), tree);
        commit
    }

    /// Entries of a page of a listing.
    pub fn page(&self, entries: usize) {
        self.state.lock().unwrap().page = entries;
    }

    pub fn paging(&self, paging: Paging) {
        self.state.lock().unwrap().paging = paging;
    }

    pub fn xet(&self) {
        self.state.lock().unwrap().xet = true;
    }

    /// Signed addresses that were handed out are worth nothing any more.
    pub fn expire(&self) {
        self.state.lock().unwrap().signed.clear();
    }

    /// The path of a file on the CDN.
    pub fn stored_at(content: &Content) -> String {
        format!("/lfs/{}", content.sha256())
    }

    /// The path of a file on the hub itself.
    pub fn resolve_path(id: &str, commit: &str, path: &str) -> String {
        format!("/datasets/{id}/resolve/{commit}/{path}")
    }
}

fn failure(status: u16, code: &str, message: &str) -> Answer {
    let mut answer = Answer::json(&json!({ "error": message }));
    answer.status = status;
    answer.with("X-Error-Code", code).with("X-Error-Message", message)
}

/// Paths in the body of a `paths-info` request, which is JSON or a form.
fn asked_paths(body: &[u8]) -> Vec<String> {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => {
            let paths = value["paths"].as_array().into_iter().flatten();
            paths.filter_map(|path| path.as_str().map(str::to_owned)).collect()
        }
        Err(_) => url::form_urlencoded::parse(body)
            .filter(|(name, _)| name == "paths")
            .map(|(_, path)| path.into_owned())
            .collect(),
    }
}

impl State {
    fn api(&mut self, request: &Request) -> Answer {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["api", "datasets", owner, name, rest @ ..] => {
                match self.repo(owner, name, request, rest.first() == Some(&"tree")) {
                    Ok(id) => self.api_of(&id, rest, request),
                    Err(answer) => answer,
                }
            }
            ["datasets", owner, name, "resolve", revision, path @ ..] => match self.repo(owner, name, request, true) {
                Ok(id) => self.resolve(&id, revision, &path.join("/"), request),
                Err(answer) => answer,
            },
            _ => failure(404, "", "Sorry, we can't find the page you are looking for."),
        }
    }

    /// The repository, if this request may see it, or its files.
    fn repo(&self, owner: &str, name: &str, request: &Request, files: bool) -> Result<String, Answer> {
        let id = format!("{owner}/{name}");
        let known = request.bearer() == Some(TOKEN);
        if request.bearer().is_some() && !known {
            return Err(failure(401, "", "Invalid credentials in Authorization header"));
        }
        let missing = || {
            if known {
                failure(404, "RepoNotFound", "Repository not found")
            } else {
                failure(401, "RepoNotFound", "Repository not found")
            }
        };
        let Some(repo) = self.repos.get(&id) else { return Err(missing()) };
        match repo.access {
            Access::Private if !known => Err(missing()),
            Access::Disabled => Err(failure(403, "", "Access to this resource is disabled.")),
            Access::Gated if files && !known => Err(failure(
                401,
                "GatedRepo",
                &format!(
                    "Access to dataset {id} is restricted. You must have access to it and be authenticated to access it. Please log in."
                ),
            )),
            Access::GatedNotAccepted if files => Err(failure(
                if known { 403 } else { 401 },
                "GatedRepo",
                &format!(
                    "Access to dataset {id} is restricted and you are not in the authorized list. Visit https://huggingface.co/datasets/{id} to ask for access."
                ),
            )),
            _ => Ok(id),
        }
    }

    fn tree_of(&self, id: &str, revision: &str) -> Option<(String, &Tree)> {
        let repo = &self.repos[id];
        let commit = repo.revisions.get(revision).map_or(revision, String::as_str);
        let (commit, tree) = repo.commits.get_key_value(commit)?;
        Some((commit.clone(), tree))
    }

    fn api_of(&self, id: &str, rest: &[&str], request: &Request) -> Answer {
        let (kind, revision, folder) = match rest {
            [] => ("info", "main", String::new()),
            ["revision", revision] => ("info", *revision, String::new()),
            ["tree", revision, folder @ ..] => ("tree", *revision, folder.join("/")),
            ["paths-info", revision] => ("paths", *revision, String::new()),
            _ => return failure(404, "", "Not found"),
        };
        let Some((commit, tree)) = self.tree_of(id, revision) else {
            return failure(404, "RevisionNotFound", &format!("Invalid rev id: {revision}"));
        };
        match kind {
            "info" => self.info(id, &commit, tree, request),
            "tree" => self.listing(tree, folder.trim_matches('/'), request),
            _ => {
                let asked = asked_paths(&request.body);
                let found = tree.iter().filter(|(path, _)| asked.contains(path));
                Answer::json(&found.map(|(path, file)| self.entry(path, file)).collect())
            }
        }
    }

    fn info(&self, id: &str, commit: &str, tree: &Tree, request: &Request) -> Answer {
        let repo = &self.repos[id];
        let siblings: Vec<Value> = tree
            .iter()
            .map(|(path, file)| match request.query("blobs") {
                Some(_) => json!({"rfilename": path, "size": file.content.len(), "blobId": file.content.git_blob()}),
                None => json!({"rfilename": path}),
            })
            .collect();
        let gated = matches!(repo.access, Access::Gated | Access::GatedNotAccepted);
        Answer::json(&json!({
            "_id": "6400000000000000000000aa", "id": id, "author": id.split('/').next(), "sha": commit,
            "lastModified": "2024-05-06T07:08:09.000Z", "createdAt": "2023-05-06T07:08:09.000Z",
            "private": repo.access == Access::Private, "gated": if gated { json!("manual") } else { json!(false) },
            "disabled": false, "downloads": 7, "likes": 3, "tags": ["language:zh", format!("license:{}", repo.license)],
            "cardData": {"license": repo.license, "language": ["zh"]}, "siblings": siblings,
        }))
    }

    fn entry(&self, path: &str, file: &File) -> Value {
        if !file.lfs {
            return json!({"type": "file", "oid": file.content.git_blob(), "size": file.content.len(), "path": path});
        }
        let sha256 = file.content.sha256();
        let pointer =
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {}\n", file.content.len());
        let pointer = Content::from(pointer);
        let mut entry = json!({
            "type": "file", "oid": pointer.git_blob(), "size": file.content.len(), "path": path,
            "lfs": {"oid": sha256, "size": file.content.len(), "pointerSize": pointer.len()},
        });
        if self.xet {
            entry["xetHash"] = json!(sha256);
        }
        entry
    }

    /// A page of a listing; the next one by `Link`.
    fn listing(&self, tree: &Tree, folder: &str, request: &Request) -> Answer {
        let recursive = matches!(request.query("recursive").as_deref(), Some("true" | "True" | "1"));
        let inside = |path: &str| folder.is_empty() || path.starts_with(&format!("{folder}/"));
        let mut entries: BTreeMap<String, Value> = BTreeMap::new();
        for (path, file) in tree.iter().filter(|(path, _)| inside(path)) {
            let deepest = path.matches('/').count();
            let level = if folder.is_empty() { 0 } else { folder.matches('/').count() + 1 };
            let parts: Vec<&str> = path.split('/').collect();
            // Folders on the way, as far as the listing goes down.
            for depth in level + 1..=deepest {
                if recursive || depth == level + 1 {
                    let name = parts[..depth].join("/");
                    let oid = Content::from(name.as_str()).sha1();
                    entries.insert(name.clone(), json!({"type": "directory", "oid": oid, "size": 0, "path": name}));
                }
            }
            if recursive || deepest == level {
                entries.insert(path.clone(), self.entry(path, file));
            }
        }
        if !folder.is_empty() && entries.is_empty() {
            return failure(404, "EntryNotFound", &format!("{folder} does not exist"));
        }
        let mut entries: Vec<Value> = entries.into_values().collect();
        let limit = request.query("limit").and_then(|v| v.parse().ok()).unwrap_or(self.page).min(self.page);
        let start: usize = request.query("cursor").and_then(|v| v.parse().ok()).unwrap_or(0);
        let count = entries.len();
        let link = |cursor: usize| {
            let query = if recursive { "recursive=true&" } else { "" };
            format!(
                "http://{}{}?{query}limit={limit}&cursor={cursor}",
                request.header("host").unwrap_or_default(),
                request.raw_path()
            )
        };
        let next = match &self.paging {
            Paging::Right => (start + limit < count).then(|| link(start + limit)),
            Paging::Loop => Some(link(if start + limit < count { start + limit } else { 0 })),
            Paging::Itself => Some(link(start)),
            Paging::Elsewhere(host) => {
                Some(format!("{host}{}?cursor={limit}&limit={limit}&recursive=true", request.raw_path()))
            }
            Paging::Endless => Some(link(start + limit)),
        };
        if matches!(self.paging, Paging::Endless) {
            let oid = Content::from("").git_blob();
            entries = (start..start + limit)
                .map(|n| json!({"type": "file", "oid": oid, "size": 0, "path": format!("endless/{n}.txt")}))
                .collect();
        } else {
            entries = entries.into_iter().skip(start).take(limit).collect();
        }
        let answer = Answer::json(&Value::Array(entries));
        match next {
            Some(next) => answer.with("Link", format!("<{next}>; rel=\"next\"")),
            None => answer,
        }
    }

    /// A small file itself, or the way to a large one.
    fn resolve(&mut self, id: &str, revision: &str, path: &str, _: &Request) -> Answer {
        let Some((commit, tree)) = self.tree_of(id, revision) else {
            return failure(404, "RevisionNotFound", &format!("Invalid rev id: {revision}"));
        };
        let Some(file) = tree.get(path).cloned() else {
            return failure(404, "EntryNotFound", "Entry not found").with("X-Repo-Commit", commit);
        };
        if !file.lfs {
            let tag = format!("\"{}\"", file.content.git_blob());
            return Answer::file(file.content).with("ETag", tag).with("X-Repo-Commit", commit);
        }
        let sha256 = file.content.sha256();
        let signature = self.next_signature;
        self.next_signature += 1;
        self.signed.insert(signature);
        let to = format!("{}/lfs/{sha256}?Expires=4070908800&Signature={signature}&Key-Pair-Id=K0", self.cdn);
        let mut answer = Answer::redirect(302, &to)
            .with("X-Linked-Etag", format!("\"{sha256}\""))
            .with("X-Linked-Size", file.content.len().to_string())
            .with("ETag", format!("\"{}\"", &sha256[..32]))
            .with("Vary", "Origin, Accept")
            .with("X-Repo-Commit", commit);
        if self.xet {
            answer = answer.with("X-Xet-Hash", sha256);
        }
        answer
    }

    /// The CDN knows signatures, not people; like an object store it refuses a request with both.
    fn cdn(&self, request: &Request) -> Answer {
        let segments = request.segments();
        let [folder, sha256] = segments.as_slice() else { return Answer::status(404) };
        if request.header("authorization").is_some() {
            return Answer::status(400);
        }
        let signature = request.query("Signature").and_then(|s| s.parse().ok());
        match self.stored.get(sha256) {
            Some(_) if signature.is_none_or(|s| !self.signed.contains(&s)) => {
                let mut denied = Answer::of(
                    Content::from(
                        "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
                    ),
                    "application/xml",
                );
                denied.status = 403;
                denied
            }
            Some(content) if folder == "lfs" => Answer::file(content.clone())
                .with("ETag", format!("\"{}\"", content.md5()))
                .with("Last-Modified", "Mon, 06 May 2024 07:08:09 GMT"),
            _ => Answer::status(404),
        }
    }
}
