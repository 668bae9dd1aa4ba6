//! Files through the types, counted.

use std::path::Path;

use cln_primitives::{CommonError, RpcError};
use serde_json::Value;

use super::checker::{Checked, Checker};
use super::fault::Fault;
use super::lines::for_each_line;
use super::protocol::take_apart;
use super::recording::{Bytes, Event, Exchange, Outcome, Recorded, parse};
use super::report::{CodeKnown, Failure, Kind, Named, Report, Subject, UndescribedRequest, UnlistedCode};
use super::undescribed::excuse;

impl Checker {
    /// Replays files. What is wrong with them stands in the report.
    pub fn replay(&self, files: &[impl AsRef<Path>]) -> Report {
        let mut report = Report::default();
        for path in files {
            let path = path.as_ref();
            let file = path.display().to_string();
            let lines = for_each_line(path, |line, text| {
                Run { checker: self, report: &mut report, file: &file, line }.line(text);
            });
            report.files += 1;
            if let Err(error) = lines {
                report.fail(Failure::of_file(&file, 0, format!("cannot be read: {error}")));
            }
        }
        report
    }
}

/// A line on its way into the report.
struct Run<'a> {
    checker: &'a Checker,
    report: &'a mut Report,
    file: &'a str,
    line: u64,
}

impl Run<'_> {
    fn line(&mut self, text: Option<&str>) {
        self.report.lines += 1;
        let Some(text) = text else { return self.fail_line("not UTF-8, which JSON has to be") };
        match parse(text) {
            Ok(Recorded::Exchange(exchange)) => self.exchange(&exchange),
            Ok(Recorded::Event(event)) => self.event(&event),
            Ok(Recorded::Bytes(bytes)) => self.bytes(&bytes),
            Ok(Recorded::Note) => self.report.notes += 1,
            Err(error) => self.fail_line(&error.to_string()),
        }
    }

    fn exchange(&mut self, exchange: &Exchange<'_>) {
        let method = &*exchange.method;
        match exchange.outcome {
            Outcome::Answer(answer) => {
                self.request(method, exchange.request);
                match self.checker.answer(method, answer) {
                    Some(checked) => self.count(Kind::Answer, method, checked),
                    None => {
                        self.report.apart.answers_without_schema += 1;
                        self.without_schema(Subject::Command, method);
                    }
                }
            }
            Outcome::Error(error) => {
                self.failed_request(method, exchange.request);
                self.error(method, error);
            }
        }
    }

    /// A request that succeeded, so that the types have to take it.
    fn request(&mut self, method: &str, request: &str) {
        if is_positional(request) {
            self.report.apart.positional_requests += 1;
            return;
        }
        let Some(mut checked) = self.checker.request(method, request) else { return };
        let excused = self.excuse(method, request, &mut checked);
        // What a caller sent says nothing of the node.
        checked.found.clear();
        match excused {
            Some(key) if checked.faults.is_empty() => {
                *self.report.undescribed_requests.entry(key).or_default() += 1;
            }
            _ => self.count(Kind::Request, method, checked),
        }
    }

    /// Mends what nodes take all the same, and checks the rest.
    fn excuse(&self, method: &str, request: &str, checked: &mut Checked) -> Option<UndescribedRequest> {
        let mut excused = None;
        let mut request: Value = serde_json::from_str(request).ok()?;
        while let Some(fault) = checked.faults.first()
            && let Some(excuse) = excuse(method, fault)
            && excuse.mend(&mut request, fault)
        {
            excused = excused.or(Some(UndescribedRequest { method: excuse.method, reason: excuse.reason }));
            *checked = self.checker.request(method, &request.to_string())?;
        }
        excused
    }

    /// A request that the node answered with an error: the types may refuse it or take it.
    fn failed_request(&mut self, method: &str, request: &str) {
        let apart = &mut self.report.apart;
        if is_positional(request) {
            apart.positional_requests += 1;
            return;
        }
        match self.checker.request(method, request) {
            Some(checked) if checked.decoded => apart.failed_requests_taken += 1,
            Some(_) => apart.failed_requests_refused += 1,
            None => {}
        }
    }

    fn error(&mut self, method: &str, json: &str) {
        let Some(error) = self.rpc_error(method, json) else { return };
        let Some(types) = self.checker.types.commands.get(method) else {
            self.report.errors.equal += 1;
            self.report.apart.errors_without_schema += 1;
            return self.without_schema(Subject::Command, method);
        };
        let (again, other) = (types.error)(error.clone());
        let is_listed = self.code(method, error.code);
        if again != error {
            self.fail(Kind::Error, method, Fault::new("", "the command's type changes it"));
        } else if other && is_listed {
            self.fail(Kind::Error, method, Fault::new("code", format!("{} is listed and becomes `Other`", error.code)));
        } else {
            self.report.errors.equal += 1;
        }
        let Some(data) = &error.data else { return };
        if let Some(checked) = self.checker.error_data(method, error.code, &data.to_string()) {
            self.count(Kind::ErrorData, method, checked);
        }
    }

    /// Reads an error; what it says must still be there afterwards.
    fn rpc_error(&mut self, method: &str, json: &str) -> Option<RpcError> {
        self.report.errors.total += 1;
        let parsed = serde_json::from_str(json).and_then(|error| Ok((error, serde_json::from_str::<Value>(json)?)));
        let (error, before): (RpcError, Value) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                let fault = Fault::new("", error.to_string());
                let value = serde_json::from_str(json).unwrap_or_default();
                self.fail(Kind::Error, method, fault.without_values(&value, &self.checker.documented.names));
                return None;
            }
        };
        self.report.errors.decoded += 1;
        // A message that is left out is an empty one.
        let kept = |name: &str, value: Value| before.get(name).is_none_or(|before| *before == value);
        let data = error.data.clone().unwrap_or_default();
        if kept("code", error.code.into()) && kept("message", error.message.clone().into()) && kept("data", data) {
            return Some(error);
        }
        self.fail(Kind::Error, method, Fault::new("", "written again, it is another one"));
        None
    }

    /// Counts a code that the command's own schema does not list; true for one that the types list.
    fn code(&mut self, method: &str, code: i32) -> bool {
        let errors = self.checker.documented.command(method).map(|it| it.errors.as_slice()).unwrap_or_default();
        let entry = errors.iter().find(|known| known.code == code);
        if entry.is_none_or(|entry| entry.added) {
            let known = match entry {
                Some(_) => CodeKnown::Overlay,
                None if CommonError::from_code(code).is_some() => CodeKnown::Common,
                None => CodeKnown::Nowhere,
            };
            let key = UnlistedCode { known, method: method.to_owned(), code };
            *self.report.unlisted_codes.entry(key).or_default() += 1;
        }
        entry.is_some()
    }

    fn event(&mut self, event: &Event<'_>) {
        let (name, payload) = (&event.name, event.payload);
        let (kind, subject, checked) = match event.hook {
            true => (Kind::Hook, Subject::Hook, self.checker.hook(name, payload)),
            false => (Kind::Notification, Subject::Notification, self.checker.notification(name, payload)),
        };
        match checked {
            Some(checked) => self.count(kind, name, checked),
            None => {
                self.report.apart.events_without_schema += 1;
                self.without_schema(subject, name);
            }
        }
    }

    fn bytes(&mut self, bytes: &Bytes<'_>) {
        self.report.protocol.connections += 1;
        let connection = take_apart(bytes, &mut self.report.protocol);
        if connection.broken {
            self.fail_line("`received` is not a sequence of JSON-RPC messages that answer what was `sent`");
        }
        for call in &connection.calls {
            let outcome = match &call.outcome {
                Ok(answer) => Outcome::Answer(answer),
                Err(error) => Outcome::Error(error),
            };
            self.exchange(&Exchange { method: call.method.as_str().into(), request: &call.request, outcome });
        }
        for error in &connection.errors {
            self.report.errors.equal += u64::from(self.rpc_error("", error).is_some());
        }
    }

    fn without_schema(&mut self, kind: Subject, name: &str) {
        *self.report.without_schema.entry(Named { kind, name: name.to_owned() }).or_default() += 1;
    }

    fn count(&mut self, kind: Kind, name: &str, checked: Checked) {
        let tally = self.report.tally(kind);
        tally.total += 1;
        tally.decoded += u64::from(checked.decoded);
        tally.equal += u64::from(checked.faults.is_empty());
        self.report.note_undocumented(kind, name, &checked.found);
        checked.faults.into_iter().for_each(|fault| self.fail(kind, name, fault));
    }

    fn fail(&mut self, kind: Kind, name: &str, fault: Fault) {
        self.report.fail(Failure::of_message(self.file, self.line, kind, name, fault));
    }

    fn fail_line(&mut self, reason: &str) {
        self.report.fail(Failure::of_file(self.file, self.line, reason));
    }
}

/// Types name parameters, so that a list of them says nothing.
fn is_positional(request: &str) -> bool {
    request.starts_with('[')
}
