//! One form for the variants of a character, whatever the script: what text is looked up by in lists of pairs.
//!
//! The lists were counted of text that was made simplified. Traditional text has several forms of many characters (為 and
//! 爲, 裡 and 裏, 群 and 羣, by place and by font), of which OpenCC's first is but one, and text of both scripts has words
//! that mix them. So a text with any traditional character is looked up by the simplified forms, as the lists were made.

use super::pairs::form;
use super::properties::{SIMPLIFIED, TRADITIONAL, properties};
use super::tally::{CODE, entry};

/// The characters of a text, each with its number above the bits of its code, in the form by which they are looked up.
pub fn unify(codes: &[u32], into: &mut Vec<u32>) {
    let table = properties().table.borrowed();
    into.clear();
    into.extend(codes.iter().map(|of| {
        let (code, one) = (of & CODE, form(of & CODE));
        let other = (one != code).then(|| char::from_u32(one)).flatten();
        other.map_or(*of, |c| entry(c, table.get(c)))
    }));
}

/// Characters of the rarer script of each line, where both are there; all lines together.
pub fn mixed(codes: &[u32]) -> u64 {
    let of = &properties().of;
    let lines = codes.split(|entry| entry & CODE == u32::from('\n'));
    lines.fold(0, |sum, line| {
        let with = |flag: u32| line.iter().filter(|entry| of[(*entry >> 21) as usize] & flag != 0).count() as u64;
        sum + with(SIMPLIFIED).min(with(TRADITIONAL))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::quality::Meter;
    use crate::text::quality::signal::Signal;
    use crate::text::quality::tally::entries;

    #[test]
    fn one_form_of_all_variants() {
        let mut forms = Vec::new();
        unify(&entries("因為和因爲，裡面與裏面；看著她，a𠮷"), &mut forms);
        assert_eq!(forms, entries("因为和因为，里面与里面；看着她，a𠮷"));
    }

    #[test]
    fn scripts_are_mixed_within_lines() {
        let of = |text: &str| {
            let values = Meter::default().measure(text, None);
            [Signal::MixedScript, Signal::MixedLines].map(|signal| values.get(signal).unwrap())
        };
        assert_eq!(of("我们说这个\n他們說這個"), [0.5, 0.0]);
        assert_eq!(of("我们說这個\n他們说這个"), [0.5, 0.5]);
        assert_eq!((of("他們說這個"), of("abc")), ([0.0, 0.0], [0.0, 0.0]));
    }

    #[test]
    fn a_text_is_the_same_in_any_form() {
        let plain =
            "我们在城里的市场看着他们卖菜，因为天气很热，大家都说要喝水。这里的群众后来发现，时间还早，于是又回去了。";
        let forms = [
            "我們在城裡的市場看著他們賣菜，因為天氣很熱，大家都說要喝水。這裡的群眾後來發現，時間還早，於是又回去了。",
            "我們在城裏的市場看着他們賣菜，因爲天氣很熱，大家都說要喝水。這裏的羣衆後來發現，時間還早，於是又回去了。",
            // Both scripts in one text, and in one word.
            "我們在城里的市場看着他們卖菜，因为天氣很热，大家都說要喝水。这裡的群眾后來发現，時间還早，于是又回去了。",
        ];
        let mut meter = Meter::default();
        let signals = [
            Signal::UnlikelyPairs,
            Signal::UnlikelySkips,
            Signal::Sense,
            Signal::LoneHan,
            Signal::KnownPairs,
            Signal::OddPairs,
            Signal::OddTriples,
            Signal::RareRatio,
        ];
        let mut of = |text: &str| {
            let values = meter.measure(text, None);
            signals.map(|signal| values.get(signal))
        };
        let wanted = of(plain);
        forms.iter().for_each(|text| assert_eq!(of(text), wanted, "{text}"));
    }
}
