//! Text that was written in one double-byte encoding and read in another: Big5 as GBK (`琌`), GBK as Big5 (`扂蠅`), and
//! Japanese and Korean encodings among them.
//!
//! Both readings are Han, and bytes are valid in either. So a run is put right only where what stands there has as good as
//! no pair that words are made of, and the other reading has them as text does.

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS};

use super::evidence::Evidence;

/// The encoding that bytes were read in, and the one that they were written in.
const KNOWN: [(&Encoding, &Encoding); 9] = [
    (BIG5, GBK),
    (GBK, BIG5),
    (SHIFT_JIS, GBK),
    (EUC_KR, GBK),
    (EUC_JP, GBK),
    (GBK, EUC_JP),
    (GBK, SHIFT_JIS),
    (SHIFT_JIS, BIG5),
    (EUC_KR, BIG5),
];
/// Characters that are proof enough.
const LEAST: usize = 8;
/// Characters of the shortest run that is called misread without being put right.
const LONG: usize = 24;

/// What became of a run.
pub enum Run {
    /// It is text.
    Sound,
    /// It was misread; this is what it says.
    Fixed(String),
    /// It looks misread, and no encoding explains it.
    Odd,
}

/// Looks at a run of characters beyond ASCII of which many are rare, `signs` of them common punctuation.
pub fn swapped(run: &str, signs: usize) -> Run {
    let found = Evidence::of(run);
    if found.all < LEAST || !found.denies() {
        return Run::Sound;
    }
    for (read, written) in KNOWN {
        let (bytes, _, lost) = read.encode(run);
        if lost {
            continue;
        }
        let Some(text) = written.decode_without_bom_handling_and_without_replacement(&bytes) else { continue };
        let other = Evidence::of(&text);
        if other.proves(LEAST) && other.pairs >= LEAST / 2 && other.known * 5 >= other.pairs {
            return Run::Fixed(text.into_owned());
        }
    }
    let odd =
        found.han >= LONG && found.rare * 3 >= found.han && signs * 50 <= found.all && found.frequent * 10 <= found.han;
    if odd { Run::Odd } else { Run::Sound }
}
