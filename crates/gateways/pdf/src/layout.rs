//! Where things stand on the pages.

use kernel::Fault;
use krilla::Document as Pdf;
use krilla::geom::{PathBuilder, Point, Size};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Stroke;
use krilla::surface::Surface;
use krilla::text::TextDirection;
use orders_model::document::Document;

use crate::letters::Letters;

/// A4, in points.
const PAGE: (f32, f32) = (595.28, 841.89);
const MARGIN: f32 = 56.0;
const SIZE: f32 = 9.5;
const LINE: f32 = 13.5;
/// How wide a column of figures is.
const FIGURES: f32 = 92.0;

/// A text with its place.
struct Placed {
    x: f32,
    y: f32,
    size: f32,
    bold: bool,
    text: String,
}

/// A page: texts, and lines across it.
#[derive(Default)]
struct Sheet {
    texts: Vec<Placed>,
    rules: Vec<f32>,
}

/// Sets texts from top to bottom, on as many pages as they need.
struct Setter {
    regular: Letters,
    bold: Letters,
    sheets: Vec<Sheet>,
    y: f32,
}

impl Setter {
    fn letters(&self, bold: bool) -> &Letters {
        if bold { &self.bold } else { &self.regular }
    }

    fn put(&mut self, x: f32, size: f32, bold: bool, text: &str) {
        let y = self.y;
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.texts.push(Placed {
                x,
                y,
                size,
                bold,
                text: text.to_owned(),
            });
        }
    }

    /// A text that ends at `right`.
    fn put_right(&mut self, right: f32, bold: bool, text: &str) {
        let width = self.letters(bold).width(text, SIZE);
        self.put(right - width, SIZE, bold, text);
    }

    fn rule(&mut self) {
        let y = self.y - LINE + 4.0;
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.rules.push(y);
        }
    }

    /// Begins a page when so much does not fit any more. True when it did.
    fn need(&mut self, height: f32) -> bool {
        if self.y + height <= PAGE.1 - MARGIN {
            return false;
        }
        self.sheets.push(Sheet::default());
        self.y = MARGIN + LINE;
        true
    }

    fn head(&mut self, document: &Document) {
        self.put(MARGIN, 15.0, true, &document.shop);
        self.y += 22.0;
        self.put(MARGIN, 12.0, true, &document.title);
        self.y += LINE + 8.0;
        for (what, value) in &document.facts {
            self.put(MARGIN, SIZE, false, what);
            self.put(MARGIN + 90.0, SIZE, false, value);
            self.y += LINE;
        }
        for (what, lines) in &document.addresses {
            self.y += 8.0;
            self.put(MARGIN, SIZE, true, what);
            self.y += LINE;
            for line in lines {
                for part in self.regular.wrap(line, SIZE, PAGE.0 - 2.0 * MARGIN) {
                    self.put(MARGIN, SIZE, false, &part);
                    self.y += LINE;
                }
            }
        }
        self.y += LINE;
    }

    /// One row of the table: the first text may need several lines.
    fn row(&mut self, cells: &[String], bold: bool) {
        let right = PAGE.0 - MARGIN;
        #[expect(clippy::cast_precision_loss, reason = "a few columns")]
        let figures = cells.len().saturating_sub(1) as f32;
        let wide = right - MARGIN - figures * FIGURES - 10.0;
        let first = cells.first().map_or("", String::as_str);
        let lines = self.letters(bold).wrap(first, SIZE, wide);
        for (n, cell) in cells.iter().skip(1).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a few columns")]
            let end = right - (figures - 1.0 - n as f32) * FIGURES;
            // What is too long for its column is told in part.
            let shown = self.letters(bold).wrap(cell, SIZE, FIGURES - 6.0);
            self.put_right(end, bold, shown.first().map_or("", String::as_str));
        }
        for line in lines {
            self.put(MARGIN, SIZE, bold, &line);
            self.y += LINE;
        }
    }

    fn table(&mut self, document: &Document) {
        self.need(4.0 * LINE);
        self.row(&document.columns, true);
        self.rule();
        for row in &document.rows {
            if self.need(2.0 * LINE) {
                self.row(&document.columns, true);
                self.rule();
            }
            self.row(row, false);
        }
        self.rule();
        self.y += 4.0;
    }

    fn foot(&mut self, document: &Document) {
        let right = PAGE.0 - MARGIN;
        for (n, (what, amount)) in document.totals.iter().enumerate() {
            self.need(LINE);
            let bold = n + 1 == document.totals.len();
            self.put_right(right - FIGURES - 20.0, bold, what);
            self.put_right(right, bold, amount);
            self.y += LINE;
        }
        self.y += LINE;
        let contact = document.contact.iter().map(|to| format!("Questions: {to}"));
        let remarks: Vec<String> = document.remarks.iter().cloned().chain(contact).collect();
        for remark in remarks {
            for part in self.regular.wrap(&remark, SIZE, right - MARGIN) {
                self.need(LINE);
                self.put(MARGIN, SIZE, false, &part);
                self.y += LINE;
            }
        }
    }
}

/// The file of a document.
pub(crate) fn print(document: &Document) -> Result<Vec<u8>, Fault> {
    let mut setter = Setter {
        regular: Letters::regular()?,
        bold: Letters::bold()?,
        sheets: vec![Sheet::default()],
        y: MARGIN + 15.0,
    };
    setter.head(document);
    setter.table(document);
    setter.foot(document);
    let mut pdf = Pdf::new();
    pdf.set_metadata(
        Metadata::new()
            .title(document.title.clone())
            .authors(vec![document.shop.clone()])
            .language("en".to_owned()),
    );
    let size = Size::from_wh(PAGE.0, PAGE.1);
    let size = size.ok_or_else(|| Fault::permanent("a page has a size"))?;
    for sheet in &setter.sheets {
        let mut page = pdf.start_page_with(PageSettings::new(size));
        let mut surface = page.surface();
        for placed in &sheet.texts {
            surface.draw_text(
                Point::from_xy(placed.x, placed.y),
                setter.letters(placed.bold).font.clone(),
                placed.size,
                &placed.text,
                false,
                TextDirection::Auto,
            );
        }
        for y in &sheet.rules {
            across(&mut surface, *y);
        }
        surface.finish();
        page.finish();
    }
    pdf.finish()
        .map_err(|error| Fault::permanent(format!("write a PDF: {error:?}")))
}

/// A line across the page.
fn across(surface: &mut Surface<'_>, y: f32) {
    let mut path = PathBuilder::new();
    path.move_to(MARGIN, y);
    path.line_to(PAGE.0 - MARGIN, y);
    if let Some(path) = path.finish() {
        surface.set_fill(None);
        surface.set_stroke(Some(Stroke {
            width: 0.5,
            ..Stroke::default()
        }));
        surface.draw_path(&path);
        surface.set_stroke(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slip(rows: usize) -> Document {
        Document {
            title: "Packing slip 1001".into(),
            shop: "Κατάστημα Łódź".into(),
            contact: Some("help@shop.test".into()),
            facts: vec![("Order".into(), "1001".into())],
            addresses: vec![(
                "Ship to".into(),
                vec!["Юлия Ковалёва".into(), "Straße 1".into()],
            )],
            columns: vec!["Item".into(), "Quantity".into()],
            rows: (0..rows)
                .map(|n| vec![format!("Lamp number {n}"), "2".into()])
                .collect(),
            totals: vec![("Paid".into(), "105.00 EUR".into())],
            remarks: vec!["x".repeat(400)],
        }
    }

    fn texts(bytes: &[u8]) -> Vec<String> {
        let pdf = lopdf::Document::load_mem(bytes).unwrap();
        let pages: Vec<u32> = pdf.get_pages().keys().copied().collect();
        pages
            .iter()
            .map(|page| pdf.extract_text(&[*page]).unwrap())
            .collect()
    }

    #[test]
    fn what_is_printed_can_be_read_back() {
        let pages = texts(&print(&slip(3)).unwrap());
        assert_eq!(pages.len(), 1);
        for text in [
            "Κατάστημα Łódź",
            "Юлия Ковалёва",
            "Straße 1",
            "Lamp number 2",
            "105.00 EUR",
        ] {
            assert!(pages[0].contains(text), "{text} in {:?}", pages[0]);
        }
    }

    #[test]
    fn long_orders_take_several_pages_and_lose_nothing() {
        let pages = texts(&print(&slip(150)).unwrap());
        assert!(pages.len() > 2);
        let all = pages.join("\n");
        for n in 0..150 {
            assert!(all.contains(&format!("Lamp number {n}")), "{n}");
        }
        assert!(
            pages
                .iter()
                .all(|page| page.contains("Item") || page.contains("Paid"))
        );
    }

    #[test]
    fn letters_that_the_font_lacks_break_nothing() {
        let mut strange = slip(1);
        strange.shop = "東京 \u{202e}\u{0}🎈".into();
        strange.rows = vec![
            vec![String::new(), "9".repeat(300)],
            vec!["W".repeat(3000), "1".into()],
        ];
        assert!(print(&strange).unwrap().starts_with(b"%PDF-"));
    }
}
