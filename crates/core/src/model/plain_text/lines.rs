//! Where the plain text is written: lines with their indentation, at most one empty line between two, and no blanks at an end.

/// The widest indentation: deeper lists stay there, so that the text never grows with the square of its depth.
const MOST_INDENTATION: usize = 24;

#[derive(Default)]
pub(super) struct Lines {
    written: String,
    /// Line breaks before the next words.
    pending: usize,
    /// The widths of the marks of the list items around.
    marks: Vec<usize>,
    indentation: usize,
    /// Whether the mark of an item was the last that was written: its first words stand behind it.
    is_behind_mark: bool,
}

impl Lines {
    /// Has the next words begin `breaks` lines further down: 1 for the next line, 2 for an empty line between.
    pub(super) fn separate(&mut self, breaks: usize) {
        if !self.is_behind_mark {
            self.pending = self.pending.max(breaks);
        }
    }

    /// As `separate`, also where more was asked for.
    pub(super) fn separate_only(&mut self, breaks: usize) {
        if !self.is_behind_mark {
            self.pending = breaks;
        }
    }

    /// One more line break, in code: up to an empty line.
    pub(super) fn break_line(&mut self) {
        if !self.is_behind_mark {
            self.pending = (self.pending + 1).min(2);
        }
    }

    /// Forgets line breaks at the end of a block.
    pub(super) fn end_block(&mut self) {
        self.pending = 0;
        self.separate(2);
    }

    /// Goes where the next words belong.
    pub(super) fn begin(&mut self) {
        if self.pending > 0 {
            self.trim();
            if !self.written.is_empty() {
                self.written.extend(std::iter::repeat_n('\n', self.pending));
                let indentation = self.indentation.min(MOST_INDENTATION);
                self.written.extend(std::iter::repeat_n(' ', indentation));
            }
            self.pending = 0;
        }
        self.is_behind_mark = false;
    }

    /// Writes words; of control characters only line breaks and tabs stay.
    pub(super) fn write(&mut self, words: &str) {
        for (number, line) in words.split('\n').enumerate() {
            if number > 0 {
                self.break_line();
            }
            let mut is_begun = false;
            for part in line.split(|it: char| it.is_control() && it != '\t') {
                if !part.is_empty() && !is_begun {
                    self.begin();
                    is_begun = true;
                }
                self.written.push_str(part);
            }
        }
    }

    /// Writes the mark of a list item; what follows stands behind it, and further lines below that.
    pub(super) fn begin_item(&mut self, mark: &str) {
        self.begin();
        self.written.push_str(mark);
        self.written.push(' ');
        self.marks.push(mark.len() + 1);
        self.indentation += mark.len() + 1;
        self.is_behind_mark = true;
    }

    pub(super) fn end_item(&mut self) {
        self.indentation -= self.marks.pop().unwrap_or(0);
        self.is_behind_mark = false;
        self.pending = 0;
    }

    /// Has the next words stand behind those that were written last.
    pub(super) fn stay_behind_mark(&mut self) {
        self.is_behind_mark = true;
    }

    /// Where the next words will stand.
    pub(super) fn position(&mut self) -> usize {
        self.begin();
        self.written.len()
    }

    pub(super) fn since(&self, position: usize) -> &str {
        self.written.get(position..).unwrap_or_default()
    }

    pub(super) fn finish(mut self) -> String {
        self.trim();
        self.written
    }

    fn trim(&mut self) {
        self.written.truncate(self.written.trim_end().len());
    }
}
