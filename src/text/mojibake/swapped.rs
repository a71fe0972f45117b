//! Text that was written in one double-byte encoding and read in another: Big5 as GBK (`琌`), GBK as Big5 (`扂蠅`), and
//! Japanese and Korean encodings among them.
//!
//! Both readings are Han, and bytes are valid in either. So a run is put right only where what stands there has as good as
//! no pair that words are made of, and the other reading has them as text does.

use encoding_rs::{BIG5, EUC_JP, EUC_KR, EncoderResult, Encoding, GBK, SHIFT_JIS};

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
/// Known pairs that chance may have put into a run: a wrong reading has one in forty, and verse without any of its own
/// meets two of six in one line of some thousands (132 of 332,661 poems).
const CHANCE: usize = 2;
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
        && let Some((text, other)) = encoded(run, pair.0).and_then(|bytes| decoded(&bytes, pair.1))
        && other.han > 0
        && other.rare == 0
        && other.is_plain()
    {
        return Run::Fixed(text, pair);
    }
    if found.all < LEAST || !found.denies() || is_table(run) {
        return Run::Sound;
    }
    // Of each encoding once, and up to the first character that it does not have: most of them have not all.
    let mut bytes: Vec<(&Encoding, Option<Vec<u8>>)> = Vec::new();
    for pair in KNOWN {
        let at = bytes.iter().position(|(encoding, _)| *encoding == pair.0).unwrap_or_else(|| {
            bytes.push((pair.0, encoded(run, pair.0)));
            bytes.len() - 1
        });
        if let Some((text, other)) = bytes[at].1.as_deref().and_then(|bytes| decoded(bytes, pair.1))
            && other.proves(LEAST)
            && told(&found, &other, if before == Some(pair) { 0 } else { CHANCE })
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

/// The bytes of a run in an encoding that has all of its characters.
pub fn encoded(run: &str, encoding: &'static Encoding) -> Option<Vec<u8>> {
    let mut encoder = encoding.new_encoder();
    let mut bytes = Vec::with_capacity(encoder.max_buffer_length_from_utf8_without_replacement(run.len())?);
    let (result, _) = encoder.encode_from_utf8_to_vec_without_replacement(run, &mut bytes, true);
    (result == EncoderResult::InputEmpty).then_some(bytes)
}

/// What bytes say in another encoding, and what that is worth.
fn decoded(bytes: &[u8], written: &'static Encoding) -> Option<(String, Evidence)> {
    let text = written.decode_without_bom_handling_and_without_replacement(bytes)?;
    let found = Evidence::of(&text);
    Some((text.into_owned(), found))
}

/// Whether another reading is told from the one that stands there: by pairs of Han, by letters of another language, or, as
/// kana have the same bytes in GBK and EUC-JP, by frequent Han among them. `chance` known pairs prove nothing.
fn told(found: &Evidence, other: &Evidence, chance: usize) -> bool {
    let chinese = other.pairs >= LEAST / 2 && other.known * 5 >= other.pairs + chance * 5;
    // Kana in a row are a table; text has Han among them, as frequent as elsewhere.
    let letters =
        other.letters() > 2 * found.letters() && other.han * 8 >= other.letters() && other.frequent * 3 >= other.han;
    let kana =
        found.letters() > 0 && found.frequent + found.known == 0 && found.han >= 4 && other.frequent * 3 >= other.han;
    chinese || letters || kana
}
