//! The letters and how wide they are.

use kernel::Fault;
use krilla::text::Font;
use skrifa::MetadataProvider as _;
use skrifa::instance::{LocationRef, Size};

static REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
static BOLD: &[u8] = include_bytes!("../fonts/DejaVuSans-Bold.ttf");

/// A weight of the letters.
pub(crate) struct Letters {
    pub(crate) font: Font,
    measured: skrifa::FontRef<'static>,
}

impl Letters {
    pub(crate) fn regular() -> Result<Self, Fault> {
        Self::of(REGULAR)
    }

    pub(crate) fn bold() -> Result<Self, Fault> {
        Self::of(BOLD)
    }

    fn of(bytes: &'static [u8]) -> Result<Self, Fault> {
        let unreadable = || Fault::permanent("the embedded font cannot be read");
        Ok(Self {
            font: Font::new(bytes.into(), 0).ok_or_else(unreadable)?,
            measured: skrifa::FontRef::new(bytes).map_err(|_| unreadable())?,
        })
    }

    /// How wide a text is, in points.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        let glyphs = self.measured.charmap();
        let metrics = self
            .measured
            .glyph_metrics(Size::new(size), LocationRef::default());
        text.chars()
            .filter_map(|letter| glyphs.map(letter).or_else(|| glyphs.map('?')))
            .filter_map(|glyph| metrics.advance_width(glyph))
            .sum()
    }

    /// The text in lines that are no wider, broken between words or, where a
    /// word is too wide, inside it.
    pub(crate) fn wrap(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split_whitespace() {
            let line = lines.last_mut().map_or("", |line| line.as_str());
            let joined = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if self.width(&joined, size) <= width {
                lines.pop();
                lines.push(joined);
                continue;
            }
            if line.is_empty() {
                lines.pop();
            }
            lines.extend(self.cut(word, size, width));
        }
        lines
    }

    fn cut(&self, word: &str, size: f32, width: f32) -> Vec<String> {
        let mut parts = vec![String::new()];
        for letter in word.chars() {
            let part = parts.last_mut().map_or("", |part| part.as_str());
            let longer = format!("{part}{letter}");
            if part.is_empty() || self.width(&longer, size) <= width {
                parts.pop();
                parts.push(longer);
            } else {
                parts.push(letter.to_string());
            }
        }
        parts
    }
}
