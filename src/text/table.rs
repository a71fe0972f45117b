//! A byte for every character, in two levels: a number of a page for each 256 characters, and pages of 256 bytes.
//!
//! Equal pages are kept once, so a table over all of Unicode is some 30 kB and the part a text touches stays in cache.

/// How many pages of 256 characters Unicode has.
const PAGES: usize = 0x11_0000 >> 8;

/// A byte for every character.
pub struct Table {
    pages: Box<[u16; PAGES]>,
    cells: Vec<[u8; 256]>,
}

impl Table {
    /// The table of `of` over all characters; surrogates are 0.
    pub fn new(of: impl Fn(char) -> u8) -> Table {
        let mut pages = Box::new([0u16; PAGES]);
        let mut cells: Vec<[u8; 256]> = vec![[0; 256]];
        for (number, slot) in pages.iter_mut().enumerate() {
            let page = std::array::from_fn(|low| char::from_u32((number << 8 | low) as u32).map_or(0, &of));
            let at = cells.iter().position(|c| *c == page).unwrap_or_else(|| {
                cells.push(page);
                cells.len() - 1
            });
            *slot = at as u16;
        }
        Table { pages, cells }
    }

    /// The byte of `c`.
    #[inline(always)]
    pub fn get(&self, c: char) -> u8 {
        self.borrowed().get(c)
    }

    /// The table for a loop that writes elsewhere: where its parts lie need not be looked up for each character.
    #[inline(always)]
    pub fn borrowed(&self) -> Borrowed<'_> {
        Borrowed { pages: &self.pages, cells: &self.cells }
    }

    /// The bytes of U+0000 to U+00FF.
    #[inline(always)]
    pub fn first(&self) -> &[u8; 256] {
        &self.cells[self.pages[0] as usize]
    }
}

/// A table, by its parts.
#[derive(Clone, Copy)]
pub struct Borrowed<'t> {
    pages: &'t [u16; PAGES],
    cells: &'t [[u8; 256]],
}

impl Borrowed<'_> {
    /// The byte of `c`.
    #[inline(always)]
    pub fn get(self, c: char) -> u8 {
        let page = self.pages[(c as usize >> 8) % PAGES];
        self.cells[page as usize][c as usize & 255]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_equals_its_function() {
        let of = |c: char| if c.is_alphabetic() { (c as u32 % 7) as u8 } else { 9 };
        let table = Table::new(of);
        assert!(('\0'..=char::MAX).all(|c| table.get(c) == of(c)));
        assert_eq!(table.first()[b'a' as usize], of('a'));
    }
}
