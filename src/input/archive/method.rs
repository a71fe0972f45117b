//! How members of zips are compressed, and what reads them: Windows writes Deflate64 for large ones, 7-Zip what it is told.

use std::io::{self, BufRead, BufReader, Read};

use zip::CompressionMethod;

/// How a member is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflate,
    Deflate64,
    Bzip2,
    Lzma,
    Xz,
    Zstd,
}

impl Method {
    /// The method that an archive says; `None` of one that is not read.
    pub(super) fn of(said: CompressionMethod) -> Option<Method> {
        Some(match said {
            CompressionMethod::STORE => Method::Stored,
            CompressionMethod::DEFLATE => Method::Deflate,
            CompressionMethod::DEFLATE64 => Method::Deflate64,
            CompressionMethod::BZIP2 => Method::Bzip2,
            CompressionMethod::LZMA => Method::Lzma,
            CompressionMethod::XZ => Method::Xz,
            CompressionMethod::ZSTD => Method::Zstd,
            _ => return None,
        })
    }

    /// The bytes of a member of `size` bytes.
    pub(super) fn reader(self, raw: impl BufRead + Send + 'static, size: u64) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Method::Stored => Box::new(raw),
            Method::Deflate => Box::new(flate2::bufread::DeflateDecoder::new(raw)),
            Method::Deflate64 => Box::new(deflate64::Deflate64Decoder::with_buffer(raw)),
            Method::Bzip2 => Box::new(bzip2::bufread::BzDecoder::new(raw)),
            Method::Lzma => lzma(raw, size)?,
            Method::Xz => Box::new(liblzma::bufread::XzDecoder::new(raw)),
            Method::Zstd => Box::new(zstd::Decoder::with_buffer(raw)?),
        })
    }
}

/// LZMA as a zip has it: two bytes of version, how long the properties are, the properties, and a stream without the
/// header that it has as a file of its own.
fn lzma(mut raw: impl BufRead + Send + 'static, size: u64) -> io::Result<Box<dyn Read + Send>> {
    let mut head = [0; 9];
    raw.read_exact(&mut head)?;
    if head[2..4] != [5, 0] {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the LZMA header of the member makes no sense"));
    }
    let header = [&head[4..], &size.to_le_bytes()].concat();
    let stream = liblzma::stream::Stream::new_lzma_decoder(u64::MAX)?;
    let whole = BufReader::new(io::Cursor::new(header).chain(raw));
    Ok(Box::new(liblzma::bufread::XzDecoder::new_stream(whole, stream)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn each_method_gives_the_bytes_back() {
        let text = "码头的灯亮了。".repeat(3);
        let bytes = text.as_bytes();
        // Of so short a text, Deflate64 is Deflate.
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        deflate.write_all(bytes).unwrap();
        let deflate = deflate.finish().unwrap();
        let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bz.write_all(bytes).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(bytes).unwrap();
        let options = liblzma::stream::LzmaOptions::new_preset(1).unwrap();
        let alone = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
        let mut lzma = liblzma::write::XzEncoder::new_stream(Vec::new(), alone);
        lzma.write_all(bytes).unwrap();
        let lzma = lzma.finish().unwrap();
        let lzma = [&[9, 20, 5, 0], &lzma[..5], &lzma[13..]].concat();
        for (method, packed) in [
            (CompressionMethod::STORE, bytes.to_vec()),
            (CompressionMethod::DEFLATE, deflate.clone()),
            (CompressionMethod::DEFLATE64, deflate),
            (CompressionMethod::BZIP2, bz.finish().unwrap()),
            (CompressionMethod::LZMA, lzma),
            (CompressionMethod::XZ, xz.finish().unwrap()),
            (CompressionMethod::ZSTD, zstd::encode_all(bytes, 1).unwrap()),
        ] {
            let reader = Method::of(method).unwrap().reader(io::Cursor::new(packed), bytes.len() as u64).unwrap();
            let mut read = String::new();
            reader.take(bytes.len() as u64).read_to_string(&mut read).unwrap();
            assert_eq!(read, text, "{method}");
        }
        assert_eq!(Method::of(CompressionMethod::PPMD), None);
        assert!(Method::Lzma.reader(io::Cursor::new(vec![1; 20]), 5).is_err());
    }
}
