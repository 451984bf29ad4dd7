//! Text tables with aligned columns.

use std::fmt;

/// Rows of equal length under a header; numbers are aligned right.
pub(crate) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(header: [String; N], rows: impl IntoIterator<Item = [String; N]>) -> Self {
        Table { rows: std::iter::once(header).chain(rows).collect() }
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = [0; N];
        let mut right = [true; N];
        for (i, row) in self.rows.iter().enumerate() {
            for (column, cell) in row.iter().enumerate() {
                widths[column] = widths[column].max(cell.chars().count());
                right[column] &= i == 0 || cell == "-" || cell.trim_end_matches('%').trim().parse::<f64>().is_ok();
            }
        }
        for (i, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let gap = if column == 0 { "" } else { "  " };
                let width = widths[column];
                line += &if right[column] { format!("{gap}{cell:>width$}") } else { format!("{gap}{cell:<width$}") };
            }
            let end = if i + 1 == self.rows.len() { "" } else { "\n" };
            write!(f, "{}{end}", line.trim_end())?;
        }
        Ok(())
    }
}
