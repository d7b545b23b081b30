//! What was found, shown line by line as it is found, or as one JSON object at the end.

use super::settings::Setting;
use crate::failure::Failure;
use crate::terminal::{BAD, DOUBTFUL, GOOD, NOTE, printable};
use anstyle::Style;
use serde::Serialize;
use std::io::{self, Write};

/// How one check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok,
    /// It works, but not for long or not well.
    Warning,
    Failed,
    Skipped,
}

impl Outcome {
    const fn mark(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warn",
            Self::Failed => "FAIL",
            Self::Skipped => "skip",
        }
    }

    const fn style(self) -> Style {
        match self {
            Self::Ok => GOOD,
            Self::Warning => DOUBTFUL,
            Self::Failed => BAD,
            Self::Skipped => NOTE,
        }
    }
}

/// One check.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    outcome: Outcome,
    detail: String,
    fix: Option<String>,
    #[serde(skip)]
    exit_status: u8,
}

impl Finding {
    pub(super) fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Outcome::Ok, detail)
    }

    pub(super) fn skipped(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Outcome::Skipped, detail)
    }

    pub(super) fn warning(
        check: &'static str,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            fix: Some(fix.into()),
            ..Self::new(check, Outcome::Warning, detail)
        }
    }

    pub(super) fn failed(
        check: &'static str,
        detail: impl Into<String>,
        fix: impl Into<String>,
        exit_status: u8,
    ) -> Self {
        Self {
            fix: Some(fix.into()),
            exit_status,
            ..Self::new(check, Outcome::Failed, detail)
        }
    }

    fn new(check: &'static str, outcome: Outcome, detail: impl Into<String>) -> Self {
        Self {
            check,
            outcome,
            detail: detail.into(),
            fix: None,
            exit_status: 0,
        }
    }

    fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let style = self.outcome.style();
        let mark = self.outcome.mark();
        writeln!(
            output,
            "{style}{mark:<5}{style:#} {:<16} {}",
            self.check,
            on_one_line(&self.detail)
        )?;
        match &self.fix {
            Some(fix) => writeln!(output, "      fix: {}", on_one_line(fix)),
            None => Ok(()),
        }
    }
}

fn on_one_line(text: &str) -> String {
    printable(text).replace('\n', " ")
}

/// All of them.
pub(super) struct Findings {
    as_json: bool,
    findings: Vec<Finding>,
    settings: Vec<Setting>,
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    checks: &'a [Finding],
    settings: &'a [Setting],
}

impl Findings {
    pub(super) fn begin(as_json: bool) -> Self {
        Self {
            as_json,
            findings: Vec::new(),
            settings: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, finding: Finding) -> Result<(), Failure> {
        if !self.as_json {
            finding
                .write(&mut anstream::stdout())
                .map_err(|error| Failure::output(&error))?;
        }
        self.findings.push(finding);
        Ok(())
    }

    pub(super) fn skip(&mut self, checks: &[&'static str], why: &str) -> Result<(), Failure> {
        for check in checks {
            self.add(Finding::skipped(check, why))?;
        }
        Ok(())
    }

    /// What is configured, as details of the finding before.
    pub(super) fn settings(&mut self, settings: Vec<Setting>) -> Result<(), Failure> {
        if !self.as_json {
            for setting in &settings {
                writeln!(
                    anstream::stdout(),
                    "      {NOTE}{}{NOTE:#}",
                    printable(&setting.to_string())
                )
                .map_err(|error| Failure::output(&error))?;
            }
        }
        self.settings = settings;
        Ok(())
    }

    /// Prints what is to be printed at the end, and says with which status.
    pub(super) fn end(self) -> Result<u8, Failure> {
        let first_failed = self
            .findings
            .iter()
            .find(|finding| finding.outcome == Outcome::Failed);
        if self.as_json {
            let report = Report {
                ok: first_failed.is_none(),
                checks: &self.findings,
                settings: &self.settings,
            };
            let text = serde_json::to_string(&report)
                .map_err(|error| Failure::Machine(format!("the output cannot be made: {error}")))?;
            writeln!(io::stdout(), "{text}").map_err(|error| Failure::output(&error))?;
        }
        Ok(first_failed.map_or(0, |finding| finding.exit_status))
    }
}
