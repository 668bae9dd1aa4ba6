//! All measurements, each in a process of its own.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::report::{Pair, Report};
use super::server::READY;
use super::{Case, Error, Figures, Side};

/// Ends the server with the run.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Measures everything so many times.
///
/// # Errors
///
/// When a process cannot be started, or its measurement failed.
pub fn run(runs: usize) -> Result<Report, Error> {
    let folder = tempfile::tempdir().map_err(Error::io("cannot make a folder for the socket"))?;
    let socket = folder.path().join("lightning-rpc");
    let _server = start(&socket)?;
    let pair = |case| -> Result<Pair, Error> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            ours.push(figures(Side::Ours, case, &socket)?);
            theirs.push(figures(Side::Theirs, case, &socket)?);
        }
        Ok(Pair { ours: medians(&ours), theirs: medians(&theirs) })
    };
    let streams: Vec<_> = (0..runs).map(|_| figures(Side::Ours, Case::Stream, &socket)).collect::<Result<_, _>>()?;
    Ok(Report {
        listinvoices: pair(Case::Listinvoices)?,
        listchannels: pair(Case::Listchannels)?,
        stream: medians(&streams),
        pipelined: pair(Case::Pipelined)?,
        single: pair(Case::Single)?,
    })
}

fn start(socket: &Path) -> Result<Server, Error> {
    let program = env::current_exe().map_err(Error::io("cannot find this program"))?;
    let mut command = Command::new(program);
    command.arg("serve").arg(socket).stdout(Stdio::piped());
    let mut server = Server(command.spawn().map_err(Error::io("cannot start the server"))?);
    let mut line = String::new();
    if let Some(stdout) = server.0.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).map_err(Error::io("the server says nothing"))?;
    }
    match line.trim_end() {
        READY => Ok(server),
        _ => Err(Error::Call("the server did not start".to_owned())),
    }
}

fn figures(side: Side, case: Case, socket: &Path) -> Result<Figures, Error> {
    let program = env::current_exe().map_err(Error::io("cannot find this program"))?;
    let mut command = Command::new(program);
    let side_name = match side {
        Side::Ours => "ours",
        Side::Theirs => "theirs",
    };
    command.args(["measure", side_name, case.name()]).arg(socket).stderr(Stdio::inherit());
    let output = command.output().map_err(Error::io("cannot start a measurement"))?;
    serde_json::from_slice(&output.stdout)
        .map_err(|_| Error::Call(format!("the measurement of {} ({side_name}) failed", case.name())))
}

fn medians(figures: &[Figures]) -> Figures {
    let median = |of: fn(&Figures) -> f64| {
        let mut sorted: Vec<f64> = figures.iter().map(of).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    };
    Figures {
        seconds: median(|it| it.seconds),
        peak: median(|it| it.peak),
        early: median(|it| it.early),
        late: median(|it| it.late),
    }
}
