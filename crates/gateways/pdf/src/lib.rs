//! Documents as PDF, by krilla: the only crate that names it.
//!
//! The letters are those of `DejaVu Sans` (`fonts/LICENSE`), which has Latin,
//! Greek, Cyrillic, Armenian, Georgian and more; of them a file holds those
//! that it uses.

mod layout;
mod letters;

use kernel::Fault;
use orders_model::document::{Document, Printer};

/// Prints documents as PDF.
pub struct PdfPrinter;

impl Printer for PdfPrinter {
    fn print(&self, document: &Document) -> Result<Vec<u8>, Fault> {
        layout::print(document)
    }
}
