//! The commands of an embedded node: a table says of each what it takes and what it does.

mod createinvoice;
mod createinvoicerequest;
mod gossip;
mod help;
mod injectonionmessage;
mod invoices;
mod payments;
mod peers;
pub(crate) mod requests;
pub(crate) mod sendinvoice;
mod status;
mod waiting;
mod xpay;

use std::sync::LazyLock;

use cln_api::error_code::{JSONRPC2_INVALID_PARAMS, JSONRPC2_METHOD_NOT_FOUND, LIGHTNINGD};
use cln_primitives::RpcError;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, TryFutureExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::handle::Node;
use super::params::{self, Param};
use super::server::{Service, Work};

type Answer<T> = Result<T, RpcError>;
type Call<T> = Box<dyn Fn(&Node, &RawValue) -> BoxFuture<'static, Answer<T>> + Send + Sync>;

/// A command.
pub(crate) struct Command {
    /// Its name.
    pub(crate) method: &'static str,
    /// Its parameters, in the order of their positions.
    pub(crate) params: &'static [Param],
    work: Work,
    run: Call<Value>,
    /// Finds out whether `run` would take the parameters, and changes nothing.
    check: Call<()>,
}

/// All commands, in the order in which `help` tells them.
pub(crate) static COMMANDS: LazyLock<Vec<Command>> = LazyLock::new(|| {
    let groups = [
        createinvoice::commands(),
        createinvoicerequest::commands(),
        gossip::commands(),
        help::commands(),
        injectonionmessage::commands(),
        invoices::commands(),
        payments::commands(),
        peers::commands(),
        requests::commands(),
        sendinvoice::commands(),
        status::commands(),
        waiting::commands(),
        xpay::commands(),
    ];
    let mut commands: Vec<Command> = groups.into_iter().flatten().collect();
    commands.sort_by_key(|command| command.method);
    commands
});

fn find(method: &str) -> Answer<&'static Command> {
    let found = COMMANDS.iter().find(|command| command.method == method);
    found.ok_or_else(|| {
        let message = format!("an embedded node has no command `{}`: see `help`", shortened(method));
        RpcError { code: JSONRPC2_METHOD_NOT_FOUND, message, data: None }
    })
}

/// The beginning of what a client has written, for errors.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

impl Service for Node {
    async fn call(&self, method: &str, params: &RawValue) -> Answer<Value> {
        (find(method)?.run)(self, params).await
    }

    fn work(&self, method: &str) -> Work {
        // That there is no such command is soon said.
        find(method).map_or(Work::Acts, |command| command.work)
    }
}

/// A command whose parameters are checked when they can be read.
fn command<R, I, F>(params: &'static [Param], run: impl Fn(Node, I) -> F + Send + Sync + 'static) -> Command
where
    R: cln_api::Command<Response: Serialize>,
    I: DeserializeOwned + Send + 'static,
    F: Future<Output = Answer<R::Response>> + Send + 'static,
{
    checked_command::<R, I, F, _>(params, |_, _| async { Ok(()) }, run)
}

/// A command that only looks: to check a call is to make it.
fn looking_command<R, I, F>(
    params: &'static [Param],
    run: impl Fn(Node, I) -> F + Clone + Send + Sync + 'static,
) -> Command
where
    R: cln_api::Command<Response: Serialize + 'static>,
    I: DeserializeOwned + Send + 'static,
    F: Future<Output = Answer<R::Response>> + Send + 'static,
{
    let look = run.clone();
    checked_command::<R, I, F, _>(params, move |node, input| look(node, input).map_ok(drop), run).that_only_looks()
}

/// A command that `check` looks at more closely.
fn checked_command<R, I, F, C>(
    params: &'static [Param],
    check: impl Fn(Node, I) -> C + Send + Sync + 'static,
    run: impl Fn(Node, I) -> F + Send + Sync + 'static,
) -> Command
where
    R: cln_api::Command<Response: Serialize>,
    I: DeserializeOwned + Send + 'static,
    F: Future<Output = Answer<R::Response>> + Send + 'static,
    C: Future<Output = Answer<()>> + Send + 'static,
{
    let run: Call<Value> = Box::new(move |node, given| match input(params, given) {
        Ok(input) => {
            let running = run(node.clone(), input);
            async move { encode(&running.await?) }.boxed()
        }
        Err(error) => async { Err(error) }.boxed(),
    });
    let check: Call<()> = Box::new(move |node, given| match input(params, given) {
        Ok(input) => check(node.clone(), input).boxed(),
        Err(error) => async { Err(error) }.boxed(),
    });
    Command { method: R::METHOD, params, work: Work::Acts, run, check }
}

impl Command {
    /// The same, as one that [waits](Work::Waits).
    fn that_only_waits(self) -> Self {
        Command { work: Work::Waits, ..self }
    }

    /// The same, as one that [looks](Work::Looks).
    fn that_only_looks(self) -> Self {
        Command { work: Work::Looks, ..self }
    }
}

/// The parameters, as the command takes them.
pub(crate) fn input<I: DeserializeOwned>(params: &'static [Param], given: &RawValue) -> Answer<I> {
    let given = params::read(params, given)?;
    serde_json::from_value(given.into()).map_err(|error| invalid(error.to_string()))
}

fn encode(response: &impl Serialize) -> Answer<Value> {
    serde_json::to_value(response).map_err(|error| failure(LIGHTNINGD, format!("the answer is no JSON: {error}")))
}

/// A parameter that cannot be taken.
fn invalid(message: impl Into<String>) -> RpcError {
    failure(JSONRPC2_INVALID_PARAMS, message)
}

fn failure(code: i32, message: impl Into<String>) -> RpcError {
    RpcError { code, message: message.into(), data: None }
}

/// A response that is built as JSON and read by its type, which proves its shape.
fn shaped<T: DeserializeOwned>(json: Value) -> Answer<T> {
    serde_json::from_value(json)
        .map_err(|error| failure(LIGHTNINGD, format!("the answer has not its command's shape: {error}")))
}
