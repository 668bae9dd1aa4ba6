//! What commands there are, and whether a call could be made: `help`, `check`.

use cln_api::{check, help};
use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Answer, COMMANDS, Command, encode, find, invalid, looking_command, shaped};
use crate::node::handle::Node;
use crate::node::params::{Kind, Param, ParamError, members, optional, required};
use crate::node::server::Work;

const HELP: &[Param] = &[optional("command", Kind::Text)];
const CHECK: &[Param] = &[required("command_to_check", Kind::Text)];

pub(super) fn commands() -> Vec<Command> {
    vec![looking_command::<help::Request, Help, _>(HELP, help), check()]
}

#[derive(Deserialize)]
struct Help {
    command: Option<String>,
}

async fn help(_: Node, input: Help) -> Answer<help::Response> {
    let told: Vec<Value> = match input.command {
        Some(method) => vec![usage(find(&method)?)],
        None => COMMANDS.iter().map(usage).collect(),
    };
    shaped(json!({"help": told, "format-hint": "simple"}))
}

/// The name and the parameters, in brackets those that need not be.
fn usage(command: &Command) -> Value {
    let mut usage = command.method.to_owned();
    for param in command.params {
        usage += &if param.required { format!(" {}", param.name) } else { format!(" [{}]", param.name) };
    }
    json!({"command": usage})
}

/// `check` takes the parameters of the command to be checked beside its own, so that no table fits it.
fn check() -> Command {
    let run = |node: &Node, given: &RawValue| match split(given) {
        Ok((command, rest)) => {
            let checking = (command.check)(node, &rest);
            let answer = json!({"command_to_check": command.method});
            async move {
                checking.await?;
                encode(&shaped::<check::Response>(answer)?)
            }
            .boxed()
        }
        Err(error) => async { Err(error) }.boxed(),
    };
    let check = |_: &Node, given: &RawValue| {
        let checked = split(given).map(drop);
        async { checked }.boxed()
    };
    let method = <check::Request as cln_api::Command>::METHOD;
    Command { method, params: CHECK, work: Work::Acts, run: Box::new(run), check: Box::new(check) }
}

/// The command to be checked, and its own parameters.
fn split(given: &RawValue) -> Answer<(&'static Command, Box<RawValue>)> {
    let json = given.get();
    let (name, rest) = if json.starts_with('[') {
        let mut values: Vec<Box<RawValue>> = serde_json::from_str(json).map_err(|error| invalid(error.to_string()))?;
        let name = if values.is_empty() { None } else { Some(values.remove(0)) };
        (name, serde_json::value::to_raw_value(&values))
    } else {
        let (own, rest): (Vec<_>, Vec<_>) = members(given)?.into_iter().partition(|(name, _)| name == CHECK[0].name);
        let texts: Vec<String> =
            rest.iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), value.get())).collect();
        let mut own = own.into_iter().map(|(_, value)| value.to_owned());
        let name = own.next();
        if own.next().is_some() {
            return Err(ParamError::Twice(CHECK[0].name).into());
        }
        (name, RawValue::from_string(format!("{{{}}}", texts.join(","))))
    };
    let rest = rest.map_err(|error| invalid(error.to_string()))?;
    let Some(name) = name else { return Err(ParamError::Missing(CHECK[0].name).into()) };
    let Ok(name) = serde_json::from_str::<String>(name.get()) else {
        return Err(invalid(format!("{}: must be a string", CHECK[0].name)));
    };
    Ok((find(&name)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_command_is_checked_at_a_time() {
        let given = r#"{"command_to_check":"getinfo","command_to_check":"stop"}"#;
        let Err(error) = split(&RawValue::from_string(given.to_owned()).unwrap()) else { panic!("{given}") };
        assert_eq!((error.code, &*error.message), (-32602, "the parameter `command_to_check` is given twice"));
    }
}
