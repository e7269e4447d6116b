//! Counts in CSV files. What is wrong with one is told by line, column and
//! rule, as with imports.

use catalog_model::import::header::separator;
use catalog_model::stock_feed::MAX_COUNTS;
use csv::{ReaderBuilder, StringRecord};
use kernel::cell::undo;
use kernel::{FieldError, Timestamp};

use super::stock_feed::CountDto;
use crate::problem::RequestError;

/// The columns, each of which is needed.
const COLUMNS: [&str; 4] = ["sku", "on_hand", "counted_at", "source"];
/// How many mistakes are told at once.
const MAX_WRONG: usize = 10;

/// The rows of a file, and the line each begins in.
pub(super) struct File {
    pub(super) rows: Vec<CountDto>,
    lines: Vec<u64>,
}

/// Reads a file whose cells are separated as [`separator`] says.
pub(super) fn read(body: &[u8]) -> Result<File, RequestError> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let mut reader = ReaderBuilder::new()
        .delimiter(separator(body))
        .flexible(true)
        .from_reader(body);
    let header = reader.headers().map_err(|error| encoding(&error))?;
    let (places, width) = (places(header)?, header.len());
    let mut file = File {
        rows: Vec::new(),
        lines: Vec::new(),
    };
    let mut wrong = Vec::new();
    for record in reader.into_records() {
        let record = record.map_err(|error| encoding(&error))?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = line_of(&record, body);
        file.lines.push(line);
        match row(&record, &places, width) {
            Ok(row) => file.rows.push(row),
            Err((column, rule, why)) => {
                let n = file.lines.len() - 1;
                wrong.push(at(&format!("/rows/{n}{column}"), rule, line, &why));
            }
        }
        // One more row than may be tells that there are too many.
        if wrong.len() == MAX_WRONG || file.lines.len() > MAX_COUNTS {
            break;
        }
    }
    if wrong.is_empty() {
        Ok(file)
    } else {
        Err(RequestError::InvalidBody(wrong))
    }
}

impl File {
    /// The mistakes that its rows have as in JSON, with their lines.
    pub(super) fn located(lines: &[u64], error: RequestError) -> RequestError {
        let RequestError::InvalidBody(fields) = error else {
            return error;
        };
        let located = fields.into_iter().map(|field| {
            let row = field.pointer.split('/').nth(2);
            let row: Option<usize> = row.and_then(|row| row.parse().ok());
            match row.and_then(|row| lines.get(row)) {
                Some(line) => at(&field.pointer, &field.code, *line, &field.detail),
                None => field,
            }
        });
        RequestError::InvalidBody(located.collect())
    }

    /// The rows, and the lines they are in.
    pub(super) fn take(self) -> (Vec<CountDto>, Vec<u64>) {
        (self.rows, self.lines)
    }
}

/// The line a row begins in; the reader says where it looked for it, which is
/// before empty lines.
fn line_of(record: &StringRecord, body: &[u8]) -> u64 {
    let Some(place) = record.position() else {
        return 0;
    };
    let at = usize::try_from(place.byte()).unwrap_or(usize::MAX);
    let rest = body.get(at..).unwrap_or_default().iter();
    let before = rest.take_while(|byte| b"\r\n".contains(byte));
    place.line() + before.filter(|byte| **byte == b'\n').count() as u64
}

/// A mistake in a cell or, where the pointer names none, in a row.
fn at(pointer: &str, code: &str, line: u64, why: &str) -> FieldError {
    let detail = match pointer.split('/').nth(3) {
        Some(column) => format!("line {line}, column {column}: {why}"),
        None => format!("line {line}: {why}"),
    };
    FieldError::new(pointer, code, detail)
}

fn encoding(error: &csv::Error) -> RequestError {
    let line = error.position().map_or(1, csv::Position::line);
    let wrong = at("/rows", "encoding", line, "is not text in UTF-8");
    RequestError::InvalidBody(vec![wrong])
}

/// Where each column is.
fn places(header: &StringRecord) -> Result<[usize; 4], RequestError> {
    let needed = COLUMNS.join(", ");
    let wrong = |code: &str, why: String| {
        let why = format!("{why}; the first row must name the columns {needed}");
        RequestError::InvalidBody(vec![at("/rows", code, 1, &why)])
    };
    let names: Vec<String> = header
        .iter()
        .map(|name| name.trim().to_lowercase())
        .collect();
    let unknown = names.iter().find(|name| !COLUMNS.contains(&name.as_str()));
    let mut places = [0; 4];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let mut found = names.iter().enumerate().filter(|(_, name)| *name == column);
        *place = match (found.next(), found.next(), unknown) {
            (Some((n, _)), None, _) => n,
            (Some(_), Some(_), _) => return Err(wrong("twice", format!("{column} comes twice"))),
            (None, ..) if names.is_empty() => {
                return Err(wrong("missing_column", "the file is empty".to_owned()));
            }
            (None, _, Some(name)) => return Err(wrong("unknown_column", no_such(name))),
            (None, ..) => return Err(wrong("missing_column", format!("{column} is missing"))),
        };
    }
    match unknown {
        Some(name) => Err(wrong("unknown_column", no_such(name))),
        None => Ok(places),
    }
}

fn no_such(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    format!("there is no column {name:?}")
}

/// What is wrong with a row: a pointer to the cell, the rule and what to
/// change.
type Refusal = (String, &'static str, String);

fn row(record: &StringRecord, places: &[usize; 4], width: usize) -> Result<CountDto, Refusal> {
    if record.len() != width {
        let why = format!(
            "the row has {} of {width} cells; is a quotation mark or a separator missing?",
            record.len()
        );
        return Err((String::new(), "cells", why));
    }
    let cell = |n: usize| undo(record.get(places[n]).unwrap_or_default().trim());
    let refused = |n: usize, why: String| (format!("/{}", COLUMNS[n]), "type", why);
    Ok(CountDto {
        sku: cell(0).to_owned(),
        on_hand: cell(1).parse().map_err(|_| {
            let why = "must be a whole number from 0 to 1000000000, in digits only";
            refused(1, why.to_owned())
        })?,
        counted_at: cell(2)
            .parse::<Timestamp>()
            .map_err(|error| refused(2, error.to_string()))?,
        source: cell(3).to_owned(),
    })
}
