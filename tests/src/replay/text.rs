//! The report for a person.

use std::fmt::{self, Display, Formatter};

use super::report::{CodeKnown, Failure, Kind, Report, Subject, Tally, Undocumented};
use super::walk::Standing;

/// How many failures a person is shown.
const MOST_FAILURES: usize = 50;

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (lines, files) = (counted(self.lines, "line"), counted(self.files, "file"));
        writeln!(f, "{lines} of {files}, {}\n", counted(self.failed, "failure"))?;
        totals(self, f)?;
        failures(self, f)?;
        undocumented(self, f)?;
        without_schema(self, f)?;
        undescribed(self, f)?;
        codes(self, f)
    }
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn totals(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let tallies: [(&str, Tally); 6] = [
        ("answers", report.answers),
        ("requests", report.requests),
        ("errors", report.errors),
        ("error data", report.error_data),
        ("hooks", report.hooks),
        ("notifications", report.notifications),
    ];
    writeln!(f, "{:<16}{:>8}{:>10}{:>8}", "", "total", "decoded", "equal")?;
    for (name, Tally { total, decoded, equal }) in tallies {
        writeln!(f, "{name:<16}{total:>8}{decoded:>10}{equal:>8}")?;
    }
    let (apart, protocol) = (&report.apart, &report.protocol);
    let counts = [
        (report.notes, "remarks"),
        (report.undescribed_requests.values().sum(), "successful requests that no schema describes"),
        (apart.positional_requests, "requests by position"),
        (apart.failed_requests_taken, "requests that failed, and that the types take"),
        (apart.failed_requests_refused, "requests that failed, and that the types refuse"),
        (apart.answers_without_schema, "answers without a schema"),
        (apart.errors_without_schema, "of the errors: without a schema"),
        (apart.events_without_schema, "hooks and notifications without a schema"),
        (protocol.connections, "connections' bytes"),
        (protocol.filtered, "answers to calls with a filter"),
        (protocol.progress, "notifications of progress"),
        (protocol.errors_without_call, "of the errors: without a readable call"),
        (protocol.unanswered, "calls without an answer"),
        (protocol.unreadable_sent, "connections on which something else than requests was sent"),
    ];
    if counts.iter().any(|(count, _)| *count > 0) {
        writeln!(f, "\nCounted apart")?;
    }
    counts.iter().filter(|(count, _)| *count > 0).try_for_each(|(count, what)| writeln!(f, "{count:>8}  {what}"))
}

fn failures(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    if report.is_ok() {
        return Ok(());
    }
    writeln!(f, "\nFailures")?;
    for failure in report.failures.iter().take(MOST_FAILURES) {
        writeln!(f, "  {failure}")?;
    }
    let more = report.failed.saturating_sub(MOST_FAILURES as u64);
    if more > 0 { writeln!(f, "  and {more} more") } else { Ok(()) }
}

fn undocumented(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    if report.undocumented.is_empty() {
        return Ok(());
    }
    writeln!(f, "\nWhat nodes sent and Core Lightning's own schemas do not say, by number of messages")?;
    for (Undocumented { kind, name, path, value, standing }, count) in &report.undocumented {
        let value = value.as_ref().map(|value| format!(" = {value:?}")).unwrap_or_default();
        let standing = match standing {
            Standing::Undocumented => "",
            Standing::OtherVariant => "  (documented for other variants only)",
            Standing::OverlayOnly => "  (the overlay documents it)",
        };
        writeln!(f, "{count:>8}  {kind} `{name}`: {path}{value}{standing}")?;
    }
    Ok(())
}

fn without_schema(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    if !report.without_schema.is_empty() {
        writeln!(f, "\nWithout a schema, by number of messages")?;
    }
    for (named, count) in &report.without_schema {
        let kind = match named.kind {
            Subject::Command => "command",
            Subject::Hook => "hook",
            Subject::Notification => "notification",
        };
        writeln!(f, "{count:>8}  {kind} `{}`", named.name)?;
    }
    Ok(())
}

fn undescribed(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    if !report.undescribed_requests.is_empty() {
        writeln!(f, "\nSuccessful requests that the command's schema does not describe")?;
    }
    for (request, count) in &report.undescribed_requests {
        writeln!(f, "{count:>8}  `{}` {}", request.method, request.reason)?;
    }
    Ok(())
}

fn codes(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    for (known, title) in [
        (CodeKnown::Nowhere, "Error codes that nothing lists; they become `Other`"),
        (CodeKnown::Overlay, "Error codes that the overlay lists and the command's own schema does not"),
        (CodeKnown::Common, "Error codes that any call can meet and the command's own schema does not list"),
    ] {
        let codes: Vec<_> = report.unlisted_codes.iter().filter(|(code, _)| code.known == known).collect();
        if codes.is_empty() {
            continue;
        }
        writeln!(f, "\n{title}")?;
        for (code, count) in codes {
            writeln!(f, "{count:>8}  `{}` {}", code.method, code.code)?;
        }
    }
    Ok(())
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Answer => "the answer of",
            Kind::Request => "the request of",
            Kind::Error => "the error of",
            Kind::ErrorData => "the error data of",
            Kind::Hook => "the hook",
            Kind::Notification => "the notification",
        })
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        match self.kind {
            Some(_) if self.name.is_empty() => f.write_str(": an error without a readable call")?,
            Some(kind) => write!(f, ": {kind} `{}`", self.name)?,
            None => {}
        }
        if !self.path.is_empty() {
            write!(f, " at `{}`", self.path)?;
        }
        write!(f, ": {}", self.reason)
    }
}
