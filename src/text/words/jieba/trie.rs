//! The dictionary as it is compiled in, and with words of a user in it: a trie in the order of its levels.
//!
//! `dictionary.zst` is made of `dict.txt` and `hmm.model` of jieba-rs (MIT, from <https://github.com/fxsjy/jieba>, MIT)
//! by `tests/it/jieba.rs`, which says the layout again from the side of the writer. Unpacked it is, in numbers of seven
//! bits a byte (LEB128) where nothing else is said: the sum of all frequencies; bytes of the characters, and the
//! characters in UTF-8, most frequent first; how many different frequencies there are, and what each is more than the
//! one before; how many nodes there are, and for each node in the order of levels how many children it has, then for
//! each but the root how many numbers of characters lie between it and the sibling before, then the index of its
//! frequency from 1, 0 where it is no word. Behind them the hidden Markov model: 4 first and 16 transition probabilities
//! (f64, little endian), how many different emission probabilities there are and what they are (f64), and for each
//! character of the list four indexes of them from 1 (u16, little endian), 0 where there is none.

/// The packed dictionary.
static PACKED: &[u8] = include_bytes!("dictionary.zst");

/// Bytes that unpacking makes room for; more is refused.
const ROOM: usize = 4 << 20;

/// A trie whose nodes stand level by level, siblings together and by character. The root is node 0.
#[derive(Default)]
pub struct Trie {
    /// How many children a node has.
    pub fans: Vec<u16>,
    /// The character of a node, by its number.
    pub chars: Vec<u16>,
    /// The frequency of the word that ends in a node, by its place in [`Pack::frequencies`]; 0 where none ends.
    pub words: Vec<u32>,
}

/// What jieba knows: characters, words with their frequencies, and the hidden Markov model of unknown words.
pub struct Pack {
    /// Characters by number, most frequent first.
    pub chars: Vec<char>,
    /// The words.
    pub trie: Trie,
    /// The different frequencies; the first is of no word.
    pub frequencies: Vec<u32>,
    /// The sum of all frequencies, also of words that can never be found.
    pub total: u64,
    /// Natural logarithms: of the first state of a word's character (begin, end, middle, single).
    pub first: [f64; 4],
    /// Of a state behind another.
    pub follows: [[f64; 4]; 4],
    /// Of a character in a state, by character; `None` where the model has none.
    pub emits: Vec<[Option<f64>; 4]>,
}

/// Reads numbers from the front of bytes. Behind the end all are 0: the file is compiled in, and a test reads it.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    #[inline]
    fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        while let Some((byte, rest)) = self.0.split_first() {
            self.0 = rest;
            number |= u64::from(byte & 127) << shift;
            shift = (shift + 7) & 63;
            if *byte < 128 {
                break;
            }
        }
        number
    }

    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.bytes(N).try_into().unwrap_or([0; N])
    }

    fn real(&mut self) -> f64 {
        f64::from_le_bytes(self.array())
    }
}

impl Pack {
    /// The dictionary that is compiled in.
    pub fn read() -> Pack {
        let bytes = zstd::bulk::decompress(PACKED, ROOM).unwrap_or_default();
        let mut from = Reader(&bytes);
        let total = from.number();
        let length = from.number() as usize;
        let chars: Vec<char> = String::from_utf8_lossy(from.bytes(length)).chars().collect();
        let mut frequencies = vec![0];
        for _ in 0..from.number() {
            frequencies.push(frequencies.last().copied().unwrap_or(0) + from.number() as u32);
        }
        let trie = Trie::read(&mut from);
        let first = std::array::from_fn(|_| from.real());
        let follows = std::array::from_fn(|_| std::array::from_fn(|_| from.real()));
        let count = from.number();
        let values: Vec<f64> = (0..count).map(|_| from.real()).collect();
        let mut value = || values.get((u16::from_le_bytes(from.array()) as usize).wrapping_sub(1)).copied();
        let emits = chars.iter().map(|_| std::array::from_fn(|_| value())).collect();
        Pack { chars, trie, frequencies, total, first, follows, emits }
    }
}

impl Trie {
    fn read(from: &mut Reader) -> Trie {
        let nodes = from.number() as usize;
        let fans: Vec<u16> = (0..nodes).map(|_| from.number() as u16).collect();
        let mut chars = Vec::with_capacity(nodes);
        chars.push(0);
        for fan in &fans {
            let mut next = 0;
            for _ in 0..*fan {
                next += from.number() as u16;
                chars.push(next);
                next += 1;
            }
        }
        let words = std::iter::once(0).chain((1..nodes).map(|_| from.number() as u32)).collect();
        Trie { fans, chars, words }
    }

    /// This trie with further words: numbers of characters and the place of the frequency, sorted, each once. A word that
    /// is there gets the new frequency.
    pub fn with(&self, own: &[(Vec<u16>, u32)]) -> Trie {
        let mut kids = Vec::with_capacity(self.fans.len());
        let mut next = 1;
        for fan in &self.fans {
            kids.push(next);
            next += *fan as usize;
        }
        let mut out = Trie { fans: Vec::new(), chars: vec![0], words: vec![0] };
        // For each node of the new trie its node in this one, and the stretch of new words that begin with it.
        let mut nodes = std::collections::VecDeque::from([(Some(0), 0, own.len(), 0)]);
        while let Some((old, mut from, to, depth)) = nodes.pop_front() {
            let mut olds = old.map_or(0..0, |node: usize| kids[node]..kids[node] + self.fans[node] as usize).peekable();
            while from < to && own[from].0.len() == depth {
                from += 1;
            }
            let mut fan = 0;
            loop {
                let new = own[from..to].first().map(|(word, _)| word[depth]);
                let there = olds.peek().map(|node| self.chars[*node]);
                let Some(char) = new.into_iter().chain(there).min() else { break };
                let old = if there == Some(char) { olds.next() } else { None };
                let (start, ends) = (from, |(word, _): &(Vec<u16>, u32)| word.len() == depth + 1);
                from += own[from..to].iter().take_while(|(word, _)| word[depth] == char).count();
                let own = own[start..from].first().filter(|w| ends(w)).map(|w| w.1);
                out.chars.push(char);
                out.words.push(own.or(old.map(|node| self.words[node])).unwrap_or(0));
                nodes.push_back((old, start, from, depth + 1));
                fan += 1;
            }
            out.fans.push(fan);
        }
        out
    }
}
