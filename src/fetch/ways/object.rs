//! `s3://`, `gs://`, `az://`: object stores, with the settings of their own environment variables. Without
//! credentials requests go unsigned, which is what public buckets want.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};

use super::{Listing, Lists, Place, Remote, Request};
use crate::fetch::client::Client;
use crate::fetch::names;
use crate::fetch::open::object_problem;
use crate::fetch::problem::{Kind, Problem};
use crate::fetch::sums::Checksums;
use crate::objects::{self, Patience};

/// The way.
pub const LISTS: Object = Object;

/// Object stores.
pub struct Object;

impl Lists for Object {
    fn prefixes(&self) -> &'static [&'static str] {
        &["s3://", "gs://", "az://"]
    }

    fn list<'a>(&'a self, client: &'a Client, request: &'a Request) -> BoxFuture<'a, Result<Listing, Problem>> {
        async move { list(client, request).await.map_err(|p| self.explain(client, request, p)) }.boxed()
    }

    fn plan(&self, _: &Client, request: &Request) -> String {
        format!("LIST {}", request.from)
    }
}

/// Scheme, bucket and key of an address.
fn parts(from: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = from.split_once("://")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then_some((scheme, bucket, key))
}

fn open(client: &Client, scheme: &str, bucket: &str) -> Result<Arc<dyn ObjectStore>, Problem> {
    let limits = &client.limits;
    let patience = Patience {
        connect: limits.connect,
        // Ours watch the body: this one ends a request as a whole, however fast it is.
        answer: None,
        idle: limits.per_host,
        again: limits.tries.min(crate::fetch::wait::FEW).saturating_sub(1) as usize,
        retry_for: limits.max_wait.min(std::time::Duration::from_secs(180)),
    };
    objects::open(scheme, bucket, &patience).map_err(|e| {
        Problem::last(Kind::Gated, format!("{scheme}://{bucket}: {}", names::shown(&e.to_string())))
            .cure("set the variables of the store: AWS_*, GOOGLE_*, AZURE_STORAGE_ACCOUNT and its key")
    })
}

async fn list(client: &Client, request: &Request) -> Result<Listing, Problem> {
    let wrong = || Problem::last(Kind::Missing, "names no bucket").cure("write s3://BUCKET/FOLDER/ or s3://BUCKET/KEY");
    let (scheme, bucket, key) = parts(&request.from).ok_or_else(wrong)?;
    let store = open(client, scheme, bucket)?;
    let host = format!("{scheme}://{bucket}");
    let permit = client.place(&host, client.limits.per_host).acquire_owned().await;
    let _permit = permit.map_err(|_| Problem::passing("stopped"))?;
    let mut listing = Listing { revision: "-".into(), ..Listing::default() };
    let whole = !request.card && !key.is_empty() && !key.ends_with('/');
    let objects: Vec<ObjectMeta> = if whole {
        let path = Path::parse(key).map_err(|e| Problem::last(Kind::Missing, e.to_string()))?;
        vec![store.head(&path).await.map_err(|e| object_problem(e, &host).about(key))?]
    } else {
        let prefix = Path::parse(key.trim_matches('/')).map_err(|e| Problem::last(Kind::Missing, e.to_string()))?;
        let found: object_store::Result<Vec<ObjectMeta>> = store.list(Some(&prefix)).try_collect().await;
        found.map_err(|e| object_problem(e, &host).about(key))?
    };
    let globs = request.globs()?;
    for meta in objects {
        let location = meta.location.to_string();
        // Below the folder that was named; a single object under its own name.
        let folder = if whole { key.rsplit_once('/').map_or("", |(folder, _)| folder) } else { key.trim_matches('/') };
        let path = location.strip_prefix(folder).unwrap_or(&location).trim_start_matches('/').to_owned();
        let Some(part) = request.part_of(&globs, &path) else { continue };
        let place = Place::Object { store: store.clone(), key: meta.location.clone(), host: host.clone() };
        let source = format!("{host}/{location}");
        let bytes = Some(meta.size);
        let mut remote = Remote { path: path.clone(), part, place, source, bytes, expected: Checksums::default() };
        request.pin(&mut remote, &path);
        listing.files.push(remote);
    }
    listing.files.sort_by(|a, b| a.path.cmp(&b.path));
    if listing.files.is_empty() && !request.card {
        return Err(Problem::last(Kind::Missing, format!("{host}: nothing lies under {}", names::shown(key))));
    }
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_buckets() {
        assert_eq!(parts("s3://b/a/c.txt"), Some(("s3", "b", "a/c.txt")));
        assert_eq!(parts("gs://b"), Some(("gs", "b", "")));
        assert_eq!(parts("az:///x"), None);
    }
}
