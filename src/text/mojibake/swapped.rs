//! Text that was written in one double-byte encoding and read in another: Big5 as GBK (`琌`), GBK as Big5 (`扂蠅`), and
//! Japanese and Korean encodings among them.
//!
//! Both readings are Han, and bytes are valid in either. So a run is put right only where what stands there has as good as
//! no pair that words are made of, and the other reading has them as text does.

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS};

use super::evidence::Evidence;

/// The encoding that bytes were read in, and the one that they were written in.
pub type Pair = (&'static Encoding, &'static Encoding);

/// Those that are tried.
const KNOWN: [Pair; 9] = [
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
const LEAST: usize = 6;
/// Characters of the shortest run that is called misread without being put right.
const LONG: usize = 24;

/// What became of a run.
pub enum Run {
    /// It is text.
    Sound,
    /// It was misread; this is what it says.
    Fixed(String, Pair),
    /// It looks misread, and no encoding explains it.
    Odd,
}

/// Looks at a run of characters beyond ASCII of which many are rare, `signs` of them common punctuation. `before` is what was
/// proved for another run of the text: then a few characters do.
pub fn swapped(run: &str, signs: usize, before: Option<Pair>) -> Run {
    let found = Evidence::of(run);
    if let Some(pair) = before.filter(|_| found.frequent + found.known == 0)
        && let Some((text, other)) = read(run, pair)
        && other.han > 0
        && other.rare == 0
        && other.is_plain()
    {
        return Run::Fixed(text, pair);
    }
    if found.all < LEAST || !found.denies() || is_table(run) {
        return Run::Sound;
    }
    for pair in KNOWN {
        if let Some((text, other)) = read(run, pair)
            && other.proves(LEAST)
            && told(&found, &other)
        {
            return Run::Fixed(text, pair);
        }
    }
    let long = found.han >= LONG && signs * 50 <= found.all;
    if long && found.rare * 3 >= found.han && found.frequent * 10 <= found.han { Run::Odd } else { Run::Sound }
}

/// Whether most characters are the next ones of those before: a table of characters, which misreads as one of kana.
fn is_table(run: &str) -> bool {
    let next =
        run.chars().zip(run.chars().skip(1)).filter(|(a, b)| (1..=4).contains(&(*b as u32).wrapping_sub(*a as u32)));
    next.count() * 2 > run.chars().count()
}

/// What a run says by a pair of encodings.
fn read(run: &str, (read, written): Pair) -> Option<(String, Evidence)> {
    let (bytes, _, lost) = read.encode(run);
    let text = written.decode_without_bom_handling_and_without_replacement(&bytes).filter(|_| !lost)?;
    let found = Evidence::of(&text);
    Some((text.into_owned(), found))
}

/// Whether another reading is told from the one that stands there: by pairs of Han, by letters of another language, or, as
/// kana have the same bytes in GBK and EUC-JP, by frequent Han among them.
fn told(found: &Evidence, other: &Evidence) -> bool {
    let chinese = other.pairs >= LEAST / 2 && other.known * 5 >= other.pairs;
    // Kana in a row are a table; text has Han among them, as frequent as elsewhere.
    let letters =
        other.letters() > 2 * found.letters() && other.han * 8 >= other.letters() && other.frequent * 3 >= other.han;
    let kana =
        found.letters() > 0 && found.frequent + found.known == 0 && found.han >= 4 && other.frequent * 3 >= other.han;
    chinese || letters || kana
}
