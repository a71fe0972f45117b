//! What reading any row needs from all files of a source ([`Container::prepare`](crate::formats::Container::prepare)):
//! looked for once, kept in the work folder as `prepared/HASH`, and named by every file's layout. The hash is of the
//! inputs, so neither a second build nor another recipe over the same files looks again.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::InputFile;
use crate::formats::{self, Piece};
use crate::objects;
use crate::output::parquet_file::write_whole;
use crate::pipeline::jobs::{CODE, fingerprint};
use crate::{Error, Result};

/// Prepares the files of a source that need it. Nothing is read unless `read` says so: then the layouts only name what
/// a build would make.
///
/// # Errors
///
/// [`Error::Io`] of reading a file or writing what was found.
pub fn prepare(files: &mut [InputFile], work: &Path, threads: usize, read: bool) -> Result<()> {
    let needs = |f: &InputFile| {
        let container = formats::container(&f.read_as().container)?;
        container.prepares(f.read_as()).then_some(container)
    };
    let found: Vec<usize> = (0..files.len()).filter(|n| needs(&files[*n]).is_some()).collect();
    let Some(container) = found.first().and_then(|n| needs(&files[*n])) else { return Ok(()) };
    let inputs: Vec<_> = found.iter().map(|n| (&files[*n].sha256, &files[*n].member)).collect();
    let place = work.join("prepared").join(fingerprint(&(CODE, container.name(), inputs)));
    if read && !place.is_file() {
        let next = AtomicUsize::new(0);
        let slots: Vec<Mutex<Option<Result<Vec<u8>>>>> = found.iter().map(|_| Mutex::new(None)).collect();
        std::thread::scope(|scope| {
            for _ in 0..threads.clamp(1, found.len()) {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(slot) = slots.get(index) else { break };
                        let result = prepared_bytes(&files[found[index]], container);
                        if let Ok(mut slot) = slot.lock() {
                            *slot = Some(result);
                        }
                    }
                });
            }
        });
        let mut parts = Vec::new();
        for slot in slots {
            let result = slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            parts.push(result.unwrap_or_else(|| Err(Error::Engine("a file was not looked at".into())))?);
        }
        if let Some(folder) = place.parent() {
            std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        }
        write_whole(&place, &container.join(parts))?;
    }
    let place = std::path::absolute(&place).map_err(Error::io(&place))?;
    for index in found {
        let file = &mut files[index];
        Arc::make_mut(&mut file.layout).prepared = Some(place.clone());
        if let Some(copy) = &mut file.unpacked {
            Arc::make_mut(&mut copy.layout).prepared = Some(place.clone());
        }
    }
    Ok(())
}

/// What the container remembers of one file to read it: from its plain copy if that is there.
fn prepared_bytes(file: &InputFile, container: &dyn formats::Container) -> Result<Vec<u8>> {
    let (path, member, layout) = match &file.unpacked {
        Some(copy) if copy.path.is_file() => (&copy.path, &copy.member, &copy.layout),
        _ => (&file.path, &file.member, &file.layout),
    };
    let found = container.prepare(&Piece::whole(path, member.as_deref()), layout).map_err(Error::io(path));
    objects::lost().map_or(found, Err)
}
