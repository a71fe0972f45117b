//! The hidden Markov model: words that the dictionary does not have, out of characters that it left alone.

use super::tables::Tables;

/// States: a word's first character, its last, one between, or all of it.
const BEGIN: usize = 0;
const END: usize = 1;
const MIDDLE: usize = 2;
const SINGLE: usize = 3;

/// What may come before a state. Of two equal paths the second is taken, as in jieba.
const BEFORE: [[usize; 2]; 4] = [[END, SINGLE], [BEGIN, MIDDLE], [BEGIN, MIDDLE], [END, SINGLE]];

/// The states before each state, two bits each, where those of [`BEFORE`] are taken that the bits of the index say.
const CHOICES: [u8; 16] = {
    let mut all = [0; 16];
    let mut choices = 0;
    while choices < 16 {
        let mut state = 0;
        while state < 4 {
            all[choices] |= (BEFORE[state][choices >> state & 1] as u8) << (2 * state);
            state += 1;
        }
        choices += 1;
    }
    all
};

/// Takes out of `starts` the bits of characters that belong to the word of the one before. `rows` has the model's row of
/// each character, at least two, of which the first is at bit `from`; `back` has room for as many.
pub fn join(tables: &Tables, rows: &[u16], from: usize, starts: &mut [u64], back: &mut [u8]) {
    let emit = |row: u16| tables.emits[row as usize];
    let follows = &tables.follows;
    let first = emit(rows[0]);
    let mut paths: [f64; 4] = std::array::from_fn(|state| tables.first[state] + first[state]);
    for (row, back) in rows[1..].iter().zip(&mut *back) {
        let emit = emit(*row);
        let (mut next, mut choices) = ([0.0; 4], 0);
        for state in 0..4 {
            let [one, two] = BEFORE[state];
            let one = paths[one] + follows[one][state] + emit[state];
            let two = paths[two] + follows[two][state] + emit[state];
            choices |= usize::from(one <= two) << state;
            next[state] = if one > two { one } else { two };
        }
        paths = next;
        *back = CHOICES[choices];
    }
    let mut state = if paths[END] > paths[SINGLE] { END } else { SINGLE };
    let mut joined = 0u64;
    for (at, back) in back[..rows.len() - 1].iter().enumerate().rev() {
        let at = from + at + 1;
        // The last of a word, or one between.
        joined |= ((state ^ state >> 1) as u64 & 1) << (at & 63);
        if at & 63 == 0 {
            starts[at >> 6] &= !joined;
            joined = 0;
        }
        state = (back >> (2 * state) & 3) as usize;
    }
    starts[from >> 6] &= !joined;
}
