//! One file: its bytes in ranges, each where it was left, summed and checked before it gets its name.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use sha2::{Digest, Sha256};

use super::client::Client;
use super::open::{Opened, open};
use super::partial::{Partial, Version};
use super::problem::{Kind, Problem};
use super::progress::Events;
use super::sums::{self, Found};
use super::ways::Remote;
use super::{archive, page, room, verify, wait};
use crate::disk::{free, hex};
use crate::store::Set;

/// What must be gained for a try to count as progress.
const PROGRESS: u64 = 64 << 10;
/// A stretch is written down at least this often.
const MARK: u64 = 1 << 20;
/// Ranges of one file at a time.
const RANGES: usize = 4;
/// What is left of a stretch that is worth cutting in two.
const WORTH: u64 = 16 << 20;
/// A file that arrives faster needs no second connection: bytes a second.
const FAST: u64 = 48 << 20;

/// A file to be fetched.
pub struct Job {
    /// The HTTP client, with its connections.
    pub client: Arc<Client>,
    /// The file to download: its address, size and checksums.
    pub remote: Remote,
    /// The set of the store that takes it in.
    pub set: Set,
    /// The channel for bytes, retries and ends of files.
    pub events: Arc<Events>,
}

/// A file that was fetched.
#[derive(Debug)]
pub struct Done {
    /// Its length in bytes.
    pub bytes: u64,
    /// Its checksums, computed while it was verified.
    pub found: Found,
    /// The entity tag that its host told.
    pub etag: Option<String>,
}

/// A stretch on its way.
struct Segment {
    start: u64,
    at: AtomicU64,
    /// The byte after the last; `u64::MAX` where nobody knows.
    end: AtomicU64,
}

type Running<'a> = BoxFuture<'a, (Arc<Segment>, Result<(), Problem>)>;

struct Run<'a> {
    job: &'a Job,
    partial: Partial,
    /// Whether ranges may be asked for.
    ranges: std::sync::atomic::AtomicBool,
    /// Whether the host said that it does ranges.
    offered: std::sync::atomic::AtomicBool,
    /// Bytes that came in this run.
    came: AtomicU64,
    /// The hosts that sent them.
    hosts: std::sync::Mutex<String>,
}

impl Job {
    /// Whether the whole is checked by sums of some kind, so that bytes of doubtful origin are found out.
    fn checked(&self) -> bool {
        self.remote.expected.any() || verify::is_zip_name(&self.remote.path)
    }

    /// The name of the partial file: a hash of address and size, the same in every run.
    fn identity(&self) -> String {
        let expected = self.remote.expected.line();
        let place = if self.remote.expected.any() { &expected } else { &self.remote.place.identity() };
        hex(&Sha256::digest(format!("{place}|{:?}", self.remote.bytes)))
    }

    /// Fetches the file to its place in the store.
    ///
    /// # Errors
    ///
    /// The problem that ended the transfer or the check of its sums, lasting or no longer waited for; what the disk
    /// says; a file in its place that no fetch put there.
    pub async fn run(&self) -> Result<Done, Problem> {
        let remote = &self.remote;
        let partial = Partial::open(
            &self.set.partial(),
            &remote.path,
            &self.identity(),
            &remote.expected,
            remote.bytes,
            self.checked(),
        )?;
        self.events.add(partial.bytes());
        let run = Run {
            job: self,
            partial,
            ranges: true.into(),
            offered: false.into(),
            came: 0.into(),
            hosts: self.remote.place.host(&self.client).into(),
        };
        let mut again = false;
        loop {
            run.transfer().await?;
            match run.check().await {
                Ok(found) => {
                    let (bytes, version) = (run.partial.bytes(), run.partial.version());
                    self.set.unclaimed(&remote.path, &found.sha256)?;
                    self.set.make_room(&remote.path)?;
                    let (partial, to) = (run.partial, self.set.path(&remote.path));
                    blocking(move || partial.place(&to, bytes)).await??;
                    return Ok(Done { bytes, found, etag: version.tag });
                }
                Err(problem) if problem.retry && !again => {
                    // Once more from the start, in one piece: a range may have held other bytes than it said.
                    again = true;
                    self.events.retry(&remote.path, &problem.what);
                    run.ranges.store(false, Ordering::Relaxed);
                    run.reset()?;
                }
                Err(problem) => {
                    run.reset()?;
                    return Err(problem);
                }
            }
        }
    }
}

impl Run<'_> {
    fn reset(&self) -> Result<(), Problem> {
        self.job.events.remove(self.partial.bytes());
        Ok(self.partial.reset(self.job.remote.bytes)?)
    }

    /// Whether a problem means that the file has to be fetched anew: it is another one, or the host does no ranges.
    fn is_changed(&self, problem: &Problem, segment: &Segment) -> bool {
        match problem.kind {
            Kind::Changed => true,
            Kind::NoRanges => {
                self.ranges.store(false, Ordering::Relaxed);
                true
            }
            _ => problem.status == Some(416) && segment.start > 0,
        }
    }

    /// Until all bytes are there.
    async fn transfer(&self) -> Result<(), Problem> {
        let limits = &self.job.client.limits;
        let mut active: FuturesUnordered<Running<'_>> = FuturesUnordered::new();
        let mut segments: Vec<Arc<Segment>> = Vec::new();
        let (mut tries, mut restarts, mut best) = (wait::Tries::default(), 0, self.partial.bytes());
        let mut next_at = Instant::now();
        let mut tick = tokio::time::interval(Duration::from_millis(500));
        let (mut speed, mut ticks) = ((Instant::now(), self.came.load(Ordering::Relaxed)), 0u32);
        loop {
            if active.is_empty() {
                let Some(gap) = self.partial.gaps().into_iter().next() else { return Ok(()) };
                tokio::time::sleep_until(next_at.into()).await;
                self.start(gap, &mut segments, &active);
                (speed, ticks) = ((Instant::now(), self.came.load(Ordering::Relaxed)), 0);
            }
            tokio::select! {
                Some((segment, result)) = active.next() => {
                    segments.retain(|s| !Arc::ptr_eq(s, &segment));
                    let Err(problem) = result else { continue };
                    if self.is_changed(&problem, &segment) {
                        active.clear();
                        segments.clear();
                        self.reset()?;
                        restarts += 1;
                        if restarts >= limits.tries.min(wait::FEW) {
                            return Err(Problem { kind: Kind::Remote, retry: true, ..problem });
                        }
                        continue;
                    }
                    if !problem.retry {
                        return Err(problem);
                    }
                    let bytes = self.partial.bytes();
                    if bytes >= best + PROGRESS {
                        tries.gained();
                    }
                    best = best.max(bytes);
                    let what = problem.what.clone();
                    next_at = Instant::now() + tries.next(problem, limits)?;
                    self.job.events.retry(&self.job.remote.path, &what);
                }
                _ = tick.tick() => {
                    ticks += 1;
                    if ticks.is_multiple_of(4) && Instant::now() >= next_at {
                        let came = self.came.load(Ordering::Relaxed);
                        let per_second = (came - speed.1) as f64 / speed.0.elapsed().as_secs_f64();
                        speed = (Instant::now(), came);
                        if let Some(gap) = self.grow(&segments, per_second as u64) {
                            self.start(gap, &mut segments, &active);
                        }
                    }
                }
            }
        }
    }

    fn start<'s>(
        &'s self,
        (from, to): (u64, Option<u64>),
        segments: &mut Vec<Arc<Segment>>,
        active: &FuturesUnordered<Running<'s>>,
    ) {
        let segment = Segment { start: from, at: from.into(), end: to.unwrap_or(u64::MAX).into() };
        let segment = Arc::new(segment);
        segments.push(segment.clone());
        active.push(Box::pin(async move {
            let result = self.segment(&segment).await;
            (segment, result)
        }));
    }

    /// A stretch for one more connection, where that helps: one that nobody works on, or half of the longest.
    fn grow(&self, segments: &[Arc<Segment>], speed: u64) -> Option<(u64, Option<u64>)> {
        let may = self.ranges.load(Ordering::Relaxed) && self.offered.load(Ordering::Relaxed);
        let sure = self.job.remote.expected.any() || self.partial.version().condition().is_some();
        if !may
            || !sure
            || segments.len() >= RANGES
            || speed >= FAST
            || !self.job.remote.place.has_room(&self.job.client)
        {
            return None;
        }
        let taken = |from: u64| segments.iter().any(|s| (s.start..s.end.load(Ordering::Relaxed)).contains(&from));
        if let Some((from, to)) = self.partial.gaps().into_iter().find(|gap| !taken(gap.0)) {
            // As far as the next stretch that somebody works on.
            let next = segments.iter().map(|s| s.start).filter(|start| *start > from).min();
            return Some((from, to.into_iter().chain(next).min()));
        }
        let left = |s: &Segment| s.end.load(Ordering::Relaxed).saturating_sub(s.at.load(Ordering::Relaxed));
        let longest = segments.iter().filter(|s| s.end.load(Ordering::Relaxed) != u64::MAX).max_by_key(|s| left(s))?;
        if left(longest) < 2 * WORTH {
            return None;
        }
        let end = longest.end.load(Ordering::Relaxed);
        let middle = end - left(longest) / 2;
        longest.end.store(middle, Ordering::Relaxed);
        Some((middle, Some(end)))
    }

    /// Fetches a stretch. `Ok` means that it ended as it should, not that all of it is there.
    async fn segment(&self, segment: &Segment) -> Result<(), Problem> {
        let (job, remote) = (self.job, &self.job.remote);
        let version = self.partial.version();
        let end = segment.end.load(Ordering::Relaxed);
        let whole = segment.start == 0 && (end == u64::MAX || Some(end) == version.total.or(remote.bytes));
        if !whole && !self.ranges.load(Ordering::Relaxed) && segment.start > 0 {
            return Err(Problem::last(Kind::NoRanges, "the host does not do ranges"));
        }
        let range = (!whole).then_some((segment.start, (end != u64::MAX).then_some(end)));
        let condition = if remote.expected.any() { None } else { version.condition() };
        let mut opened = open(&job.client, remote, range, condition).await?;
        if let Ok(mut hosts) = self.hosts.lock() {
            hosts.clone_from(&opened.hosts);
        }
        self.meet(segment, &version, &opened)?;
        let mut mark = Mark { run: self, from: segment.start, at: segment.start };
        let first = segment.start;
        while let Some(block) = opened.body.next().await? {
            let end = segment.end.load(Ordering::Relaxed);
            let room = usize::try_from(end - mark.at).unwrap_or(usize::MAX).min(block.len());
            if room < block.len() && opened.whole && Some(end) == self.partial.version().total {
                let what = format!("{}: sends more than the {end} bytes that were told", opened.hosts);
                return Err(Problem::last(Kind::Changed, what));
            }
            self.partial.write(mark.at, &block[..room])?;
            mark.at += room as u64;
            segment.at.store(mark.at, Ordering::Relaxed);
            self.came.fetch_add(room as u64, Ordering::Relaxed);
            job.events.add(room as u64);
            if mark.at - mark.from >= MARK {
                mark.down()?;
            }
            if mark.at >= segment.end.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
        let end = segment.end.load(Ordering::Relaxed);
        if end == u64::MAX {
            // A body of unknown length has ended properly.
            mark.down()?;
            segment.end.store(mark.at, Ordering::Relaxed);
            let version = Version { total: Some(mark.at), ..self.partial.version() };
            return Ok(self.partial.begin(&version)?);
        }
        if mark.at < end && (!opened.short || mark.at - first < PROGRESS) {
            let what = format!("{}: the answer ended {} bytes early", opened.hosts, end - mark.at);
            return Err(Problem::passing(what));
        }
        Ok(())
    }

    /// Whether an answer is of the file that is being fetched; learns its version where it is the first one.
    fn meet(&self, segment: &Segment, version: &Version, opened: &Opened) -> Result<(), Problem> {
        let remote = &self.job.remote;
        if let (Some(expected), Some(is)) = (remote.bytes, opened.version.total)
            && expected != is
        {
            return Err(Problem::passing(format!(
                "{}: has {is} bytes, not the {expected} that were told",
                opened.hosts
            )));
        }
        if opened.offers_ranges {
            self.offered.store(true, Ordering::Relaxed);
        }
        if opened.whole && segment.start > 0 {
            let same = version.agrees(&opened.version);
            let kind = if same { Kind::NoRanges } else { Kind::Changed };
            return Err(Problem::last(kind, format!("{}: sends the whole file for a part of it", opened.hosts)));
        }
        let known = if remote.expected.any() {
            Version { total: version.total, ..Default::default() }
        } else {
            version.clone()
        };
        if self.partial.bytes() > 0 && !known.agrees(&opened.version) {
            return Err(Problem::last(Kind::Changed, format!("{}: the file has changed meanwhile", opened.hosts)));
        }
        if self.partial.bytes() > 0 && version.total.is_none() && opened.version.total.is_some() {
            let total = opened.version.total;
            segment.end.fetch_min(total.unwrap_or(u64::MAX), Ordering::Relaxed);
            self.partial.begin(&Version { total, ..version.clone() })?;
        }
        if self.partial.bytes() == 0 {
            let total = opened.version.total.or(remote.bytes);
            let version = Version { total, ..opened.version.clone() };
            self.partial.begin(&version)?;
            if let Some(total) = total {
                segment.end.fetch_min(total, Ordering::Relaxed);
                let left = free(self.partial.path()).unwrap_or(u64::MAX);
                if let Some(what) = room::short(total, left, "the disk of the store") {
                    return Err(Problem::last(Kind::Here, what).cure(room::CURE));
                }
            }
        }
        Ok(())
    }

    /// Sums and checks the whole.
    async fn check(&self) -> Result<Found, Problem> {
        let events = self.job.events.clone();
        let stop = move || events.stopped();
        // Only the little that did not pass in order is read back, so the runtime may wait for it.
        let found = tokio::task::block_in_place(|| self.partial.finish(&stop));
        let host = self.hosts.lock().map(|h| h.clone()).unwrap_or_default();
        let found = found.map_err(|e| match e {
            Ok(what) => sums::mismatch(what).about(&host),
            Err(error) => error.into(),
        })?;
        if !self.job.remote.expected.any() {
            let (path, name) = (self.partial.path().to_owned(), self.job.remote.path.clone());
            let (bombs, events) = (self.job.client.limits.bombs, self.job.events.clone());
            blocking(move || look(&path, &name, bombs, &|| events.stopped())).await?.map_err(|p| p.about(host))?;
        }
        Ok(found)
    }
}

/// What the bytes themselves tell: a web page in the place of data; a zip whose members do not match their sums.
fn look(path: &Path, name: &str, bombs: verify::Bombs, stop: &dyn Fn() -> bool) -> Result<(), Problem> {
    if verify::begins_like_html(path)? && !verify::is_html_name(name) {
        return Err(page::sent(&[], &verify::beginning(path)?));
    }
    // What is an archive of another kind under a zip's name is kept, and named once it is there.
    if verify::is_zip(path)? || (verify::is_zip_name(name) && archive::sealed(path)?.is_none()) {
        verify::zip(path, bombs, stop)?;
    }
    Ok(())
}

/// Runs what waits for a disk beside the runtime.
///
/// # Errors
///
/// A lasting problem where the work panicked or the runtime shuts down.
pub async fn blocking<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(act).await.map_err(|e| Problem::last(Kind::Here, e.to_string()))
}

/// Writes down how far a stretch came, also where it is dropped on the way.
struct Mark<'r, 'a> {
    run: &'r Run<'a>,
    from: u64,
    at: u64,
}

impl Mark<'_, '_> {
    fn down(&mut self) -> Result<(), Problem> {
        if self.at > self.from {
            self.run.partial.mark(self.from, self.at)?;
            self.from = self.at;
        }
        Ok(())
    }
}

impl Drop for Mark<'_, '_> {
    fn drop(&mut self) {
        let _ = self.down();
    }
}
