//! OPUS: an API that lists packages, and the object store that has them, on another host.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Answer, Content, Request, Server};

struct Package {
    corpus: String,
    version: String,
    pair: (String, String),
    content: Content,
}

/// The API and the store.
pub struct Opus {
    pub api: Server,
    pub store: Server,
    packages: Arc<Mutex<Vec<Package>>>,
}

/// The store's real address, under which the API names files.
pub const STORE: &str = "https://object.pouta.csc.fi/";

impl Opus {
    pub fn start() -> Opus {
        let packages = Arc::new(Mutex::new(Vec::<Package>::new()));
        let of_store = Arc::clone(&packages);
        let store = Server::named("localhost", move |request| {
            let path = request.path();
            let packages = of_store.lock().unwrap();
            let found = packages.iter().find(|p| path.ends_with(&p.path()));
            found.map_or_else(
                || Answer::status(404),
                |p| {
                    Answer { ranges: true, ..Answer::of(p.content.clone(), "application/zip") }
                        .with("ETag", format!("\"{}\"", p.content.md5()))
                },
            )
        });
        let of_api = Arc::clone(&packages);
        let api = Server::start(move |request| answer(&of_api.lock().unwrap(), request));
        Opus { api, store, packages }
    }

    pub fn add(&self, corpus: &str, version: &str, pair: (&str, &str), content: Content) {
        let pair = (pair.0.to_owned(), pair.1.to_owned());
        self.packages.lock().unwrap().push(Package { corpus: corpus.into(), version: version.into(), pair, content });
    }
}

impl Package {
    /// Where the file lies in the store.
    fn path(&self) -> String {
        format!("OPUS-{}/{}/moses/{}-{}.txt.zip", self.corpus, self.version, self.pair.0, self.pair.1)
    }
}

fn answer(packages: &[Package], request: &Request) -> Answer {
    if !request.raw_path().trim_end_matches('/').ends_with("opusapi") {
        return Answer::status(404);
    }
    if request.query("corpora").is_some() {
        let names: BTreeMap<&str, ()> = packages.iter().map(|p| (p.corpus.as_str(), ())).collect();
        return Answer::json(&json!({"corpora": names.keys().collect::<Vec<_>>()}));
    }
    if request.query("languages").is_some() {
        return Answer::json(&json!({"languages": ["en", "zh", "zh_CN", "zh_TW"]}));
    }
    let asked = |name: &str, value: &str| request.query(name).is_none_or(|asked| asked == value);
    let latest: BTreeMap<&str, &str> = packages.iter().map(|p| (p.corpus.as_str(), p.version.as_str())).collect();
    let found: Vec<Value> = packages
        .iter()
        .enumerate()
        .filter(|(_, p)| asked("corpus", &p.corpus) && asked("source", &p.pair.0) && asked("target", &p.pair.1))
        .filter(|_| asked("preprocessing", "moses"))
        .filter(|(_, p)| match request.query("version").as_deref() {
            Some("latest") => latest[p.corpus.as_str()] == p.version,
            Some(version) => version == p.version,
            None => true,
        })
        .map(|(number, p)| {
            json!({
                "id": number, "corpus": p.corpus, "source": p.pair.0, "target": p.pair.1, "preprocessing": "moses",
                "version": p.version, "url": format!("{STORE}{}", p.path()), "size": p.content.len().div_ceil(1024),
                "documents": null, "alignment_pairs": 3, "source_tokens": 12, "target_tokens": 10,
                "latest": if latest[p.corpus.as_str()] == p.version { "True" } else { "False" },
            })
        })
        .collect();
    Answer::json(&json!({"corpora": found}))
}
