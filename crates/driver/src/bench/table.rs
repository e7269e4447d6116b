//! The one table that is printed.

/// What an aim is.
#[derive(Clone, Copy)]
pub(super) enum Aim {
    /// At least so much.
    AtLeast(f64),
    /// Less than so much.
    Under(f64),
    /// Nothing in particular.
    None,
}

struct Row {
    what: String,
    found: String,
    base: String,
    value: f64,
    digits: usize,
    aim: Aim,
}

/// Rows of what was measured.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// A ratio of two rates.
    pub(super) fn ratio(&mut self, what: &str, found: f64, base: f64, at_least: f64) {
        self.rows.push(Row {
            what: what.to_owned(),
            found: format!("{found:.0}/s"),
            base: format!("{base:.0}/s"),
            value: found / base,
            digits: 2,
            aim: Aim::AtLeast(at_least),
        });
    }

    /// A single figure.
    pub(super) fn figure(&mut self, what: &str, value: f64, unit: &str, aim: Aim) {
        self.rows.push(Row {
            what: what.to_owned(),
            found: format!("{value:.2} {unit}"),
            base: String::new(),
            value,
            digits: 2,
            aim,
        });
    }

    /// The table as text.
    pub(super) fn render(&self) -> String {
        let mut lines = vec![
            String::new(),
            format!(
                "{:<58} {:>14} {:>12} {:>7}  {:<10}",
                "", "measured", "base", "ratio", "aim"
            ),
        ];
        for row in &self.rows {
            let ratio = if row.base.is_empty() {
                String::new()
            } else {
                format!("{:.*}", row.digits, row.value)
            };
            let (aim, met) = match row.aim {
                Aim::AtLeast(least) => (format!(">= {least}"), Some(row.value >= least)),
                Aim::Under(most) => (format!("< {most}"), Some(row.value < most)),
                Aim::None => (String::new(), None),
            };
            let mark = match met {
                Some(true) => "met",
                Some(false) => "MISSED",
                None => "",
            };
            lines.push(format!(
                "{:<58} {:>14} {:>12} {:>7}  {:<10} {mark}",
                row.what, row.found, row.base, ratio, aim
            ));
        }
        lines.join("\n")
    }
}
