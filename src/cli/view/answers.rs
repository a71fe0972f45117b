//! What the viewer answers: the page, what it shows of the whole build, rows that are asked for, one row's life, and limits
//! judged again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::{Value as Json, json};

use super::condition::{Build, Chosen, Conditions};
use super::guard::{Asked, Guard};
use super::http::{Request, Response};
use super::query::{self, At, Counted, Filter};
use crate::cli::report::model::{self, Options};
use crate::cli::report::page::{self, Lang};
use crate::cli::report::rows::{Show, row};
use crate::cli::rows_of;
use crate::cli::show::{self, Fields};
use crate::cli::tables::Table;
use crate::cli::{tune, tune_output, why, why_output};
use crate::pipeline::publish::manifest::Manifest;
use crate::pipeline::tune::{Opened as Work, Question, judging};
use crate::{Error, Result};

/// Rows of a page.
const PAGE: usize = 20;
/// Rows of a page at most.
const MOST: usize = 100;
/// Characters of a text in a list, and of one that is looked at alone.
const SHORT: usize = 400;
const LONG: usize = 100_000;
/// Filters whose counts are remembered.
const REMEMBERED: usize = 16;
/// Values of a limit for which it is known what they would drop.
const POINTS: usize = 160;

/// The build that is looked at, opened.
pub struct Answers {
    build: PathBuf,
    work: PathBuf,
    manifest: Manifest,
    json: Json,
    tables: Vec<Table>,
    options: Options,
    lang: Lang,
    guard: Guard,
    counts: Mutex<Vec<(Filter, Counted)>>,
    figures: OnceLock<Arc<Json>>,
    limits: OnceLock<Arc<Json>>,
    /// What the build was made of, once a limit has been looked at.
    work_open: OnceLock<Work>,
    conditions: Conditions,
    /// One of what reads the whole build at a time.
    whole: Mutex<()>,
}

/// A build, and how it is shown.
pub struct Opened {
    /// Its folder.
    pub build: PathBuf,
    /// Its folder of finished jobs.
    pub work: PathBuf,
    /// Its account.
    pub manifest: Manifest,
    /// The same as it stands in `build.json`.
    pub json: Json,
    /// How rows are shown.
    pub options: Options,
    /// The language of the page.
    pub lang: Lang,
}

impl Answers {
    /// Opens the tables of a build.
    ///
    /// # Errors
    /// Shards that cannot be read.
    pub fn new(opened: Opened, guard: Guard) -> Result<Answers> {
        let Opened { build, work, manifest, json, options, lang } = opened;
        let tables = Table::open_all(&rows_of::parts(&build, &["data", "dropped", rows_of::UNREADABLE], None))?;
        let (counts, figures, limits, whole) = (Mutex::default(), OnceLock::new(), OnceLock::new(), Mutex::new(()));
        let (work_open, conditions) = (OnceLock::new(), Conditions::default());
        Ok(Answers {
            build,
            work,
            manifest,
            json,
            tables,
            options,
            lang,
            guard,
            counts,
            figures,
            limits,
            work_open,
            conditions,
            whole,
        })
    }

    /// The address of the page.
    pub fn address(&self) -> String {
        self.guard.address()
    }

    /// Answers a request.
    pub fn answer(&self, request: &Request) -> Response {
        let asked = match self.guard.asked(request) {
            Ok(asked) => asked,
            Err((status, why)) => return Response::json(status, &json!({"error": why})),
        };
        let answered = match asked.path.as_str() {
            "" => {
                let headers = vec![("Content-Security-Policy", "frame-ancestors 'none'".to_owned())];
                let body = page::viewer(self.lang).into_bytes();
                return Response { status: 200, kind: "text/html; charset=utf-8", headers, body };
            }
            "api/head" => Ok(self.head()),
            "api/figures" => self.figures(),
            "api/rows" => self.rows(&asked),
            "api/life" => self.life(&asked),
            "api/limits" => self.limits(),
            "api/limit" => self.limit(&asked),
            _ => return Response::json(404, &json!({"error": "there is nothing here"})),
        };
        match answered {
            Ok(json) => Response::json(200, &json),
            Err(error) => {
                let status = if matches!(error, Error::Input { .. }) { 400 } else { 500 };
                Response::json(status, &json!({"error": error.to_string(), "hint": error.hint()}))
            }
        }
    }

    /// What the build says of itself, and what rows can be asked for by.
    fn head(&self) -> Json {
        let mut head = model::head(&self.build, &self.json);
        let signals = |table: &Table| {
            let numbers = table.columns().iter().filter(|f| f.data_type().is_numeric()).map(|f| f.name().clone());
            numbers.collect::<Vec<_>>()
        };
        let table = |table: &Table| json!({"name": table.part.name, "rows": table.rows(), "numbers": signals(table)});
        head["tables"] = self.tables.iter().map(table).collect();
        head["masked"] = self.options.masked.into();
        head
    }

    /// What the rows of the build tell: read once, and then known.
    fn figures(&self) -> Result<Json> {
        once(&self.figures, &self.whole, || model::rows(&self.build, &self.manifest, &self.options))
    }

    /// A page of rows that are asked for.
    fn rows(&self, asked: &Asked) -> Result<Json> {
        let wrong = |why: String| Error::input(why, "ask as the page does");
        let filter = Filter::of(asked).map_err(wrong)?;
        let number = |name: &str| asked.get(name).and_then(|text| text.parse::<u64>().ok());
        let size = number("size").map_or(PAGE, |size| (size as usize).clamp(1, MOST));
        let show = Show { chars: SHORT, masked: self.options.masked };
        if let Some(condition) = &filter.condition {
            let chosen = self.chosen(&filter, condition)?;
            let from = number("from").unwrap_or(0);
            let rows: Vec<At> = chosen.rows.iter().skip(from as usize).take(size).copied().collect();
            let (total, listed) = (chosen.total, chosen.rows.len());
            return Ok(json!({"rows": self.shown(&show, &rows)?, "from": from, "total": total, "listed": listed}));
        }
        let counted = self.counted(&filter.narrow())?;
        if filter.grep.is_some() {
            let from = (number("table").unwrap_or(0) as usize, number("place").unwrap_or(0));
            let found = query::search(&self.tables, &filter, &counted, from, size)?;
            let next = found.next.map(|(table, place)| json!({"table": table, "place": place}));
            return Ok(json!({"rows": self.shown(&show, &found.rows)?, "next": next, "looked": found.looked.0,
                "total": found.looked.1}));
        }
        let from = number("from").unwrap_or(0);
        let rows = query::page(&self.tables, &filter, &counted, from, size)?;
        Ok(json!({"rows": self.shown(&show, &rows)?, "from": from, "total": counted.total}))
    }

    /// The rows for which a condition in SQL holds. What a mistake quotes of a text is masked as the text is.
    fn chosen(&self, filter: &Filter, condition: &str) -> Result<Arc<Chosen>> {
        let build = Build { folder: &self.build, work: &self.work, manifest: &self.manifest, tables: &self.tables };
        self.conditions.chosen(&build, filter, condition).map_err(|error| match error {
            Error::Input { message, hint } if self.options.masked => {
                Error::Input { message: tune_output::masked(&message), hint }
            }
            other => other,
        })
    }

    /// What the build was made of.
    fn made_of(&self) -> Result<&Work> {
        if let Some(open) = self.work_open.get() {
            return Ok(open);
        }
        let open = Work::new(&self.manifest, &self.work)?;
        Ok(self.work_open.get_or_init(|| open))
    }

    /// How many rows of each row group fit; remembered for the last filters.
    fn counted(&self, filter: &Filter) -> Result<Counted> {
        let known = |counts: &mut Vec<(Filter, Counted)>| counts.iter().find(|c| c.0 == *filter).map(|c| c.1.clone());
        if let Some(counted) = self.counts.lock().ok().and_then(|mut counts| known(&mut counts)) {
            return Ok(counted);
        }
        let counted = query::counted(&self.tables, filter)?;
        if let Ok(mut counts) = self.counts.lock() {
            counts.insert(0, (filter.clone(), counted.clone()));
            counts.truncate(REMEMBERED);
        }
        Ok(counted)
    }

    /// Rows as the page shows them, with their signals.
    fn shown(&self, show: &Show, rows: &[At]) -> Result<Vec<Json>> {
        let mut all: Vec<(usize, Json)> = Vec::new();
        for (at, table) in self.tables.iter().enumerate() {
            let here: Vec<(usize, u64)> =
                rows.iter().enumerate().filter(|row| row.1.0 == at).map(|(number, row)| (number, row.1)).collect();
            let places: Vec<u64> = here.iter().map(|row| row.1).collect();
            for ((number, place), fields) in here.iter().zip(table.at(&places)?) {
                let mut one = self.row(show, &fields);
                one["table"] = table.part.name.clone().into();
                one["place"] = (*place).into();
                all.push((*number, one));
            }
        }
        all.sort_by_key(|row| row.0);
        Ok(all.into_iter().map(|row| row.1).collect())
    }

    fn row(&self, show: &Show, fields: &Fields) -> Json {
        let mut one = row(show, fields);
        let numbers = fields.iter().filter(|f| f.1.is_number() && one[&f.0].is_null());
        one["signals"] = Json::Object(numbers.cloned().collect());
        if let Some(path) = show::text(fields, "path") {
            // What could not be read has no id: file and line name it.
            let line = fields.iter().find(|f| f.0 == "line").map_or(Json::Null, |f| f.1.clone());
            one["id"] = format!("{path}:{line}").into();
            let text = |name: &str| show::text(fields, name).unwrap_or_default().to_owned();
            one["reason"] = text("reason").into();
            let said = format!("{}\n{}", text("detail"), text("head"));
            one["texts"] = row(show, &vec![("text".to_owned(), said.into())])["texts"].clone();
        }
        one
    }

    /// The life of one row, and all of its text.
    fn life(&self, asked: &Asked) -> Result<Json> {
        let id = asked.get("id").ok_or_else(|| Error::input("no id is given", "ask as the page does"))?;
        let life = why::life(&self.build, &self.work, &self.manifest, id)?;
        let show = Show { chars: LONG, masked: self.options.masked };
        let mut answer = why_output::json(&life);
        // The row as it stands may hold personal data; what is shown of it is masked.
        answer["row"] = life.places.first().map_or(Json::Null, |place| self.row(&show, &place.row));
        if self.options.masked
            && let Some(value) = answer["dropped"]["value"].as_str()
        {
            answer["dropped"]["value"] = tune_output::masked(value).into();
        }
        answer["kept"] = life.kept.as_ref().map_or(Json::Null, |place| self.row(&show, &place.row));
        Ok(answer)
    }

    /// Every limit with what other values of it would drop.
    fn limits(&self) -> Result<Json> {
        once(&self.limits, &self.whole, || {
            let question = Question { near: 0, points: POINTS, ..Question::default() };
            let tuned = self.made_of()?.tune(&self.manifest, &judging(&self.manifest), &question)?;
            Ok(tune_output::json(&tuned, &tune_output::Texts::new()))
        })
    }

    /// One limit at another value: what its stage would drop, and the rows on either side.
    fn limit(&self, asked: &Asked) -> Result<Json> {
        let wrong = |what: &str| Error::input(format!("no {what} is given"), "ask as the page does");
        let (stage, key) = asked.get("stage").zip(asked.get("key")).ok_or_else(|| wrong("stage and key"))?;
        let value: f64 = asked.get("value").and_then(|v| v.parse().ok()).ok_or_else(|| wrong("value"))?;
        let mut stages = judging(&self.manifest);
        stages.retain(|judging| judging.name == stage);
        let question = Question { key: Some(key), at: Some(value), near: 4, points: 0 };
        let _one = self.whole.lock();
        let tuned = self.made_of()?.tune(&self.manifest, &stages, &question)?;
        let mut texts = tune::texts(&self.build, &tuned)?;
        if self.options.masked {
            tune_output::mask(&mut texts);
        }
        Ok(tune_output::json(&tuned, &texts))
    }
}

/// What is known, or is found out once, by one at a time.
fn once(known: &OnceLock<Arc<Json>>, whole: &Mutex<()>, find: impl FnOnce() -> Result<Json>) -> Result<Json> {
    let _one = whole.lock();
    if let Some(json) = known.get() {
        return Ok(json.as_ref().clone());
    }
    let json = find()?;
    Ok(known.get_or_init(|| Arc::new(json)).as_ref().clone())
}
