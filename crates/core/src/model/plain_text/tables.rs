//! A table as lines: each cell behind the name of its column, so that a row can be read, or heard, alone.

use super::lines::Lines;

/// A table being read.
#[derive(Default)]
pub(super) struct Table {
    /// The names of the columns.
    names: Vec<String>,
    cells: Vec<String>,
    /// What surrounds the cell that is being read.
    around: Lines,
    /// Whether a row was written.
    has_rows: bool,
}

impl Table {
    pub(super) fn begin_row(&mut self, lines: &mut Lines) {
        lines.separate(1);
        self.cells.clear();
    }

    pub(super) fn begin_cell(&mut self, lines: &mut Lines) {
        self.around = std::mem::take(lines);
    }

    pub(super) fn end_cell(&mut self, lines: &mut Lines) {
        let cell = std::mem::replace(lines, std::mem::take(&mut self.around));
        self.cells.push(cell.finish());
    }

    /// The names of columns wait for the first row; that of the only column is a line of its own.
    pub(super) fn end_head(&mut self, lines: &mut Lines) {
        self.names = std::mem::take(&mut self.cells);
        if let [name] = self.names.as_slice() {
            lines.write(name);
        }
    }

    /// Writes a row. Of `names`, the bytes that names of columns may still take, what it takes is taken off.
    pub(super) fn end_row(&mut self, lines: &mut Lines, names: &mut usize) {
        self.has_rows = true;
        let is_single = self.names.len() < 2;
        let mut is_first = true;
        for (number, cell) in self.cells.iter().enumerate() {
            if cell.is_empty() {
                continue;
            }
            if !is_first {
                lines.write("; ");
            }
            is_first = false;
            let name = self.names.get(number).map_or("", String::as_str);
            if !is_single && !name.is_empty() && name.len() <= *names {
                *names -= name.len();
                lines.write(name.trim_end_matches(':'));
                lines.write(": ");
            }
            lines.write(cell);
        }
    }

    /// Without rows, the names of the columns are all there is.
    pub(super) fn end(&mut self, lines: &mut Lines) {
        if !self.has_rows && self.names.len() > 1 {
            self.cells = std::mem::take(&mut self.names);
            self.end_row(lines, &mut 0);
        }
    }
}
