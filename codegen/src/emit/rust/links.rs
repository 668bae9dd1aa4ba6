//! Links from what a text calls a command to that command's module.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Api;

/// The names that texts link, with their modules.
pub(super) struct Links<'a> {
    modules: BTreeMap<&'a str, &'a str>,
    /// Commands that a parameter, field or value has the name of: outside of a module's own text, they may mean either.
    ambiguous: BTreeSet<String>,
}

impl<'a> Links<'a> {
    pub(super) fn new(api: &'a Api) -> Self {
        let modules = api.commands.iter().map(|it| (it.method.as_str(), it.module.as_str())).collect();
        let mut ambiguous = BTreeSet::new();
        api.for_each_name(&mut |name| {
            ambiguous.insert(name.to_owned());
        });
        Self { modules, ambiguous }
    }

    /// A module's source with the commands in its documentation linked.
    pub(super) fn link(&self, source: &str, own_module: &str) -> String {
        let mut fenced = false;
        let lines = source.split_inclusive('\n').map(|line| {
            let start = line.trim_start();
            let is_module_text = start.starts_with("//!");
            if !is_module_text && !start.starts_with("///") {
                return line.to_owned();
            }
            let is_fence = start[3..].trim_start().starts_with("```");
            fenced ^= is_fence;
            if fenced || is_fence { line.to_owned() } else { self.link_line(line, is_module_text, own_module) }
        });
        lines.collect()
    }

    fn link_line(&self, line: &str, is_module_text: bool, own_module: &str) -> String {
        let parts: Vec<&str> = line.split('`').collect();
        let mut linked = String::with_capacity(line.len());
        for (index, part) in parts.iter().enumerate() {
            let is_code = index % 2 == 1 && index + 1 < parts.len();
            if !is_code {
                // An odd one stands for itself.
                linked.push_str(if index % 2 == 1 { "`" } else { "" });
                linked.push_str(part);
                continue;
            }
            let module = self.modules.get(part).filter(|module| **module != own_module);
            let module = module.filter(|_| is_module_text || !self.ambiguous.contains(*part));
            match module {
                Some(module) if !linked.ends_with('[') => linked.push_str(&format!("[`{part}`](mod@crate::{module})")),
                _ => linked.push_str(&format!("`{part}`")),
            }
        }
        linked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, linked: &str) {
        let links = Links {
            modules: BTreeMap::from([("pay", "pay"), ("list-all", "list_all"), ("id", "id")]),
            ambiguous: BTreeSet::from(["id".to_owned()]),
        };
        assert_eq!(links.link(line, "own"), linked);
    }

    #[test]
    fn commands_are_linked_in_documentation() {
        check(
            "/// By `pay` and `list-all`.\n",
            "/// By [`pay`](mod@crate::pay) and [`list-all`](mod@crate::list_all).\n",
        );
        check("//! `id` is the command.\n", "//! [`id`](mod@crate::id) is the command.\n");
        check("/// `id` may be a field.\n", "/// `id` may be a field.\n");
        check("/// [`pay`](elsewhere), `unknown`\n", "/// [`pay`](elsewhere), `unknown`\n");
        check("let pay = \"`pay`\";\n", "let pay = \"`pay`\";\n");
    }

    #[test]
    fn code_blocks_and_odd_backticks_stay() {
        let block = "//! ```\n//! `pay`\n//! ```\n";
        check(block, block);
        check("/// an odd \\` and `pay`\n", "/// an odd \\` and `pay`\n");
    }
}
