//! OpenCC's configurations (`data/config/*.json`), one each.

use std::sync::OnceLock;

use super::dictionary::Dictionary;
use super::{Converter, Step};

macro_rules! dictionaries {
    ($($name:ident = $($file:literal)+;)*) => {
        /// A dictionary, or a union of several.
        #[derive(Clone, Copy)]
        enum Name { $($name),* }

        const FILES: &[&[&str]] = &[$(&[$(include_str!(concat!("data/", $file, ".txt"))),+]),*];
        static LOADED: [OnceLock<Dictionary>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];
    };
}

dictionaries! {
    Compatibility = "CJK_Compatibility_Ideographs";
    StPhrases = "STPhrases" "STPhrases_GeneratedFromRegionalPhrases";
    StCharacters = "STCharacters";
    TsPhrases = "TSPhrases";
    TsCharactersExt = "TSCharactersExt";
    TsCharacters = "TSCharacters";
    TwPhrases = "TWPhrases";
    TwPhrasesRev = "TWPhrasesRev";
    TwVariants = "TWVariants";
    TwVariantsPhrases = "TWVariantsPhrases";
    TwVariantsRev = "TWVariantsRev";
    TwVariantsRevPhrases = "TWVariantsRevPhrases";
    HkPhrases = "HKPhrases";
    HkPhrasesRev = "HKPhrasesRev";
    HkVariants = "HKVariants";
    HkVariantsPhrases = "HKVariantsPhrases";
    HkVariantsRev = "HKVariantsRev";
    HkVariantsRevPhrases = "HKVariantsRevPhrases";
    JpPhrases = "JPShinjitaiPhrases";
    JpCharacters = "JPShinjitaiCharacters";
    JpCharactersRev = "JPShinjitaiCharactersRev";
}

use Name::*;

const S2T: &[Name] = &[StPhrases, StCharacters];
const T2S: &[Name] = &[TsPhrases, TsCharactersExt, TsCharacters];
const TW: &[Name] = &[TwVariantsPhrases, TwVariants];
const TWP: &[Name] = &[TwPhrases, TwVariantsPhrases, TwVariants];
const HK: &[Name] = &[HkVariantsPhrases, HkVariants];
const HKP: &[Name] = &[HkPhrases, HkVariantsPhrases, HkVariants];
const TW_REV: &[Name] = &[TwVariantsRevPhrases, TwVariantsRev];
const TWP_REV: &[Name] = &[TwPhrasesRev, TwVariantsRevPhrases, TwVariantsRev];
const HK_REV: &[Name] = &[HkVariantsRevPhrases, HkVariantsRev];
const HKP_REV: &[Name] = &[HkPhrasesRev, HkVariantsRevPhrases, HkVariantsRev];

/// The dictionary that segments, if any, and the chain.
struct Config(Option<Name>, &'static [&'static [Name]]);

const CONFIGS: [Config; NAMES.len()] = [
    Config(Some(TsPhrases), &[HK_REV, T2S]),
    Config(Some(TsPhrases), &[HKP_REV, T2S]),
    Config(None, &[HK_REV]),
    Config(None, &[&[JpPhrases, JpCharacters]]),
    Config(Some(StPhrases), &[S2T, HK]),
    Config(Some(StPhrases), &[S2T, HKP]),
    Config(None, &[S2T]),
    Config(Some(StPhrases), &[S2T, TW]),
    Config(Some(StPhrases), &[S2T, TWP]),
    Config(None, &[HK]),
    Config(None, &[&[JpCharactersRev]]),
    Config(None, &[T2S]),
    Config(None, &[TW]),
    Config(Some(TsPhrases), &[TW_REV, T2S]),
    Config(Some(TsPhrases), &[TWP_REV, T2S]),
    Config(None, &[TW_REV]),
];

/// OpenCC's names of the modes: `s` Simplified, `t` Traditional as OpenCC writes it, `tw` Taiwan, `hk` Hong Kong, `jp`
/// Japanese; `p`: with the words of the place.
pub const NAMES: [&str; 16] = [
    "hk2s", "hk2sp", "hk2t", "jp2t", "s2hk", "s2hkp", "s2t", "s2tw", "s2twp", "t2hk", "t2jp", "t2s", "t2tw", "tw2s",
    "tw2sp", "tw2t",
];

/// The converter of a mode; made at its first use (up to 50 ms), then kept.
pub fn mode(name: &str) -> Option<&'static Converter> {
    static MADE: [OnceLock<Converter>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
    let at = NAMES.iter().position(|n| *n == name)?;
    Some(MADE[at].get_or_init(|| {
        let Config(segments, chain) = &CONFIGS[at];
        Converter {
            normal: step(&[Compatibility]),
            segments: segments.map(|name| step(&[name])),
            chain: chain.iter().map(|names| step(names)).collect(),
        }
    }))
}

/// Traditional characters and the Simplified ones that they become where no phrase says otherwise.
pub fn simplified() -> impl Iterator<Item = (char, char)> {
    characters(TsCharacters)
}

/// Simplified characters and the Traditional ones that they become where no phrase says otherwise.
pub fn traditional() -> impl Iterator<Item = (char, char)> {
    characters(StCharacters)
}

/// Traditional characters as OpenCC writes them, and as Taiwan or Hong Kong does.
pub fn variants() -> impl Iterator<Item = (char, char)> {
    characters(TwVariants).chain(characters(HkVariants))
}

fn characters(name: Name) -> impl Iterator<Item = (char, char)> {
    let lines = FILES[name as usize].iter().flat_map(|text| text.lines());
    let pairs = lines.filter_map(|line| line.split_once('\t'));
    pairs.filter_map(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)))
}

fn step(names: &[Name]) -> Step {
    let load = |name: &Name| {
        let at = *name as usize;
        LOADED[at].get_or_init(|| Dictionary::new(FILES[at]))
    };
    Step::new(names.iter().map(load).collect())
}
