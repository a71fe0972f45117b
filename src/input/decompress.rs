//! Decompression: every member, stream and frame of a file.

use std::io::{self, BufRead, BufReader, Read};

use super::Compression;

/// Bytes read from disk at once.
const CHUNK: usize = 1 << 20;

/// The compression that the first bytes of a stream tell.
pub(crate) fn by_magic(head: &[u8]) -> Compression {
    match head {
        [0x1f, 0x8b, 8, ..] => Compression::Gzip,
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] if bzip2_block(rest) => Compression::Bzip2,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        _ => Compression::None,
    }
}

fn bzip2_block(rest: &[u8]) -> bool {
    rest.starts_with(&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) || rest.starts_with(&[0x17, 0x72, 0x45, 0x38, 0x50, 0x90])
}

/// The decompressed bytes of a stream.
pub(crate) fn reader<R: Read + Send + 'static>(raw: R, compression: Compression) -> io::Result<Box<dyn Read + Send>> {
    let buffered = |raw| BufReader::with_capacity(CHUNK, raw);
    Ok(match compression {
        Compression::None => Box::new(raw),
        Compression::Gzip => Box::new(Gzip::new(buffered(raw))),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(buffered(raw))),
        Compression::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(buffered(raw))),
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(buffered(raw))?;
            decoder.window_log_max(31)?;
            Box::new(decoder)
        }
    })
}

/// All members of a gzip file; zero bytes after a member are padding.
struct Gzip<R: BufRead> {
    state: State<R>,
}

#[allow(clippy::large_enum_variant, reason = "one a file")]
enum State<R: BufRead> {
    Between { raw: R, first: bool },
    Member(flate2::bufread::GzDecoder<R>),
    Over,
}

impl<R: BufRead> Gzip<R> {
    fn new(raw: R) -> Self {
        Gzip { state: State::Between { raw, first: true } }
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Ok(0),
                State::Between { mut raw, first } => {
                    let more = first || skip_zeros(&mut raw)?;
                    if !more {
                        return Ok(0);
                    }
                    self.state = State::Member(flate2::bufread::GzDecoder::new(raw));
                }
                State::Member(mut member) => match member.read(out)? {
                    0 => self.state = State::Between { raw: member.into_inner(), first: false },
                    count => {
                        self.state = State::Member(member);
                        return Ok(count);
                    }
                },
            }
        }
    }
}

/// Skips zero bytes; whether anything stands behind them.
fn skip_zeros(raw: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let there = raw.fill_buf()?;
        if there.is_empty() {
            return Ok(false);
        }
        let zeros = there.iter().take_while(|b| **b == 0).count();
        let more = zeros < there.len();
        raw.consume(zeros);
        if more {
            return Ok(true);
        }
    }
}
