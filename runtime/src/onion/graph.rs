//! Which nodes relay onion messages, and between which of them are channels: what gossip tells.

use std::collections::{HashMap, VecDeque};

use cln_api::{listchannels, listnodes};
use cln_primitives::NodeId;

use crate::lightningd::{Daemon, Failure};

/// More nodes, or ends of channels, than these are passed over: gossip must not take all memory. Bitcoin's network has less
/// than a tenth.
const MOST_NODES: usize = 1 << 18;
const MOST_ENDS: usize = 1 << 20;
/// No node came before: where a search began.
const START: u32 = u32::MAX;

/// The network as gossip tells it. A node's id is kept once, channels are pairs of numbers.
#[derive(Debug, Default)]
pub(super) struct Graph {
    ids: Vec<NodeId>,
    numbers: HashMap<NodeId, u32>,
    /// Whether the node with this number announces that it relays onion messages.
    relays: Vec<bool>,
    /// From which node to which that relays; sorted.
    ends: Vec<(u32, u32)>,
}

impl Graph {
    /// Reads it from a node.
    pub(super) async fn read(daemon: &impl Daemon) -> Result<Self, String> {
        let mut graph = Graph::default();
        let nodes = daemon.each(&listnodes::Request::new(), |node: listnodes::Node| graph.add_node(&node)).await;
        nodes.map_err(|error| said("listnodes", &error))?;
        let channels = daemon.each(&listchannels::Request::new(), |channel| graph.add_channel(&channel)).await;
        channels.map_err(|error| said("listchannels", &error))?;
        graph.ends.sort_unstable();
        graph.ends.dedup();
        Ok(graph)
    }

    fn add_node(&mut self, node: &listnodes::Node) {
        let Ok(number) = u32::try_from(self.ids.len()) else { return };
        if self.ids.len() == MOST_NODES || self.numbers.contains_key(&node.nodeid) {
            return;
        }
        self.numbers.insert(node.nodeid, number);
        self.ids.push(node.nodeid);
        self.relays.push(node.announcement.as_ref().is_some_and(|said| relays_messages(&said.features)));
    }

    fn add_channel(&mut self, channel: &listchannels::Channel) {
        let number = |id| self.numbers.get(id).copied();
        let (Some(from), Some(to)) = (number(&channel.source), number(&channel.destination)) else { return };
        let usable = channel.public && channel.active && self.relays.get(to as usize) == Some(&true);
        if usable && self.ends.len() < MOST_ENDS {
            self.ends.push((from, to));
        }
    }

    /// The nodes from one of these neighbours to the target, both included, over the fewest channels; `None` when there
    /// is no way.
    pub(super) fn route(&self, neighbours: &[NodeId], own: NodeId, target: NodeId) -> Option<Vec<NodeId>> {
        let target = *self.numbers.get(&target)?;
        let mut before = vec![None; self.ids.len()];
        // No way leads back over the own node.
        if let Some(place) = self.numbers.get(&own).and_then(|own| before.get_mut(*own as usize)) {
            *place = Some(START);
        }
        let mut next = VecDeque::new();
        for number in neighbours.iter().filter_map(|id| self.numbers.get(id)) {
            visit(&mut before, &mut next, *number, START);
        }
        while let Some(node) = next.pop_front() {
            if node == target {
                return Some(self.back_to_start(&before, target));
            }
            for &(_, to) in self.from(node) {
                visit(&mut before, &mut next, to, node);
            }
        }
        None
    }

    fn from(&self, node: u32) -> &[(u32, u32)] {
        let start = self.ends.partition_point(|&(from, _)| from < node);
        let rest = self.ends.get(start..).unwrap_or_default();
        rest.get(..rest.partition_point(|&(from, _)| from == node)).unwrap_or_default()
    }

    fn back_to_start(&self, before: &[Option<u32>], target: u32) -> Vec<NodeId> {
        let step = |node: &u32| before.get(*node as usize).copied().flatten().filter(|&node| node != START);
        let nodes = std::iter::successors(Some(target), step);
        let mut route: Vec<_> = nodes.filter_map(|node| self.ids.get(node as usize).copied()).collect();
        route.reverse();
        route
    }
}

fn visit(before: &mut [Option<u32>], next: &mut VecDeque<u32>, node: u32, from: u32) {
    if let Some(place @ None) = before.get_mut(node as usize) {
        *place = Some(from);
        next.push_back(node);
    }
}

/// Does it say so, by one of bits 38 and 39 (BOLT 9)?
pub(super) fn relays_messages(features: &[u8]) -> bool {
    features.iter().nth_back(4).is_some_and(|byte| byte & 0xc0 != 0)
}

/// What became of a call, in words.
pub(super) fn said<E: std::fmt::Display>(command: &str, failure: &Failure<E>) -> String {
    format!("{command}: {failure}")
}
