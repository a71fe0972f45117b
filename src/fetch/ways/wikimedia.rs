//! `wikimedia:zhwiki`: dumps of Wikimedia's projects: the newest date whose dump is done, by `dumpstatus.json`.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;

use super::{Listing, Lists, Place, Remote, Request, join};
use crate::catalog::Freedom;
use crate::catalog::card::License;
use crate::fetch::client::{Ask, Client, authority};
use crate::fetch::problem::{Kind, Problem};
use crate::fetch::sums::Checksums;

/// The way.
pub const LISTS: Wikimedia = Wikimedia;

/// Dumps of Wikimedia.
pub struct Wikimedia;

const PREFIX: &str = "wikimedia:";
/// The job whose files are taken, and which must be done.
const JOB: &str = "articlesmultistreamdump";
/// The job that joins the files of a wiki that is dumped in parts: it is done later.
const WHOLE: &str = "articlesmultistreamdumprecombine";
/// Dates that are looked at before giving up.
const DATES: usize = 12;

impl Lists for Wikimedia {
    fn prefixes(&self) -> &'static [&'static str] {
        &[PREFIX]
    }

    fn list<'a>(&'a self, client: &'a Client, request: &'a Request) -> BoxFuture<'a, Result<Listing, Problem>> {
        async move { list(client, request).await.map_err(|p| self.explain(client, request, p)) }.boxed()
    }

    fn plan(&self, client: &Client, request: &Request) -> String {
        let wiki = request.rest(PREFIX);
        let date = request.revision.as_deref().unwrap_or("NEWEST_DATE_THAT_IS_DONE");
        format!("GET {}", join(&client.endpoints.wikimedia, [wiki, date, "dumpstatus.json"]))
    }

    fn license(&self) -> Option<License> {
        Some(License::new("CC-BY-SA-4.0 and GFDL", Freedom::Open, "Wikimedia's terms of use"))
    }
}

async fn list(client: &Client, request: &Request) -> Result<Listing, Problem> {
    let wiki = request.rest(PREFIX);
    if let Some(date) = request.revision.as_deref().filter(|r| *r != "latest") {
        let jobs = jobs(client, wiki, date).await.map_err(|p| {
            let cure = "dates are deleted after some months: leave the date out for the newest, or look at \
                        https://dumps.wikimedia.org";
            if p.kind == Kind::Missing { p.about(format!("{wiki} has no dump of {date}")).cure(cure) } else { p }
        })?;
        let state = jobs[JOB]["status"].as_str().unwrap_or("unknown");
        if state != "done" {
            let what = format!(
                "{}: the dump of {wiki} of {date} is not done ({state})",
                authority(&client.endpoints.wikimedia)
            );
            return Err(
                Problem::last(Kind::Missing, what).cure("wait, or leave the date out for the newest one that is done")
            );
        }
        return files(client, request, date, &jobs);
    }
    let (index, _, url) = client.page(&Ask::get(join(&client.endpoints.wikimedia, [wiki, ""]))).await?;
    let dates = dates(&String::from_utf8_lossy(&index));
    for date in dates.iter().rev().take(DATES) {
        match jobs(client, wiki, date).await {
            Ok(jobs) if jobs[JOB]["status"] == "done" => match files(client, request, date, &jobs) {
                // What a card asks for may be made by a job that is not done yet.
                Err(problem) if problem.kind == Kind::Missing => {}
                listing => return listing,
            },
            // A date that is being made, or cleared away, is passed over.
            Ok(_) => {}
            Err(problem) if problem.kind == Kind::Missing || problem.retry => {}
            Err(problem) => return Err(problem),
        }
    }
    let what = format!("{}: no dump of {wiki} is done, of {} dates", authority(&url), dates.len());
    Err(Problem::last(Kind::Missing, what).cure("check the name of the wiki, as in zhwiki or zh_classicalwiki"))
}

async fn jobs(client: &Client, wiki: &str, date: &str) -> Result<Value, Problem> {
    let url = join(&client.endpoints.wikimedia, [wiki, date, "dumpstatus.json"]);
    let (status, _, _) = client.json(&Ask::get(url)).await?;
    Ok(status["jobs"].clone())
}

/// The dates that an index links to, in order.
fn dates(index: &str) -> Vec<String> {
    let links = index.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut dates: Vec<String> = links
        .map(|link| link.trim_end_matches('/').rsplit('/').next().unwrap_or_default())
        .filter(|date| date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()))
        .map(str::to_owned)
        .collect();
    dates.sort();
    dates.dedup();
    dates
}

/// The files asked for of a date: by globs over all jobs that are done, else the XML of the multistream job.
fn files(client: &Client, request: &Request, date: &str, jobs: &Value) -> Result<Listing, Problem> {
    let wiki = request.rest(PREFIX);
    let globs = request.globs()?;
    let any = request.files.values().all(Vec::is_empty);
    let mut listing = Listing { revision: date.to_owned(), license: LISTS.license(), ..Listing::default() };
    for (job, state) in jobs.as_object().into_iter().flatten() {
        if state["status"] != "done" || (any && job != JOB && job != WHOLE) {
            continue;
        }
        for (name, file) in state["files"].as_object().into_iter().flatten() {
            let Some(part) = request.part_of(&globs, name).filter(|_| !any || name.contains(".xml")) else { continue };
            let text = |key: &str| file[key].as_str().map(str::to_owned);
            let url = join(&client.endpoints.wikimedia, [wiki, date, name]);
            let expected = Checksums {
                sha1: text("sha1"),
                md5: text("md5").filter(|_| text("sha1").is_none()),
                ..Checksums::default()
            };
            let source = url.to_string();
            let bytes = file["size"].as_u64();
            let mut remote = Remote { path: name.clone(), part, place: Place::web(url), source, bytes, expected };
            request.pin(&mut remote, name);
            if !listing.files.iter().any(|f| f.path == *name) {
                listing.files.push(remote);
            }
        }
    }
    one_kind(&mut listing.files);
    let lacks = |part: &String| !listing.files.iter().any(|f| f.part == *part);
    if request.files.keys().any(lacks) {
        let what = format!(
            "{}: the dump of {wiki} of {date} has not all files that are asked for",
            authority(&client.endpoints.wikimedia)
        );
        return Err(Problem::last(Kind::Missing, what));
    }
    Ok(listing)
}

/// The whole and its parts hold the same pages: where both are there, the parts go.
fn one_kind(files: &mut Vec<Remote>) {
    let wholes: Vec<String> = files.iter().filter(|f| !is_part(&f.path)).map(|f| stem(&f.path)).collect();
    files.retain(|f| !is_part(&f.path) || !wholes.contains(&stem(&f.path)));
}

/// `…-multistream3.xml-p1p9.bz2` is a part of `…-multistream.xml.bz2`.
fn is_part(name: &str) -> bool {
    name.split_once(".xml").is_some_and(|(_, rest)| rest.starts_with("-p"))
}

fn stem(name: &str) -> String {
    let head = name.split_once(".xml").map_or(name, |(head, _)| head);
    if is_part(name) { head.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned() } else { head.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_links() {
        let index =
            "<a href=\"../\">..</a><a href=\"20240120/\">x</a><a href=\"/zhwiki/20240101/\"><a href=\"latest/\">";
        assert_eq!(dates(index), ["20240101", "20240120"]);
    }

    #[test]
    fn the_whole_or_its_parts() {
        let names = |all: &[&str]| {
            let remote = |name: &&str| Remote {
                path: (*name).to_owned(),
                part: "all".into(),
                place: Place::web(url::Url::parse("http://h/").unwrap()),
                source: String::new(),
                bytes: None,
                expected: Checksums::default(),
            };
            let mut files: Vec<Remote> = all.iter().map(remote).collect();
            one_kind(&mut files);
            files.into_iter().map(|f| f.path).collect::<Vec<_>>()
        };
        let parts =
            ["zhwiki-1-pages-articles-multistream1.xml-p1p9.bz2", "zhwiki-1-pages-articles-multistream2.xml-p9p99.bz2"];
        assert_eq!(names(&parts), parts);
        let whole = "zhwiki-1-pages-articles-multistream.xml.bz2";
        assert_eq!(names(&[parts[0], whole, parts[1]]), [whole]);
        assert_eq!(names(&[parts[0], "zhwiki-1-pages-articles.xml.bz2"]).len(), 2);
    }
}
