//! A scratch folder, the command line in it, and its output read back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use arrow::array::{Array, AsArray};
use corpus::store::{Entry, Listed, Manifest, Store};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};

#[path = "../beside.rs"]
mod beside;
mod compare;

pub use beside::{beside, skipped};
pub use compare::{
    Files, contains, difference, same_bytes, same_files, same_items, same_json, same_output, same_text, up_to_date,
};

/// A scratch folder that goes away with the test.
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    pub fn new() -> Self {
        Scratch(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Puts files into the store of this folder, as though they had been fetched by `way`.
    pub fn store<C: AsRef<[u8]>>(&self, card: &str, way: &str, revision: &str, files: &[(&str, &str, C)]) -> Store {
        let store = Store::at(self.path("cache")).unwrap();
        let set = store.set(&card.replace([':', '/'], "--"), revision);
        let _lock = set.lock(&|| (), &|| false).unwrap();
        let mut manifest = set.manifest().unwrap().unwrap_or_else(|| Manifest::new(card, revision));
        for (part, name, content) in files {
            let content = content.as_ref();
            let listed = Listed { part: (*part).to_owned(), bytes: Some(content.len() as u64) };
            manifest.parts.insert((*part).to_owned());
            manifest.listed.insert((*name).to_owned(), listed);
            set.make_room(name).unwrap();
            fs::write(set.path(name), content).unwrap();
            let entry = Entry {
                part: (*part).to_owned(),
                bytes: content.len() as u64,
                sha256: Sha256::digest(content).iter().map(|b| format!("{b:02x}")).collect(),
                source: format!("https://host.example/{name}"),
                way: way.to_owned(),
                license: "CC0-1.0".into(),
                freedom: "open".into(),
                fetched: format!("2026-01-02T03:04:{:02}Z", revision.len()),
                ..Entry::default()
            };
            manifest.files.insert((*name).to_owned(), entry);
        }
        set.write(&manifest).unwrap();
        store
    }

    /// Runs `corpus` in the folder.
    pub fn corpus(&self, arguments: &[&str]) -> Run {
        Run(self.command(arguments).output().unwrap())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_corpus"));
        command.current_dir(self.0.path()).args(arguments).env("NO_COLOR", "1").env_remove("CORPUS_LANG");
        for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
            command.env_remove(name);
        }
        command.env("CORPUS_CACHE", self.path("cache")).env_remove("CORPUS_CARDS");
        command
    }

    /// Builds `recipe.toml` into `out` and expects success.
    pub fn build(&self, out: &str, more: &[&str]) -> Built {
        let run = self.try_build(out, more);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        self.built(out)
    }

    pub fn try_build(&self, out: &str, more: &[&str]) -> Run {
        let mut arguments = vec!["build", "--recipe", "recipe.toml", "--out", out];
        arguments.extend(more);
        self.corpus(&arguments)
    }

    pub fn built(&self, out: &str) -> Built {
        let folder = self.path(out);
        let manifest = serde_json::from_slice(&fs::read(folder.join("build.json")).unwrap()).unwrap();
        Built { folder, manifest }
    }
}

/// A finished command.
pub struct Run(Output);

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Run(output)
    }
}

impl Run {
    /// Runs a command of [`Scratch::command`].
    pub fn of(command: &mut Command) -> Run {
        Run(command.output().unwrap())
    }
    pub fn code(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }
    /// Checks the exit code, and that stderr has all of `parts`.
    #[track_caller]
    pub fn says(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code(), code, "{}", self.stderr());
        contains(&self.stderr(), parts, &[]);
    }
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }
}

/// A finished build.
pub struct Built {
    pub folder: PathBuf,
    pub manifest: serde_json::Value,
}

impl Built {
    pub fn total(&self, what: &str) -> u64 {
        self.manifest["totals"][what].as_u64().unwrap()
    }

    /// Rows by `reason` over all stages and sources.
    pub fn reasons(&self) -> BTreeMap<String, u64> {
        let mut reasons = BTreeMap::new();
        for line in self.manifest["reasons"].as_array().unwrap() {
            *reasons.entry(line["reason"].as_str().unwrap().to_owned()).or_default() += line["rows"].as_u64().unwrap();
        }
        reasons
    }

    /// Bytes of every file under `data/`, `dropped/` and `unreadable/`, by name.
    pub fn bytes(&self) -> Files {
        let mut files = Files::new();
        for kind in ["data", "dropped", "unreadable"] {
            for path in files_under(&self.folder.join(kind)) {
                let name = path.strip_prefix(&self.folder).unwrap().to_string_lossy().into_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
        files
    }

    /// A text column of all rows of a kind (`data/pretrain`, `dropped/task`, `unreadable`), in order; null is "".
    pub fn column(&self, kind: &str, name: &str) -> Vec<String> {
        let mut values = Vec::new();
        for path in files_under(&self.folder.join(kind)) {
            let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
            for batch in reader.build().unwrap() {
                let batch = batch.unwrap();
                let column = batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}"));
                let column = arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8).unwrap();
                let column = column.as_string::<i32>();
                values.extend(
                    (0..column.len()).map(
                        |i| {
                            if column.is_null(i) { String::new() } else { column.value(i).to_owned() }
                        },
                    ),
                );
            }
        }
        values
    }

    /// read + added = kept + dropped + unreadable, for each file and in all, and the tables hold as many rows.
    pub fn check_accounts(&self) {
        let sum = |v: &serde_json::Value| {
            let of = |what: &str| v[what].as_u64().unwrap();
            assert_eq!(of("read") + of("added"), of("kept") + of("dropped") + of("unreadable"), "{v}");
            of("kept")
        };
        sum(&self.manifest["totals"]);
        for source in self.manifest["sources"].as_array().unwrap() {
            source["files"].as_array().unwrap().iter().for_each(|f| {
                sum(f);
            });
        }
        for (kind, what) in [("data", "kept"), ("dropped", "dropped"), ("unreadable", "unreadable")] {
            assert_eq!(rows_under(&self.folder.join(kind)), self.total(what), "{kind}");
        }
    }
}

fn rows_under(folder: &Path) -> u64 {
    let rows = |path: PathBuf| {
        let builder = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
        builder.metadata().file_metadata().num_rows() as u64
    };
    files_under(folder).into_iter().map(rows).sum()
}

pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .flatten()
        .filter(|e| e.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect();
    files.sort();
    files
}

/// Text that looks like documents, different for each number, the same for each call.
pub fn document(number: u64) -> String {
    const WORDS: [&str; 16] = [
        "数据", "模型", "训练", "语言", "我们", "清洗", "，", "。", "的", "是", "在", "corpus", "text", "重复", "质量",
        "\n",
    ];
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = format!("第{number}篇：");
    for _ in 0..(20 + number % 60) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.push_str(WORDS[(state % 16) as usize]);
    }
    out
}

/// JSON lines of `rows` documents, every seventh a copy of an earlier one.
pub fn json_lines(rows: u64) -> String {
    let mut out = String::new();
    for i in 0..rows {
        let text = document(if i % 7 == 6 { i / 2 } else { i });
        out.push_str(&serde_json::json!({"id": format!("d{i}"), "text": text, "n": i}).to_string());
        out.push('\n');
    }
    out
}

/// A test that returns early says so where a person sees it, and asks for real files in one place.
#[test]
fn no_test_skips_in_silence() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["src", "tests/it", "tests/fuzz"].iter().flat_map(|folder| files_under(&root.join(folder)));
    for path in sources.filter(|p| p.extension().is_some_and(|e| e == "rs") && !p.ends_with("harness.rs")) {
        let text = fs::read_to_string(&path).unwrap();
        for word in ["println!(\"skipped", "\"../shared"] {
            assert!(!text.contains(word), "{}: `{word}`: use beside() or skipped() of tests/beside.rs", path.display());
        }
    }
}
