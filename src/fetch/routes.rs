//! Parts to ways: which ways lead to the parts of a target, in the order in which they are tried.

use std::collections::BTreeSet;

use super::client::Client;
use super::door;
use super::endpoints::shown;
use super::problem::{Kind, Problem};
use super::targets::Target;
use super::ways::{self, Glob, Listing, Lists, Request};
use crate::catalog::card::{License, Way};
use crate::rows::Use;
use crate::{Error, Result};

/// A way to some parts of a target.
pub struct Route {
    /// As in the card: `hf:owner/name`.
    pub label: String,
    /// Its place among the ways of the card, from 1.
    pub number: usize,
    /// What to ask for; of several addresses one by one.
    pub requests: Vec<Request>,
    /// The provider that lists its files.
    pub lists: &'static dyn Lists,
    /// The parts it has.
    pub parts: BTreeSet<String>,
    /// What this copy lacks of the original.
    pub lost: Option<String>,
    /// The uses that remain; all where empty.
    pub uses: Vec<Use>,
}

/// The ways to a target, best first; `hand` is none of them. `only` is `--way`.
///
/// # Errors
///
/// [`Error::Other`] where no kind of place reads the address, or `--way` leaves none.
pub fn of(target: &Target, only: Option<&str>) -> Result<Vec<Route>> {
    let Some(card) = &target.card else {
        let first = target.from.first().map(String::as_str).unwrap_or_default();
        let lists = ways::of(first).ok_or_else(|| Error::other(format!("no way leads to `{first}`"), "report this"))?;
        let request = |from: &String| Request::of_name(from, target.revision.as_deref());
        return Ok(vec![Route {
            label: target.name.clone(),
            number: 1,
            requests: target.from.iter().map(request).collect(),
            lists,
            parts: target.parts.iter().cloned().collect(),
            lost: None,
            uses: Vec::new(),
        }]);
    };
    let fits = |number: usize, way: &Way| only.is_none_or(|o| o.parse() == Ok(number) || way.from.starts_with(o));
    let mut routes = Vec::new();
    for (at, way) in card.way.iter().enumerate().filter(|(at, way)| fits(at + 1, way)) {
        let has = |p: &&String| way.files.get(*p).is_some_and(|f| !f.is_empty());
        let parts: Vec<String> = target.parts.iter().filter(has).cloned().collect();
        let Some(lists) = ways::of(&way.from) else { continue };
        if parts.is_empty() || way.from == "hand" {
            continue;
        }
        routes.push(Route {
            label: way.from.clone(),
            number: at + 1,
            requests: vec![Request::of_way(way, &parts, target.revision.as_deref())],
            lists,
            parts: parts.into_iter().collect(),
            lost: way.lost.clone(),
            uses: way.uses.clone(),
        });
    }
    if routes.is_empty() && only.is_some() {
        let all: Vec<String> = card.way.iter().enumerate().map(|(at, w)| format!("{} {}", at + 1, w.from)).collect();
        let message =
            format!("{}: no way `{}` leads to {}", card.name, only.unwrap_or_default(), target.parts.join(", "));
        return Err(Error::Other { message, hint: Some(format!("its ways are: {}", all.join("; "))) });
    }
    Ok(routes)
}

impl Route {
    /// Lists the files of some of its parts, names tamed.
    ///
    /// # Errors
    ///
    /// The problem of the first listing that fails; one where nothing at all matches the card's globs.
    pub async fn list(&self, client: &Client, parts: &BTreeSet<String>) -> Result<Listing, Problem> {
        let mut all = Listing::default();
        for request in &self.requests {
            let mut request = request.clone();
            request.files.retain(|part, _| parts.contains(part));
            let listing = self.lists.list(client, &request).await?;
            all.revision = listing.revision;
            all.license = all.license.or(listing.license).or(self.lists.license());
            all.files.extend(listing.files);
            all.refused.extend(listing.refused);
        }
        ways::tame(&mut all);
        all.files.sort_by(|a, b| a.path.cmp(&b.path));
        for part in parts.iter().filter(|_| all.refused.is_empty()) {
            if !all.files.iter().any(|f| f.part == *part) {
                let globs = self.requests.iter().filter_map(|r| r.files.get(part)).flatten();
                let globs: Vec<&str> = globs.map(String::as_str).collect();
                let what = format!("{}: nothing matches {}", self.label, globs.join(", "));
                let cure = "the set has changed since its card was written: try another way";
                all.lacking.push((part.clone(), Problem::last(Kind::Missing, what).cure(cure)));
            }
        }
        if all.files.is_empty()
            && let Some((_, problem)) = all.lacking.first()
        {
            return Err(problem.clone());
        }
        Ok(all)
    }

    /// Says what a failure of a file means on this way.
    pub fn explain(&self, client: &Client, problem: Problem, source: &str) -> Problem {
        let own = problem.code.is_some() || self.lists.prefixes().contains(&"drive:");
        let problem = match self.requests.first() {
            Some(request) if own => self.lists.explain(client, request, problem),
            _ => problem,
        };
        let host = url::Url::parse(source).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default();
        if problem.what.contains(&host) {
            problem
        } else {
            Problem { what: format!("{} ({})", problem.what, shown(source)), ..problem }
        }
    }

    /// A warning about this copy, where it differs from the original.
    pub fn warning(&self) -> Option<String> {
        let lost = self.lost.as_ref()?;
        let uses: Vec<&str> = self.uses.iter().map(|u| u.as_str()).collect();
        let remain =
            if uses.is_empty() { String::new() } else { format!("; what remains is good for {}", uses.join(", ")) };
        Some(format!("{} lost {lost}{remain}", self.label))
    }
}

/// Keeps what `--include` takes.
///
/// # Errors
/// A glob that takes nothing.
pub fn include(listing: &mut Listing, globs: &[String], name: &str) -> Result<(), Problem> {
    if globs.is_empty() {
        return Ok(());
    }
    let matchers: Vec<Glob> = globs.iter().map(|g| Glob::new(g)).collect::<Result<_, _>>()?;
    for (glob, text) in matchers.iter().zip(globs) {
        if !listing.files.iter().any(|f| glob.takes(&f.path)) {
            let some: Vec<&str> = listing.files.iter().take(5).map(|f| f.path.as_str()).collect();
            let what = format!("{name}: no file matches --include {text}");
            return Err(Problem::last(Kind::Missing, what).cure(format!("its files are called {} …", some.join(", "))));
        }
    }
    listing.files.retain(|f| matchers.iter().any(|g| g.takes(&f.path)));
    listing.refused.retain(|(path, _)| matchers.iter().any(|g| g.takes(path)));
    Ok(())
}

/// Licences of a target, where a set without card is told by its host.
pub fn licenses(target: &Target, listing: Option<&Listing>) -> std::collections::BTreeMap<String, door::InForce> {
    let stated: Option<&License> = listing.and_then(|l| l.license.as_ref());
    door::in_force(target, stated)
}
