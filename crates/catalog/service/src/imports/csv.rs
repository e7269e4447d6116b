//! Rows of a CSV file that comes in pieces. What is in memory is one piece and
//! one row, whatever the file is like.

use catalog_model::import::header::separator;
use catalog_model::import::{MAX_COLUMNS, MAX_ROW, RowError};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// The mark that some programs put before UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads rows.
pub(crate) struct CsvRows {
    reader: Option<Reader>,
    cells: Vec<u8>,
    ends: Vec<usize>,
    written: usize,
    columns: usize,
    /// The line the next row begins in.
    line: u64,
    /// Lines that the row has had so far.
    lines: u64,
    /// Whether anything of the row was read.
    begun: bool,
}

/// A row that cannot be told apart from the next one.
type TooLarge = RowError;

impl CsvRows {
    pub(crate) fn new() -> Self {
        Self {
            reader: None,
            cells: vec![0; MAX_ROW],
            ends: vec![0; MAX_COLUMNS],
            written: 0,
            columns: 0,
            line: 1,
            lines: 0,
            begun: false,
        }
    }

    /// Takes the next piece; nothing for the end of the file. Gives each row
    /// that came to its end, with its line, to `each`.
    pub(crate) fn feed(
        &mut self,
        piece: &[u8],
        mut each: impl FnMut(u64, &[&str]),
    ) -> Result<(), TooLarge> {
        let mut input = piece;
        if self.reader.is_none() {
            input = input.strip_prefix(MARK).unwrap_or(input);
            let reader = ReaderBuilder::new().delimiter(separator(input)).build();
            self.reader = Some(reader);
        }
        loop {
            let Some(reader) = &mut self.reader else {
                return Ok(());
            };
            let (result, read, written, ended) = reader.read_record(
                input,
                &mut self.cells[self.written..],
                &mut self.ends[self.columns..],
            );
            let mut taken = &input[..read];
            if !self.begun {
                // Line breaks before a row belong to the one before.
                let own = taken.iter().position(|byte| !b"\r\n".contains(byte));
                let (before, rest) = taken.split_at(own.unwrap_or(taken.len()));
                self.line += breaks(before);
                self.begun = !rest.is_empty();
                taken = rest;
            }
            self.lines += breaks(taken);
            input = &input[read..];
            self.written += written;
            self.columns += ended;
            match result {
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return Ok(()),
                ReadRecordResult::OutputFull => {
                    let why = format!(
                        "the row has more than {MAX_ROW} bytes; is a quotation mark not closed?"
                    );
                    return Err(RowError::new(self.line, None, "row_too_large", why));
                }
                ReadRecordResult::OutputEndsFull => {
                    let why = format!("the row has more than {MAX_COLUMNS} cells");
                    return Err(RowError::new(self.line, None, "too_many_cells", why));
                }
                ReadRecordResult::Record => self.give(&mut each)?,
            }
        }
    }

    fn give(&mut self, each: &mut impl FnMut(u64, &[&str])) -> Result<(), TooLarge> {
        // The upload was checked, and cells end at ASCII.
        let text = str::from_utf8(&self.cells[..self.written])
            .map_err(|_| RowError::new(self.line, None, "encoding", "is not text in UTF-8"))?;
        let mut from = 0;
        let cells: Vec<&str> = self.ends[..self.columns]
            .iter()
            .map(|end| {
                let cell = text.get(from..*end).unwrap_or_default();
                from = *end;
                cell
            })
            .collect();
        // A row without anything in it is none.
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            each(self.line, &cells);
        }
        self.line += std::mem::take(&mut self.lines);
        (self.written, self.columns, self.begun) = (0, 0, false);
        Ok(())
    }
}

/// How many line breaks there are.
fn breaks(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').skip(1).count() as u64
}

/// Whether text in pieces is UTF-8.
#[derive(Default)]
pub(crate) struct Utf8Check {
    /// The beginning of a character whose rest comes with the next piece.
    rest: Vec<u8>,
    lines: u64,
}

impl Utf8Check {
    /// Takes the next piece; the line in which it is wrong, if it is.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Result<(), u64> {
        let joined;
        let mut piece = piece;
        if !self.rest.is_empty() {
            joined = [&self.rest, piece].concat();
            piece = &joined;
        }
        let line_at = |at: usize| self.lines + breaks(&piece[..at]) + 1;
        match str::from_utf8(piece) {
            Ok(_) => {
                self.lines = line_at(piece.len()) - 1;
                self.rest = Vec::new();
                Ok(())
            }
            Err(error) if error.error_len().is_none() => {
                let at = error.valid_up_to();
                self.lines = line_at(at) - 1;
                self.rest = piece[at..].to_vec();
                Ok(())
            }
            Err(error) => Err(line_at(error.valid_up_to())),
        }
    }

    /// The end of the text.
    pub(crate) fn finish(&self) -> Result<(), u64> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.lines + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a file that comes in pieces of so many bytes.
    fn rows(file: &[u8], pieces: usize) -> Result<Vec<(u64, Vec<String>)>, String> {
        let mut rows = Vec::new();
        let mut reader = CsvRows::new();
        let mut each = |line: u64, cells: &[&str]| {
            rows.push((line, cells.iter().map(|cell| (*cell).to_owned()).collect()));
        };
        // The first piece has the header whole.
        let first = file.len().min(pieces.max(12));
        let all = std::iter::once(&file[..first]).chain(file[first..].chunks(pieces));
        for piece in all.chain([&b""[..]]) {
            reader.feed(piece, &mut each).map_err(|error| error.code)?;
        }
        Ok(rows)
    }

    #[test]
    fn rows_have_the_line_they_begin_in() {
        let file = b"\xEF\xBB\xBFa;b\r\n1;\"x\r\ny;\"\"z\"\"\"\r\n\r\n ; \r\n2;\xC3\xA4\r\n3;c";
        let expected: Vec<(u64, Vec<String>)> = [
            (1, ["a", "b"]),
            (2, ["1", "x\r\ny;\"z\""]),
            (6, ["2", "ä"]),
            (7, ["3", "c"]),
        ]
        .into_iter()
        .map(|(line, cells)| (line, cells.map(str::to_owned).to_vec()))
        .collect();
        for pieces in [1, 2, 3, 7, 1000] {
            assert_eq!(
                rows(file, pieces).unwrap(),
                expected,
                "in pieces of {pieces}"
            );
        }
    }

    #[test]
    fn rows_are_bounded() {
        let mut file = b"a,b\n1,\"".to_vec();
        file.resize(MAX_ROW + 100, b'x');
        assert_eq!(rows(&file, 4096).unwrap_err(), "row_too_large");
        let file = [b"a,b\n".to_vec(), vec![b','; MAX_COLUMNS + 10]].concat();
        assert_eq!(rows(&file, 4096).unwrap_err(), "too_many_cells");
    }

    #[test]
    fn other_encodings_are_told_by_line() {
        let check = |file: &[u8], pieces: usize| {
            let mut check = Utf8Check::default();
            for piece in file.chunks(pieces) {
                check.feed(piece)?;
            }
            check.finish()
        };
        for pieces in [1, 2, 3, 100] {
            assert_eq!(check("a\nä€😀\nb".as_bytes(), pieces), Ok(()));
            assert_eq!(check(b"a\nb\nM\xFCtze\n", pieces), Err(3));
            assert_eq!(check(b"a\n\xC3", pieces), Err(2));
            assert_eq!(check(b"\xFF\xFEa\0", pieces), Err(1));
        }
    }
}
