//! The command under test, its store, and what must hold whatever happens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Scratch, files_under};
use crate::servers::hub::TOKEN;
use crate::servers::{Content, Server};

/// No fetch in these tests takes longer; one that does hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Options under which whatever is wrong shows within seconds.
const HASTY: [&str; 10] =
    ["--connect-timeout", "2", "--idle-timeout", "2", "--min-speed", "2000", "--tries", "3", "--max-retry-after", "3"];

/// `corpus fetch` with a store of its own.
pub struct Client {
    pub scratch: Scratch,
    environment: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Got {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

/// A file of the store, as `corpus cache list` tells it.
#[derive(Clone, Debug)]
pub struct Stored {
    pub path: PathBuf,
    pub sha256: String,
    pub source: String,
    pub revision: String,
    pub license: String,
}

impl Client {
    pub fn new() -> Client {
        Client { scratch: Scratch::new(), environment: Vec::new() }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Client {
        self.set(name, value);
        self
    }

    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.into(), value.into()));
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.scratch.command(arguments);
        // Nothing of the machine's own settings reaches the command, and no host but ours is reached.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy().to_ascii_uppercase();
            if ["HF_", "AWS_", "CORPUS_", "MODELSCOPE_"].iter().any(|head| text.starts_with(head))
                || text.ends_with("_PROXY")
            {
                command.env_remove(&name);
            }
        }
        command
            .env("CORPUS_CACHE", self.store())
            .env("HOME", self.scratch.path("home"))
            .env("HF_HOME", self.scratch.path("hf"))
            .env("XDG_CACHE_HOME", self.scratch.path("xdg"))
            .env("HF_ENDPOINT", "http://127.0.0.1:9")
            .env("MODELSCOPE_ENDPOINT", "http://127.0.0.1:9")
            .env("WIKIMEDIA_DUMPS_ENDPOINT", "http://127.0.0.1:9")
            .env("OPUS_ENDPOINT", "http://127.0.0.1:9");
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a command to its end, which must come soon.
    pub fn run(&self, arguments: &[&str]) -> Got {
        let began = Instant::now();
        let mut child = self.spawn(arguments);
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let read = |from: &mut dyn std::io::Read| {
            let mut text = Vec::new();
            let _ = from.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        };
        std::thread::scope(|scope| {
            let stdout = scope.spawn(move || read(&mut out));
            let stderr = scope.spawn(move || read(&mut err));
            let status = loop {
                if let Some(status) = child.try_wait().unwrap() {
                    break Some(status);
                }
                if began.elapsed() > PATIENCE {
                    let _ = child.kill();
                    let _ = child.wait();
                    break None;
                }
                std::thread::sleep(Duration::from_millis(10));
            };
            let got = Got {
                code: status.and_then(|s| s.code()).unwrap_or(-1),
                stdout: stdout.join().unwrap(),
                stderr: stderr.join().unwrap(),
                took: began.elapsed(),
            };
            assert!(status.is_some(), "corpus {} hangs\n{}", arguments.join(" "), got.stderr);
            // Whatever it says, it names no option and no command that is not there.
            crate::named_commands::holds(arguments[0], &got.stderr);
            got
        })
    }

    /// `corpus fetch` with short patience.
    pub fn fetch(&self, arguments: &[&str]) -> Got {
        let got = self.run(&[&["fetch"], arguments, &HASTY[..], accept(arguments)].concat());
        assert!([0, 1, 2].contains(&got.code), "code {}\n{}", got.code, got.stderr);
        assert!(!got.stderr.contains("panicked"), "{}", got.stderr);
        got
    }

    /// As `fetch`, to be ended from outside; what it says is lost.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut child = self.spawn(&[&["fetch"], arguments, accept(arguments)].concat());
        drop((child.stdout.take(), child.stderr.take()));
        child
    }

    pub fn store(&self) -> PathBuf {
        self.scratch.path("store")
    }

    /// Files of the store by name, as the command lists them. Each is there, with the bytes that the list claims.
    pub fn stored(&self) -> BTreeMap<String, Stored> {
        let got = self.run(&["cache", "list", "--format", "json"]);
        assert_eq!(got.code, 0, "{}", got.stderr);
        let list: Value = serde_json::from_str(&got.stdout).unwrap_or_else(|e| panic!("{e}: {}", got.stdout));
        assert_eq!(list["v"], 1, "{list}");
        let text = |file: &Value, name: &str| file[name].as_str().unwrap_or_default().to_owned();
        let mut files = BTreeMap::new();
        for file in list["files"].as_array().unwrap() {
            let path = self.store().join(text(file, "path"));
            let stored = Stored {
                sha256: text(file, "sha256"),
                source: text(file, "source"),
                revision: text(file, "revision"),
                license: text(file, "license"),
                path: path.clone(),
            };
            let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{} is listed: {e}", path.display()));
            assert_eq!(Content::from(bytes).sha256(), stored.sha256, "{} is not what the list says", path.display());
            assert!(
                path.canonicalize().unwrap().starts_with(self.store().canonicalize().unwrap()),
                "{}",
                path.display()
            );
            files.insert(path.strip_prefix(self.store()).unwrap().to_string_lossy().into_owned(), stored);
        }
        files
    }

    /// The stored file whose path ends so.
    pub fn file(&self, name: &str) -> Option<Stored> {
        let files = self.stored();
        files.into_iter().find(|(path, _)| Path::new(path).ends_with(name)).map(|(_, stored)| stored)
    }

    /// That the store has a file, and with these bytes.
    pub fn has(&self, name: &str, content: &Content) {
        let stored =
            self.file(name).unwrap_or_else(|| panic!("{name} is not in the store: {:#?}", self.stored().keys()));
        assert_eq!(stored.sha256, content.sha256(), "{name} has the wrong bytes");
    }

    /// That no file under this name is in the store, on disk or in the list. What is under way lies under `.partial`.
    pub fn has_not(&self, name: &str) {
        assert!(self.file(name).is_none(), "{name} is listed");
        let found = files_under(&self.store())
            .into_iter()
            .find(|path| path.ends_with(name) && !path.components().any(|part| part.as_os_str() == ".partial"));
        assert!(found.is_none(), "{} is there, and it should not be", found.unwrap().display());
    }

    /// That the token is nowhere but with its own host.
    pub fn token_is_kept(&self, got: &Got, others: &[&Server]) {
        for text in [&got.stdout, &got.stderr] {
            assert!(!text.contains(TOKEN), "the token is printed: {text}");
        }
        for path in files_under(&self.store()) {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(TOKEN.len()).any(|w| w == TOKEN.as_bytes()), "the token is in {}", path.display());
        }
        for server in others {
            for seen in server.log() {
                let request = format!("{:?}", seen.request);
                assert!(!request.contains(TOKEN), "{} was given the token: {request}", server.authority());
            }
        }
    }
}

impl Got {
    pub fn done(&self) -> &Got {
        assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// That it failed for the remote's fault, and says all of these.
    pub fn failed(&self, says: &[&str]) -> &Got {
        assert_eq!(self.code, 1, "{}\n{}", self.stdout, self.stderr);
        for word in says {
            assert!(self.stderr.contains(word), "nothing about {word:?} in:\n{}", self.stderr);
        }
        self
    }
}

/// Nobody states the licence of a bare address: it is accepted where one is fetched.
fn accept(arguments: &[&str]) -> &'static [&'static str] {
    let bare = |name: &&str| name.contains("://") || name.starts_with("ms:") || name.starts_with("opus:");
    if arguments.iter().any(bare) { &["--accept-license", "unstated"] } else { &[] }
}
