//! The matrices of a fastText model: dense, or product-quantised (`densematrix.cc`, `quantmatrix.cc`,
//! `productquantizer.cc` of fastText; the method is Jégou and others, 2011, "Product quantization for nearest neighbor
//! search", with 256 centroids a part).

use crate::models::Result;
use crate::models::source::Source;

/// Centroids of each part of a vector.
const CENTROIDS: usize = 256;

/// A quantised input matrix is written out as numbers at load if that takes no more bytes: three times as fast to read.
const WRITTEN_OUT: u64 = 64 << 20;

/// A matrix of numbers of 32 bits.
#[derive(Debug)]
pub struct Matrix {
    rows: u64,
    columns: usize,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    Dense(Vec<f32>),
    Coded(Box<Codes>),
}

/// A quantised matrix: for each row a centroid a part, and the length of the row where it was kept apart.
#[derive(Debug)]
struct Codes {
    codes: Vec<u8>,
    parts: Quantizer,
    norms: Option<(Vec<u8>, Quantizer)>,
}

#[derive(Debug)]
struct Quantizer {
    /// Parts of a vector, and columns of each; the last has `last`.
    parts: usize,
    width: usize,
    last: usize,
    centroids: Vec<f32>,
}

impl Quantizer {
    fn read(source: &mut Source, columns: usize) -> Result<Quantizer> {
        source.int_in("the columns of a quantiser", columns as i32, columns as i32)?;
        let at = source.at();
        let parts = source.int_in("the parts of a quantiser", 1, columns as i32)? as usize;
        let width = source.int_in("the columns of a part", 1, columns as i32)? as usize;
        let last = source.int_in("the columns of the last part", 1, width as i32)? as usize;
        if (parts - 1) * width + last != columns {
            return Err(
                source.error(at, format!("{parts} parts of {width}, the last of {last}, are not {columns} columns"))
            );
        }
        let centroids = source.floats((columns * CENTROIDS) as u64, "centroids")?;
        Ok(Quantizer { parts, width, last, centroids })
    }

    /// The columns of a part, and the numbers of a centroid for them.
    #[inline(always)]
    fn part(&self, part: usize, code: u8) -> (usize, &[f32]) {
        let width = if part + 1 == self.parts { self.last } else { self.width };
        let start = part * CENTROIDS * self.width + usize::from(code) * width;
        (part * self.width, &self.centroids[start..start + width])
    }
}

impl Codes {
    #[inline(always)]
    fn row(&self, row: usize) -> (&[u8], f32) {
        let norm = self.norms.as_ref().map_or(1.0, |(codes, norms)| norms.centroids[usize::from(codes[row])]);
        (&self.codes[row * self.parts.parts..(row + 1) * self.parts.parts], norm)
    }

    fn add(&self, row: usize, sum: &mut [f32]) {
        let (codes, norm) = self.row(row);
        for (part, code) in codes.iter().enumerate() {
            let (at, numbers) = self.parts.part(part, *code);
            for (s, n) in sum[at..].iter_mut().zip(numbers) {
                *s += norm * n;
            }
        }
    }

    fn dot(&self, row: usize, vector: &[f32]) -> f32 {
        let (codes, norm) = self.row(row);
        let mut sum = 0.0;
        for (part, code) in codes.iter().enumerate() {
            let (at, numbers) = self.parts.part(part, *code);
            for (v, n) in vector[at..].iter().zip(numbers) {
                sum += v * n;
            }
        }
        sum * norm
    }
}

impl Matrix {
    /// A dense matrix; `cells` row by row.
    pub fn dense(columns: usize, cells: Vec<f32>) -> Matrix {
        Matrix { rows: (cells.len() / columns) as u64, columns, cells: Cells::Dense(cells) }
    }

    /// Reads a matrix of so many columns and at least so many rows.
    ///
    /// # Errors
    /// Where the file ends, or holds numbers that cannot be.
    pub fn read(source: &mut Source, quantised: bool, columns: usize, least: u64, what: &str) -> Result<Matrix> {
        if quantised {
            return Matrix::read_coded(source, columns, least, what);
        }
        let rows = source.long_in(&format!("the rows of the {what}"), least as i64, i64::from(u32::MAX))? as u64;
        source.long_in(&format!("the columns of the {what}"), columns as i64, columns as i64)?;
        let cells = source.floats(rows * columns as u64, what)?;
        Ok(Matrix { rows, columns, cells: Cells::Dense(cells) })
    }

    fn read_coded(source: &mut Source, columns: usize, least: u64, what: &str) -> Result<Matrix> {
        let apart = source.flag("whether lengths are kept apart")?;
        let rows = source.long_in(&format!("the rows of the {what}"), least as i64, i64::from(u32::MAX))? as u64;
        source.long_in(&format!("the columns of the {what}"), columns as i64, columns as i64)?;
        let at = source.at();
        let size = source.int_in(&format!("the codes of the {what}"), 0, i32::MAX)? as u64;
        let codes = source.bytes(size, what)?;
        let parts = Quantizer::read(source, columns)?;
        if rows * parts.parts as u64 != size {
            return Err(source.error(at, format!("{size} codes are not {rows} rows of {} parts", parts.parts)));
        }
        let norms = if apart { Some((source.bytes(rows, "lengths")?, Quantizer::read(source, 1)?)) } else { None };
        Ok(Matrix { rows, columns, cells: Cells::Coded(Box::new(Codes { codes, parts, norms })) })
    }

    /// The same numbers as they are read fastest, where that needs little memory. For sums only: the order of the
    /// multiplications in a product with a vector would be another than fastText's.
    pub fn written_out(self) -> Matrix {
        match self.cells {
            Cells::Coded(codes) if self.rows * self.columns as u64 * 4 <= WRITTEN_OUT => {
                let mut cells = vec![0.0; self.rows as usize * self.columns];
                for (row, into) in cells.chunks_exact_mut(self.columns).enumerate() {
                    codes.add(row, into);
                }
                Matrix { cells: Cells::Dense(cells), ..self }
            }
            cells => Matrix { cells, ..self },
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The numbers, row by row, if they are not quantised.
    pub fn cells(&self) -> Option<&[f32]> {
        match &self.cells {
            Cells::Dense(cells) => Some(cells),
            Cells::Coded(_) => None,
        }
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        match &self.cells {
            Cells::Dense(cells) => 4 * cells.capacity(),
            Cells::Coded(c) => {
                let norms = c.norms.as_ref().map_or(0, |(codes, q)| codes.capacity() + 4 * q.centroids.capacity());
                c.codes.capacity() + 4 * c.parts.centroids.capacity() + norms
            }
        }
    }

    /// Adds a row to a vector.
    #[inline(always)]
    pub fn add(&self, row: u32, sum: &mut [f32]) {
        match &self.cells {
            Cells::Dense(cells) => {
                let start = row as usize * self.columns;
                for (s, n) in sum.iter_mut().zip(&cells[start..start + self.columns]) {
                    *s += n;
                }
            }
            Cells::Coded(codes) => codes.add(row as usize, sum),
        }
    }

    /// The product of a row and a vector. Eight sums side by side for dense rows, which C++ compilers do too.
    pub fn dot(&self, row: usize, vector: &[f32]) -> f32 {
        let cells = match &self.cells {
            Cells::Coded(codes) => return codes.dot(row, vector),
            Cells::Dense(cells) => &cells[row * self.columns..(row + 1) * self.columns],
        };
        let mut sums = [0f32; 8];
        let (head, tail) = (cells.chunks_exact(8), cells.chunks_exact(8).remainder());
        let vector_tail = &vector[vector.len() - tail.len()..];
        for (c, v) in head.zip(vector.chunks_exact(8)) {
            for ((sum, c), v) in sums.iter_mut().zip(c).zip(v) {
                *sum += c * v;
            }
        }
        let rest: f32 = tail.iter().zip(vector_tail).map(|(c, v)| c * v).sum();
        sums.iter().sum::<f32>() + rest
    }
}
