//! Members of compressed tars that are looked into, copied out of them in one pass.
//!
//! A member of a compressed tar can only be read from the start of the archive. A build unpacks the archive once; a plan
//! that reads stretches copies what it reads of the members that it looks into, so that it neither needs room for all nor
//! streams the archive again for each of them.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::input;
use crate::pipeline::inputs::InputFile;
use crate::pipeline::inputs::unpack::PlainCopy;
use crate::{Error, Result};

/// Bytes of a member behind those that are read: the rest of the row that the last of them is in.
const BEHIND: u64 = 1 << 20;

/// Copies what is read of those of `files` that are members of compressed tars and are `wanted` (places): their first
/// `bytes`, and a row more. They are in plain tars in `folder` (its own), one an archive, and are read from these from now on. Gives
/// back the places of files that were not copied whole. An archive that breaks is read as it is, up to the break.
///
/// # Errors
///
/// [`Error::Io`] of writing to the folder.
pub fn copy(files: &mut [InputFile], wanted: &[usize], bytes: u64, folder: &Path) -> Result<Vec<usize>> {
    let mut archives: BTreeMap<PathBuf, HashMap<String, usize>> = BTreeMap::new();
    for at in wanted.iter().copied() {
        let file = &files[at];
        // The other side of an aligned text is a member too.
        let packed = file.layout.transport.is_compressed() && file.layout.container != "aligned";
        if let (Some(member), None, true) = (&file.member, &file.unpacked, packed) {
            archives.entry(file.path.clone()).or_default().insert(member.clone(), at);
        }
    }
    let mut cut = Vec::new();
    if !archives.is_empty() {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    for (number, (path, members)) in archives.into_iter().enumerate() {
        copy_of(files, (&path, members), bytes, (&folder.join(format!("{number}.tar")), &mut cut))?;
    }
    cut.sort_unstable();
    Ok(cut)
}

/// The same for one archive.
fn copy_of(
    files: &mut [InputFile],
    (path, mut members): (&Path, HashMap<String, usize>),
    bytes: u64,
    (place, cut): (&Path, &mut Vec<usize>),
) -> Result<()> {
    let Some(first) = members.values().next() else { return Ok(()) };
    let compression = files[*first].layout.transport.compression;
    let file = File::create(place).map_err(Error::io(place))?;
    let mut tar = tar::Builder::new(BufWriter::with_capacity(1 << 20, file));
    let mut copied = Vec::new();
    // What breaks does so again for its reader, who says what is wrong; what was written before is whole.
    let _ = input::each_member(path, compression, &mut |member, stream| {
        let Some(at) = members.remove(&member.name) else { return Ok(true) };
        let most = if files[at].layout.is_random_access() { u64::MAX } else { bytes.saturating_add(BEHIND) };
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(member.size.min(most));
        let name = format!("{:08}", copied.len());
        tar.append_data(&mut header, &name, stream.take(most))?;
        if member.size > most {
            cut.push(at);
        }
        copied.push((at, name));
        Ok(!members.is_empty())
    });
    let file = tar.into_inner().and_then(|file| file.into_inner().map_err(std::io::IntoInnerError::into_error));
    let length = file.and_then(|file| file.metadata()).map_err(Error::io(place))?.len();
    for (at, name) in copied {
        let layout = Arc::new(files[at].layout.decompressed());
        let copy = PlainCopy { path: place.to_path_buf(), bytes: length, member: Some(name), layout };
        files[at].unpacked = Some(Box::new(copy));
    }
    Ok(())
}
