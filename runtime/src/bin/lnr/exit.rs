//! How the program ends, and what it then says.

use std::fmt::Write as _;
use std::process::ExitCode;

use cln_primitives::RpcError;
use cln_runtime::client::{CallError, ConnectError};
use cln_runtime::recover;

use super::amount;
use super::output::{printable, wrapped};

/// The columns of the words on stderr.
const WIDTH: usize = 80;

/// The exit codes, for scripts.
pub const HELP: &str = "\
Exit codes:
  0  done; for collect and --wait: paid
  1  it failed, in another way than below
  2  wrong arguments, or a text that cannot be used
  3  the payer refused, as it does when the request is used up or disabled
  4  not paid in time, it may still be; for disable: a payment is under way, and
     nothing was done
  5  the payer could not be reached
  6  no node, or the node did not answer
  7  too late: the request has expired; for request and --wait also: it takes no
     more invoices
  130  interrupted by Ctrl-C";

/// What to do where no node was found.
pub const FIND_NODE: &str = "Start the node, or name it: --dir FOLDER, --network NAME, --rpc FILE.";

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Failed = 1,
    BadInput = 2,
    Refused = 3,
    TimedOut = 4,
    Unreachable = 5,
    NoNode = 6,
    TooLate = 7,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    problem: String,
    /// What to do next.
    advice: String,
    /// What `--json` prints: the node's error, or what the command at the node would have answered.
    pub error: Option<Box<RpcError>>,
}

impl Failure {
    pub fn new(exit: Exit, problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Failure { exit, problem: problem.into(), advice: advice.into(), error: None }
    }

    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// The same failure with other advice, by someone who knows more of it.
    pub fn advise(self, advice: impl Into<String>) -> Self {
        Failure { advice: advice.into(), ..self }
    }

    /// The same failure, as the error of a command at the node.
    pub fn with_error(self, code: i32, data: Option<serde_json::Value>) -> Self {
        let error = RpcError { code, message: self.problem.clone(), data };
        Failure { error: Some(error.into()), ..self }
    }

    /// What happened, and what to do next, for stderr.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for part in [format!("lnr: {}", printable(&self.problem)), printable(&self.advice)] {
            for (at, line) in wrapped(&part, WIDTH - 2).iter().enumerate() {
                let indent = if words.is_empty() && at == 0 { "" } else { "  " };
                // Writing to a text cannot fail.
                let _ = writeln!(words, "{indent}{line}");
            }
        }
        words
    }
}

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Self {
        let (exit, advice) = match error.code {
            -32601 => (Exit::Failed, "`lnr doctor` tells what this node can do."),
            -32602 => (Exit::BadInput, "Correct the parameter, then try again."),
            900 => (Exit::Failed, "Use another label: --label NAME."),
            1001 => (Exit::Failed, "Nothing needs to be done: it is disabled or used up already."),
            1002 => (Exit::TooLate, "Ask the payer for a new request."),
            1003 => (Exit::Unreachable, "Try again when the payer is online; `lnr doctor` looks at your own node."),
            1004 => (Exit::Refused, "Ask the payer, or ask for another request."),
            1005 => (Exit::TimedOut, "It may still be paid until the invoice expires: look at `listinvoices`."),
            _ => (Exit::Failed, "The node's log may say more; `lnr doctor` looks for common causes."),
        };
        Failure { exit, problem: error.to_string(), advice: advice.to_owned(), error: Some(error.into()) }
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let advice = format!("{FIND_NODE} `lnr doctor` takes the same options and looks closer.");
        Failure::new(Exit::NoNode, error.to_string(), advice)
    }
}

impl From<CallError<RpcError>> for Failure {
    fn from(error: CallError<RpcError>) -> Self {
        let advice = match &error {
            CallError::Connection { .. } | CallError::Timeout { .. } if error.may_have_taken_effect() => {
                "Look before you try again: `lnr list`, `lnr call listinvoices`."
            }
            CallError::Connection { .. } | CallError::Timeout { .. } => "Is the node up? `lnr doctor` looks closer.",
            CallError::Invalid(_) | CallError::ControlCharacter { .. } | CallError::Encode { .. } => {
                "Correct the parameter, then try again."
            }
            CallError::Deprecated { .. } => "`lnr doctor` tells what this node can do.",
            _ => "Is the node newer than this program? `lnr doctor` compares them.",
        };
        let exit = match &error {
            CallError::Connection { .. } | CallError::Timeout { .. } => Exit::NoNode,
            CallError::Invalid(_) | CallError::ControlCharacter { .. } | CallError::Encode { .. } => Exit::BadInput,
            _ => Exit::Failed,
        };
        match error {
            CallError::Rpc(error) => error.into(),
            error => Failure::new(exit, error.to_string(), advice),
        }
    }
}

impl From<recover::Error> for Failure {
    fn from(error: recover::Error) -> Self {
        use recover::Error as E;
        const AGAIN: &str = "Run the same command again: it looks before it acts.";
        let (problem, is_transient) = (error.to_string(), error.is_transient());
        match error {
            E::Call { source, .. } => {
                let failure = Failure { problem, ..Failure::from(*source) };
                if is_transient { failure.advise(AGAIN) } else { failure }
            }
            E::BadRequest(_) => {
                Failure::new(Exit::BadInput, problem, "Nothing was sent: ask the payer for the text again.")
            }
            E::Amount { expected, requested } => {
                let (expected, requested) = (amount::shown(expected), amount::shown(requested));
                let problem = format!("the request pays {requested}, not {expected}");
                Failure::new(Exit::BadInput, problem, "Nothing was sent: ask the payer for another request.")
            }
            E::LabelTaken { label, invoice } => {
                let problem = format!("the label `{label}` holds another invoice, {}", invoice.payment_hash);
                Failure::new(Exit::Failed, problem, "Nothing was sent: choose another label by --label NAME.")
            }
            E::Clash { label, invreq_id } => {
                let problem = format!("the label `{label}` holds another request, {invreq_id}");
                let advice = "Nothing was made: choose another label, or repeat the first command as it was; \
                              `lnr show` tells what that asked for.";
                Failure::new(Exit::Failed, problem, advice)
            }
            E::OtherLabel { label, .. } => {
                let advice = format!("To wait for that one, run the same command with --label {label:?}.");
                Failure::new(Exit::Failed, problem, advice)
            }
            E::NoDirectSending(why) => {
                let problem = format!("the invoice cannot be sent directly: {why}");
                Failure::new(Exit::Failed, problem, "Nothing was sent: leave out --direct.")
            }
            _ => Failure::new(Exit::Failed, problem, AGAIN),
        }
    }
}

/// The node, or what this program is made of, is newer than this program.
pub fn unforeseen(what: &impl std::fmt::Debug) -> Failure {
    let problem = format!("it ended in a way that this program does not know: {what:?}");
    Failure::new(Exit::Failed, problem, "Look before you try again: `lnr list`; `lnr doctor` compares the versions.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(code: i32) -> Exit {
        Failure::from(RpcError { code, message: String::new(), data: None }).exit
    }

    #[test]
    fn scripts_can_tell_the_ends_apart() {
        let ends = [1002, 1003, 1004, 1005, -32602, -1].map(exit);
        let expected = [Exit::TooLate, Exit::Unreachable, Exit::Refused, Exit::TimedOut, Exit::BadInput, Exit::Failed];
        assert_eq!(ends, expected);
        let none = Failure::from(ConnectError::NotFound("x".into()));
        assert_eq!(none.exit, Exit::NoNode);
    }

    #[test]
    fn an_error_says_what_to_do_in_lines_of_a_terminal() {
        let failure = Failure::new(Exit::Failed, "word ".repeat(30).trim(), "Do \u{1b}this.");
        let words = failure.words();
        assert!(words.starts_with("lnr: word") && words.ends_with("\n  Do \\u{1b}this.\n"), "{words}");
        assert!(words.lines().all(|line| line.chars().count() <= WIDTH), "{words}");
    }
}
