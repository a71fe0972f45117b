//! HTML entities.

use std::borrow::Cow;

use memchr::memchr;

/// Names of HTML 4 and those of HTML 5 that wikis use, sorted.
#[rustfmt::skip]
const NAMES: &[(&str, char)] = &[
    ("AElig", '\u{C6}'), ("Aacute", '\u{C1}'), ("Acirc", '\u{C2}'), ("Agrave", '\u{C0}'), ("Alpha", '\u{391}'),
    ("Amacr", '\u{100}'), ("Aring", '\u{C5}'), ("Atilde", '\u{C3}'), ("Auml", '\u{C4}'), ("Beta", '\u{392}'),
    ("Ccaron", '\u{10C}'), ("Ccedil", '\u{C7}'), ("Chi", '\u{3A7}'), ("Dagger", '\u{2021}'), ("Delta", '\u{394}'),
    ("ETH", '\u{D0}'), ("Eacute", '\u{C9}'), ("Ecirc", '\u{CA}'), ("Egrave", '\u{C8}'), ("Emacr", '\u{112}'),
    ("Epsilon", '\u{395}'), ("Eta", '\u{397}'), ("Euml", '\u{CB}'), ("Gamma", '\u{393}'), ("Iacute", '\u{CD}'),
    ("Icirc", '\u{CE}'), ("Igrave", '\u{CC}'), ("Imacr", '\u{12A}'), ("Iota", '\u{399}'), ("Iuml", '\u{CF}'),
    ("Kappa", '\u{39A}'), ("Lambda", '\u{39B}'), ("Lstrok", '\u{141}'), ("Mu", '\u{39C}'), ("NewLine", '\u{A}'),
    ("Ntilde", '\u{D1}'), ("Nu", '\u{39D}'), ("OElig", '\u{152}'), ("Oacute", '\u{D3}'), ("Ocirc", '\u{D4}'),
    ("Ograve", '\u{D2}'), ("Omacr", '\u{14C}'), ("Omega", '\u{3A9}'), ("Omicron", '\u{39F}'), ("Oslash", '\u{D8}'),
    ("Otilde", '\u{D5}'), ("Ouml", '\u{D6}'), ("Phi", '\u{3A6}'), ("Pi", '\u{3A0}'), ("Prime", '\u{2033}'),
    ("Psi", '\u{3A8}'), ("Rho", '\u{3A1}'), ("Scaron", '\u{160}'), ("Sigma", '\u{3A3}'), ("THORN", '\u{DE}'),
    ("Tab", '\u{9}'), ("Tau", '\u{3A4}'), ("Theta", '\u{398}'), ("Uacute", '\u{DA}'), ("Ucirc", '\u{DB}'),
    ("Ugrave", '\u{D9}'), ("Umacr", '\u{16A}'), ("Upsilon", '\u{3A5}'), ("Uuml", '\u{DC}'), ("Xi", '\u{39E}'),
    ("Yacute", '\u{DD}'), ("Yuml", '\u{178}'), ("Zcaron", '\u{17D}'), ("Zeta", '\u{396}'), ("aacute", '\u{E1}'),
    ("abreve", '\u{103}'), ("acirc", '\u{E2}'), ("acute", '\u{B4}'), ("aelig", '\u{E6}'), ("agrave", '\u{E0}'),
    ("alefsym", '\u{2135}'), ("alpha", '\u{3B1}'), ("amacr", '\u{101}'), ("amp", '\u{26}'), ("and", '\u{2227}'),
    ("ang", '\u{2220}'), ("aogon", '\u{105}'), ("apos", '\u{27}'), ("aring", '\u{E5}'), ("ast", '\u{2A}'),
    ("asymp", '\u{2248}'), ("atilde", '\u{E3}'), ("auml", '\u{E4}'), ("bdquo", '\u{201E}'), ("beta", '\u{3B2}'),
    ("bigstar", '\u{2605}'), ("blacksquare", '\u{25AA}'), ("breve", '\u{2D8}'), ("brvbar", '\u{A6}'),
    ("bsol", '\u{5C}'), ("bull", '\u{2022}'), ("cap", '\u{2229}'), ("caron", '\u{2C7}'), ("ccaron", '\u{10D}'),
    ("ccedil", '\u{E7}'), ("cedil", '\u{B8}'), ("cent", '\u{A2}'), ("check", '\u{2713}'), ("chi", '\u{3C7}'),
    ("circ", '\u{2C6}'), ("clubs", '\u{2663}'), ("colon", '\u{3A}'), ("comma", '\u{2C}'), ("commat", '\u{40}'),
    ("cong", '\u{2245}'), ("copy", '\u{A9}'), ("crarr", '\u{21B5}'), ("cup", '\u{222A}'), ("curren", '\u{A4}'),
    ("dArr", '\u{21D3}'), ("dagger", '\u{2020}'), ("darr", '\u{2193}'), ("dash", '\u{2010}'), ("deg", '\u{B0}'),
    ("delta", '\u{3B4}'), ("diams", '\u{2666}'), ("divide", '\u{F7}'), ("dollar", '\u{24}'), ("dot", '\u{2D9}'),
    ("eacute", '\u{E9}'), ("ecaron", '\u{11B}'), ("ecirc", '\u{EA}'), ("egrave", '\u{E8}'), ("ell", '\u{2113}'),
    ("emacr", '\u{113}'), ("empty", '\u{2205}'), ("emsp", '\u{2003}'), ("emsp13", '\u{2004}'),
    ("emsp14", '\u{2005}'), ("ensp", '\u{2002}'), ("eogon", '\u{119}'), ("epsilon", '\u{3B5}'), ("epsiv", '\u{3F5}'),
    ("equals", '\u{3D}'), ("equiv", '\u{2261}'), ("eta", '\u{3B7}'), ("eth", '\u{F0}'), ("euml", '\u{EB}'),
    ("euro", '\u{20AC}'), ("excl", '\u{21}'), ("exist", '\u{2203}'), ("female", '\u{2640}'), ("flat", '\u{266D}'),
    ("fnof", '\u{192}'), ("forall", '\u{2200}'), ("frac12", '\u{BD}'), ("frac13", '\u{2153}'), ("frac14", '\u{BC}'),
    ("frac15", '\u{2155}'), ("frac18", '\u{215B}'), ("frac23", '\u{2154}'), ("frac34", '\u{BE}'),
    ("frac38", '\u{215C}'), ("frac58", '\u{215D}'), ("frac78", '\u{215E}'), ("frasl", '\u{2044}'),
    ("gamma", '\u{3B3}'), ("gbreve", '\u{11F}'), ("ge", '\u{2265}'), ("geqslant", '\u{2A7E}'), ("grave", '\u{60}'),
    ("gt", '\u{3E}'), ("hArr", '\u{21D4}'), ("hairsp", '\u{200A}'), ("half", '\u{BD}'), ("harr", '\u{2194}'),
    ("hbar", '\u{210F}'), ("hearts", '\u{2665}'), ("hellip", '\u{2026}'), ("horbar", '\u{2015}'),
    ("hyphen", '\u{2010}'), ("iacute", '\u{ED}'), ("icirc", '\u{EE}'), ("iexcl", '\u{A1}'), ("igrave", '\u{EC}'),
    ("imacr", '\u{12B}'), ("image", '\u{2111}'), ("infin", '\u{221E}'), ("inodot", '\u{131}'), ("int", '\u{222B}'),
    ("iota", '\u{3B9}'), ("iquest", '\u{BF}'), ("isin", '\u{2208}'), ("iuml", '\u{EF}'), ("kappa", '\u{3BA}'),
    ("lArr", '\u{21D0}'), ("lambda", '\u{3BB}'), ("lang", '\u{27E8}'), ("langle", '\u{27E8}'), ("laquo", '\u{AB}'),
    ("larr", '\u{2190}'), ("lbrace", '\u{7B}'), ("lbrack", '\u{5B}'), ("lceil", '\u{2308}'), ("ldquo", '\u{201C}'),
    ("le", '\u{2264}'), ("leqslant", '\u{2A7D}'), ("lfloor", '\u{230A}'), ("lowast", '\u{2217}'),
    ("lowbar", '\u{5F}'), ("loz", '\u{25CA}'), ("lpar", '\u{28}'), ("lrm", '\u{200E}'), ("lsaquo", '\u{2039}'),
    ("lsquo", '\u{2018}'), ("lstrok", '\u{142}'), ("lt", '\u{3C}'), ("macr", '\u{AF}'), ("male", '\u{2642}'),
    ("mapsto", '\u{21A6}'), ("mdash", '\u{2014}'), ("micro", '\u{B5}'), ("middot", '\u{B7}'), ("minus", '\u{2212}'),
    ("mu", '\u{3BC}'), ("nabla", '\u{2207}'), ("natural", '\u{266E}'), ("nbsp", '\u{A0}'), ("ncaron", '\u{148}'),
    ("ndash", '\u{2013}'), ("ne", '\u{2260}'), ("ni", '\u{220B}'), ("not", '\u{AC}'), ("notin", '\u{2209}'),
    ("nsub", '\u{2284}'), ("ntilde", '\u{F1}'), ("nu", '\u{3BD}'), ("num", '\u{23}'), ("numsp", '\u{2007}'),
    ("oacute", '\u{F3}'), ("ocirc", '\u{F4}'), ("oelig", '\u{153}'), ("ograve", '\u{F2}'), ("oline", '\u{203E}'),
    ("omacr", '\u{14D}'), ("omega", '\u{3C9}'), ("omicron", '\u{3BF}'), ("oplus", '\u{2295}'), ("or", '\u{2228}'),
    ("ordf", '\u{AA}'), ("ordm", '\u{BA}'), ("oslash", '\u{F8}'), ("otilde", '\u{F5}'), ("otimes", '\u{2297}'),
    ("ouml", '\u{F6}'), ("para", '\u{B6}'), ("part", '\u{2202}'), ("percnt", '\u{25}'), ("period", '\u{2E}'),
    ("permil", '\u{2030}'), ("perp", '\u{22A5}'), ("phi", '\u{3C6}'), ("phone", '\u{260E}'), ("pi", '\u{3C0}'),
    ("piv", '\u{3D6}'), ("planck", '\u{210F}'), ("plus", '\u{2B}'), ("plusmn", '\u{B1}'), ("pound", '\u{A3}'),
    ("prime", '\u{2032}'), ("prod", '\u{220F}'), ("prop", '\u{221D}'), ("psi", '\u{3C8}'), ("puncsp", '\u{2008}'),
    ("quest", '\u{3F}'), ("quot", '\u{22}'), ("rArr", '\u{21D2}'), ("radic", '\u{221A}'), ("rang", '\u{27E9}'),
    ("rangle", '\u{27E9}'), ("raquo", '\u{BB}'), ("rarr", '\u{2192}'), ("rbrace", '\u{7D}'), ("rbrack", '\u{5D}'),
    ("rcaron", '\u{159}'), ("rceil", '\u{2309}'), ("rdquo", '\u{201D}'), ("real", '\u{211C}'), ("reg", '\u{AE}'),
    ("rfloor", '\u{230B}'), ("rho", '\u{3C1}'), ("rightleftharpoons", '\u{21CC}'), ("ring", '\u{2DA}'),
    ("rlm", '\u{200F}'), ("rpar", '\u{29}'), ("rsaquo", '\u{203A}'), ("rsquo", '\u{2019}'), ("sbquo", '\u{201A}'),
    ("scaron", '\u{161}'), ("scedil", '\u{15F}'), ("sdot", '\u{22C5}'), ("sect", '\u{A7}'), ("semi", '\u{3B}'),
    ("setminus", '\u{2216}'), ("sharp", '\u{266F}'), ("shy", '\u{AD}'), ("sigma", '\u{3C3}'), ("sigmaf", '\u{3C2}'),
    ("sim", '\u{223C}'), ("sol", '\u{2F}'), ("spades", '\u{2660}'), ("square", '\u{25A1}'), ("squf", '\u{25AA}'),
    ("star", '\u{2606}'), ("starf", '\u{2605}'), ("sub", '\u{2282}'), ("sube", '\u{2286}'), ("sum", '\u{2211}'),
    ("sung", '\u{266A}'), ("sup", '\u{2283}'), ("sup1", '\u{B9}'), ("sup2", '\u{B2}'), ("sup3", '\u{B3}'),
    ("supe", '\u{2287}'), ("szlig", '\u{DF}'), ("tau", '\u{3C4}'), ("there4", '\u{2234}'), ("theta", '\u{3B8}'),
    ("thetasym", '\u{3D1}'), ("thinsp", '\u{2009}'), ("thorn", '\u{FE}'), ("tilde", '\u{2DC}'), ("times", '\u{D7}'),
    ("trade", '\u{2122}'), ("uArr", '\u{21D1}'), ("uacute", '\u{FA}'), ("uarr", '\u{2191}'), ("ucirc", '\u{FB}'),
    ("ugrave", '\u{F9}'), ("umacr", '\u{16B}'), ("uml", '\u{A8}'), ("upsih", '\u{3D2}'), ("upsilon", '\u{3C5}'),
    ("uuml", '\u{FC}'), ("varphi", '\u{3D5}'), ("verbar", '\u{7C}'), ("vert", '\u{7C}'), ("weierp", '\u{2118}'),
    ("xi", '\u{3BE}'), ("yacute", '\u{FD}'), ("yen", '\u{A5}'), ("yuml", '\u{FF}'), ("zcaron", '\u{17E}'),
    ("zeta", '\u{3B6}'), ("zwj", '\u{200D}'), ("zwnj", '\u{200C}'),
];

/// Longest name or number that is looked at.
const LONGEST: usize = 20;

/// The text with entities as the characters that they stand for; spaces that do not break become plain ones.
pub(in crate::text) fn decoded(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut done = 0;
    let mut i = 0;
    while let Some(at) = memchr(b'&', &bytes[i..]) {
        let start = i + at;
        i = start + 1;
        let window = &bytes[i..bytes.len().min(i + LONGEST)];
        let Some(end) = memchr(b';', window) else { continue };
        let Some(c) = character(&text[i..i + end]) else { continue };
        out.push_str(&text[done..start]);
        out.push(if c == '\u{A0}' { ' ' } else { c });
        i += end + 1;
        done = i;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// What the entity between `&` and `;` stands for.
fn character(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return NAMES.binary_search_by(|(n, _)| (*n).cmp(name)).ok().map(|at| NAMES[at].1);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    let c = char::from_u32(code.ok()?)?;
    if let '\u{80}'..='\u{9F}' = c {
        // Read by browsers as what Windows had there.
        let byte = [c as u8];
        let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte);
        return text.chars().next();
    }
    (!super::is_mark(c) && (!c.is_control() || c == '\n' || c == '\t')).then_some(c)
}
