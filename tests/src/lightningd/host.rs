//! What the node's messages, its clients and its plugin share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cln_primitives::RpcError;
use cln_runtime::node::{HookAnswer, HookCall};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use super::delivery::{Delivery, Turn};
use super::plugin::{Plugin, Told};
use super::violations::Violations;
use super::within::within;

/// Where the plugin is.
#[derive(Clone, Debug)]
enum Stage {
    /// It starts together with the node: messages wait for it.
    Starting,
    Running(Arc<Plugin>),
    /// Messages pass it by.
    Gone,
}

#[derive(Debug)]
pub struct Host {
    node_rpc: PathBuf,
    stage: watch::Sender<Stage>,
    delivery: Delivery,
    told: Mutex<Vec<Told>>,
    heard: Notify,
    violations: Violations,
}

impl Host {
    pub fn new(node_rpc: PathBuf) -> Self {
        let (stage, _) = watch::channel(Stage::Starting);
        Host {
            node_rpc,
            stage,
            delivery: Delivery::default(),
            told: Mutex::default(),
            heard: Notify::new(),
            violations: Violations::default(),
        }
    }

    pub fn node_rpc(&self) -> &Path {
        &self.node_rpc
    }

    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    pub fn violations(&self) -> &Violations {
        &self.violations
    }

    pub fn plugin(&self) -> Option<Arc<Plugin>> {
        match &*self.stage.borrow() {
            Stage::Running(plugin) => Some(plugin.clone()),
            Stage::Starting | Stage::Gone => None,
        }
    }

    pub fn runs(&self, plugin: Arc<Plugin>) {
        self.stage.send_replace(Stage::Running(plugin));
    }

    pub fn is_gone(&self) {
        self.stage.send_replace(Stage::Gone);
    }

    pub fn hear(&self, told: Told) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(told);
        self.heard.notify_waiters();
    }

    /// What the plugin has told under this name.
    pub fn told(&self, topic: &str) -> Vec<Value> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().filter(|(name, _)| name == topic).map(|(_, params)| params.clone()).collect()
    }

    /// Waits until the plugin has told so much under this name.
    pub async fn wait_told(&self, topic: &str, count: usize) -> Vec<Value> {
        let told = async {
            loop {
                let heard = self.heard.notified();
                let told = self.told(topic);
                if told.len() >= count {
                    return told;
                }
                heard.await;
            }
        };
        within(topic, told).await
    }

    /// Asks the plugin about a message of the node. As at lightningd, a plugin that is gone, or goes, lets it pass.
    pub async fn on_message(&self, call: HookCall) -> HookAnswer {
        let mut stage = self.stage.subscribe();
        let stage = match stage.wait_for(|stage| !matches!(stage, Stage::Starting)).await {
            Ok(stage) => stage.clone(),
            Err(_) => return HookAnswer::Continue,
        };
        let Stage::Running(plugin) = stage else { return HookAnswer::Continue };
        if !plugin.manifest().wants_hook(call.name) {
            return HookAnswer::Continue;
        }
        let Turn { copies, payload, done } = self.delivery.turn(call.payload).await;
        let mut answer = HookAnswer::Continue;
        for _ in 0..copies {
            let told = ask(&plugin, call.name, payload.clone()).await;
            if told.is_ok_and(|told| told["result"] == "resolve") {
                answer = HookAnswer::Resolve;
            }
        }
        drop(done);
        answer
    }
}

/// Asks a plugin by a hook. An answer that is none of these hooks' is a violation.
///
/// # Errors
/// The plugin's own, or -4 when it is gone.
pub async fn ask(plugin: &Plugin, hook: &str, payload: Value) -> Result<Value, RpcError> {
    let answer = plugin.call(hook, payload).await?;
    if answer != json!({"result": "continue"}) && answer["result"] != "resolve" {
        plugin.break_off(format!("lightningd dies of the answer {answer}"));
    }
    Ok(answer)
}
