//! `corpus fetch`: data sets into the store.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::fetch_bars::FetchBars;
use super::{Context, Format, table, ui};
use crate::catalog::Catalog;
use crate::fetch::plan::{self, Plan};
use crate::fetch::verify::Bombs;
use crate::fetch::{Limits, Options, Summary, room, run, targets};
use crate::messages::said;
use crate::store::Store;
use crate::text::figures::{plural, size};
use crate::{Error, Result};

/// Fetch data sets into the store: resumed, verified, recorded with their licences.
#[derive(Debug, Args)]
pub struct Fetch {
    /// A card of the catalog, hf:OWNER/NAME[@REVISION], ms:OWNER/NAME, opus:CORPUS/en-zh, wikimedia:zhwiki[@DATE],
    /// a URL, s3:// gs:// az://.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Only this part of a card; may be repeated; CARD/PART where several cards are named [default: all that are not
    /// optional].
    #[arg(long, value_name = "PART")]
    part: Vec<String>,
    /// Only files that this glob takes; may be repeated.
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// Branch, tag, commit, dump date or version [default: the newest].
    #[arg(long)]
    revision: Option<String>,
    /// Files fetched at a time.
    #[arg(long, default_value_t = 4)]
    jobs: usize,
    /// Say what would be fetched: files, sizes, licence, free disk.
    #[arg(long)]
    dry_run: bool,
    /// Use the network for nothing.
    #[arg(long)]
    offline: bool,
    /// Accept a licence that is not open: name of the set, part, or licence; may be repeated.
    #[arg(long, value_name = "NAME")]
    accept_license: Vec<String>,
    /// Import what was fetched by hand from here.
    #[arg(long, value_name = "FILE_OR_FOLDER")]
    from: Option<PathBuf>,
    /// With --from: put new files in the place of other ones of the same name.
    #[arg(long, requires = "from")]
    replace: bool,
    /// A folder of private cards [default: CORPUS_CARDS].
    #[arg(long, value_name = "FOLDER")]
    cards: Option<PathBuf>,
    /// Take this way: its number in the card, or what it begins with.
    #[arg(long, value_name = "N_OR_PREFIX")]
    way: Option<String>,
    #[command(flatten)]
    patience: Patience,
}

/// How patient and polite to be.
#[derive(Debug, Args)]
struct Patience {
    /// Seconds to open a connection.
    #[arg(long, default_value_t = 15.0, value_name = "SECONDS", help_heading = "Patience")]
    connect_timeout: f64,
    /// Seconds without a byte.
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS", help_heading = "Patience")]
    idle_timeout: f64,
    /// Bytes a second, measured over --idle-timeout.
    #[arg(long, default_value = "1KiB", value_name = "BYTES", help_heading = "Patience")]
    min_speed: String,
    /// How long to go on trying while nothing is gained, seconds.
    #[arg(long, default_value_t = 300.0, value_name = "SECONDS", help_heading = "Patience")]
    retry_for: f64,
    /// Tries in a row that gain nothing, at most [default: as many as --retry-for has room for].
    #[arg(long, value_name = "N", help_heading = "Patience")]
    tries: Option<u32>,
    /// Follow redirects from https to http.
    #[arg(long, help_heading = "Patience")]
    allow_http: bool,
    /// The longest wait that a host may ask for, seconds.
    #[arg(long, default_value_t = 600.0, value_name = "SECONDS", help_heading = "Patience")]
    max_retry_after: f64,
    /// Connections to one host (Wikimedia: at most 3).
    #[arg(long, default_value_t = 8, value_name = "N", help_heading = "Patience")]
    connections_per_host: usize,
    /// An archive that comes to more is a bomb.
    #[arg(long, default_value = "4TiB", value_name = "BYTES", help_heading = "Patience")]
    bomb_size: String,
    /// A member that is more times larger than packed is a bomb (from 64 MiB on).
    #[arg(long, default_value_t = 100, value_name = "N", help_heading = "Patience")]
    bomb_ratio: u64,
}

impl Patience {
    fn limits(&self) -> Result<Limits> {
        let seconds = |option: &str, value: f64| {
            let fits = value.is_finite() && (0.001..=1e9).contains(&value);
            let wrong = || Error::other(format!("{option}: {value} is no number of seconds"), "write a number above 0");
            if fits { Ok(Duration::from_secs_f64(value)) } else { Err(wrong()) }
        };
        let bytes = |option: &str, text: &str| {
            let cure = "write a number, perhaps with KiB, MiB, GiB or TiB";
            crate::recipe::bytes(text).ok_or_else(|| Error::other(format!("{option}: `{text}` is not a size"), cure))
        };
        Ok(Limits {
            connect: seconds("--connect-timeout", self.connect_timeout)?,
            idle: seconds("--idle-timeout", self.idle_timeout)?,
            min_speed: bytes("--min-speed", &self.min_speed)?,
            tries: self.tries.map_or(u32::MAX, |n| n.max(1)),
            retry_for: Duration::from_secs_f64(self.retry_for.clamp(0.0, 1e9)),
            allow_http: self.allow_http,
            max_wait: Duration::from_secs_f64(self.max_retry_after.clamp(0.0, 1e9)),
            per_host: self.connections_per_host.clamp(1, 64),
            bombs: Bombs { size: bytes("--bomb-size", &self.bomb_size)?, ratio: self.bomb_ratio.max(1) },
        })
    }
}

impl Fetch {
    /// Runs the command; gives back the exit code.
    ///
    /// # Errors
    ///
    /// What ends a fetch as a whole: wrong usage, no catalog or store, a licence that is not accepted. Files that
    /// failed are printed, and give the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        self.fetched(context).map_err(room::explained)
    }

    fn fetched(self, context: &Context) -> Result<u8> {
        let catalog = Catalog::load(self.cards.as_deref())?;
        let targets = targets::read(&catalog, &self.names, &self.part, self.revision.as_deref())?;
        let options = Options {
            store: Store::open()?,
            limits: self.patience.limits()?,
            jobs: self.jobs.clamp(1, 256),
            offline: self.offline || ui::offline(),
            accept: self.accept_license,
            include: self.include,
            way: self.way,
            from: self.from,
            replace: self.replace,
            command: ui::command_line(),
            stop: super::interrupt::stop_on_interrupt(),
        };
        if self.dry_run {
            let plan = plan::plan(&targets, &options)?;
            let failed: Vec<_> = plan.sets.iter().flat_map(|s| &s.failed).cloned().collect();
            match context.format {
                Format::Json => super::print(&format!("{}\n", serde_json::to_string(&plan).unwrap_or_default()))?,
                Format::Human => super::print(&shown(&plan))?,
            }
            let sets = vec![crate::fetch::SetReport { failed, ..Default::default() }];
            return code(context, &Summary { sets, ..Summary::default() });
        }
        let summary = run::fetch(&catalog, &targets, &options, &FetchBars::new(context))?;
        match context.format {
            Format::Json => super::print(&format!("{}\n", serde_json::to_string(&summary).unwrap_or_default()))?,
            Format::Human => summarize(context, &summary, &options),
        }
        code(context, &summary)
    }
}

/// The exit code of a summary; its failures are told to people here, and to machines in the summary.
fn code(context: &Context, summary: &Summary) -> Result<u8> {
    match summary.error() {
        None => Ok(0),
        Some(error) => {
            if context.format == Format::Human {
                ui::error(context, &error);
            }
            Ok(error.exit_code())
        }
    }
}

fn summarize(context: &Context, summary: &Summary, options: &Options) {
    for set in &summary.sets {
        let count = |state: &str| set.files.iter().filter(|f| f.state == state).count() as u64;
        let new = count("fetched") + count("imported");
        let bytes: u64 = set.files.iter().filter(|f| f.state != "cached").map(|f| f.bytes).sum();
        if set.files.is_empty() {
            continue;
        }
        let word = if count("imported") > 0 { "imported" } else { "fetched" };
        let mut line = format!("{}: {} {word} ({})", table::line(&set.name), plural(new, "file"), size(bytes));
        if count("cached") > 0 {
            line += &format!(", {} there before", count("cached"));
        }
        if set.revision != "-" {
            line += &format!(" · {}", table::line(&set.revision));
        }
        if !set.licenses.is_empty() {
            line += &format!(" · {}", set.licenses.join("; "));
        }
        ui::say(context, &line);
        let folder = options.store.set(&set.key, &crate::store::key(&set.revision));
        ui::say(context, &format!("  {}", folder.folder().display()));
    }
    if summary.bytes > 0 {
        let speed = size((summary.bytes as f64 / summary.seconds.max(0.001)) as u64);
        ui::say(context, &format!("{} in {:.1} s ({speed}/s)", size(summary.bytes), summary.seconds));
    }
}

/// A plan for people.
fn shown(plan: &Plan) -> String {
    let mut out = String::new();
    let width = table::terminal();
    for set in &plan.sets {
        let revision = set.revision.as_ref().map(|r| format!(" · {}", table::line(r))).unwrap_or_default();
        out += &format!("{}{revision}\n", table::line(&set.name));
        for part in &set.parts {
            let bytes = part.bytes.map(|b| format!(", about {}", size(b))).unwrap_or_default();
            let accept = if part.to_accept { " -> needs --accept-license" } else { "" };
            let license = table::line(&part.license);
            let line = format!("{}{bytes}: licence {license} [{}]{accept}", part.part, part.freedom);
            out += &table::hanging(&format!("  {} ", said("part")), &said(&line), width);
        }
        for way in &set.ways {
            out += &format!("  {}\n", said(&format!("by {}", table::line(&way.way))));
            if let Some(lost) = &way.lost {
                out += &format!("    {}\n", table::line(lost));
            }
            for request in way.request.iter().flat_map(|r| r.lines()).take(20) {
                out += &format!("    {}\n", table::line(request));
            }
        }
        let rows = set.files.iter().take(1000).map(|file| {
            let bytes = file.bytes.map_or_else(|| "?".into(), size);
            let state = if file.cached { "here" } else { "" };
            vec![bytes, said(state).into_owned(), file.part.clone(), table::line(&file.path)]
        });
        let head = ["size", "", "part", "file"].map(|w| said(w).into_owned()).to_vec();
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        if rows.len() > 1 {
            out += &table::table(&rows, 2, width);
        }
        if set.files.len() > 1000 {
            let more = format!("… and {} more (--format json has all)", plural(set.files.len() as u64 - 1000, "file"));
            out += &format!("  {}\n", said(&more));
        }
    }
    out += &said(&total(plan));
    out
}

/// What a plan comes to, and whether the disk holds it.
fn total(plan: &Plan) -> String {
    let about = if plan.estimated > 0 { "about " } else { "" };
    let mut out = format!("Would fetch {about}{}", size(plan.bytes + plan.estimated));
    if plan.estimated > 0 {
        out += &format!(" ({} of it by what cards tell)", size(plan.estimated));
    }
    if plan.untold > 0 {
        let files = plural(plan.untold as u64, "file");
        // Nothing but a count is no size.
        if plan.bytes + plan.estimated == 0 {
            out = format!("Would fetch {files} of unknown size");
        } else {
            out += &format!(" and {files} of unknown size");
        }
    }
    out += "; ";
    out += &plan.free.map_or_else(|| "free disk unknown".into(), |free| format!("{} free", size(free)));
    if let Some(short) = &plan.short {
        out += &format!(".\nThe disk is too small: {short}: {}", room::CURE);
    }
    out.push('\n');
    out
}
