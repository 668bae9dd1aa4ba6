//! Commands, notifications, hooks and shared types matched by name.

use std::collections::BTreeSet;

use super::fields::compare_about;
use super::{Found, Item, ItemKind, Kind, Place, objects, types, validation};
use crate::model::{About, Api, Choice, Command, Direction, ErrorCode, Hook, Notification, Object, Type, WireEnum};

/// Everything that two APIs do not have in common.
pub(super) fn compare(old: &Api, new: &Api) -> Vec<Item> {
    let mut items = Vec::new();
    items.extend(matched(old, new, ItemKind::Command, &old.commands, &new.commands, command));
    items.extend(matched(old, new, ItemKind::Notification, &old.notifications, &new.notifications, notification));
    items.extend(matched(old, new, ItemKind::Hook, &old.hooks, &new.hooks, hook));
    items.extend(matched(old, new, ItemKind::SharedEnum, &filled(&old.shared), &filled(&new.shared), shared));
    items.extend(matched(old, new, ItemKind::ErrorData, &old.error_data, &new.error_data, error_data));
    items.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    items
}

/// A thing of an API that both releases may have.
trait Named {
    fn name(&self) -> &str;
    fn path(&self) -> String;
    fn about(&self) -> &About;
}

macro_rules! named {
    ($($ty:ty: $name:ident, $prefix:literal + $path:ident;)*) => {
        $(impl Named for $ty {
            fn name(&self) -> &str { &self.$name }
            fn path(&self) -> String { format!(concat!($prefix, "{}"), self.$path) }
            fn about(&self) -> &About { &self.about }
        })*
    };
}

named! {
    Command: method, "" + module;
    Notification: name, "notification::" + module;
    Hook: name, "hook::" + module;
    WireEnum: name, "shared::" + name;
    Object: name, "error_data::" + name;
}

fn matched<T: Named>(
    old: &Api,
    new: &Api,
    kind: ItemKind,
    before: &[T],
    after: &[T],
    compare: impl Fn(&mut Found<'_>, &str, &T, &T),
) -> Vec<Item> {
    let find = |name: &str, others: &[T]| others.iter().position(|other| other.name() == name);
    let mut items = Vec::new();
    for it in after {
        let (mut found, path) = (Found::new(old, new), it.path());
        match find(it.name(), before) {
            Some(index) => compare(&mut found, &path, &before[index], it),
            None => {
                let release = it.about().added.map(|added| added.to_string());
                found.push(Kind::ItemAdded, nowhere(&path), "", None, release);
            }
        }
        items.extend(found.into_item(kind, it.name(), &path));
    }
    for it in before.iter().filter(|it| find(it.name(), after).is_none()) {
        let (mut found, path) = (Found::new(old, new), it.path());
        found.push(Kind::ItemRemoved, nowhere(&path), "", None, None);
        items.extend(found.into_item(kind, it.name(), &path));
    }
    items
}

/// What is in no message.
fn nowhere(module: &str) -> Place<'_> {
    Place { module, wire: "", direction: Direction::Received }
}

fn command(found: &mut Found<'_>, module: &str, before: &Command, after: &Command) {
    let at = nowhere(module);
    found.texts += usize::from(before.title != after.title) + usize::from(before.related != after.related);
    compare_about(found, at, "", &before.about, &after.about);
    let request = Place { module, wire: "request", direction: Direction::Sent };
    objects::compare(found, request, &before.request.object, &after.request.object);
    validation::compare(found, request, &before.request, &after.request);
    let response = Place { module, wire: "response", direction: Direction::Received };
    objects::compare(found, response, &before.response, &after.response);
    errors(found, at, &before.errors, &after.errors);
}

fn notification(found: &mut Found<'_>, module: &str, before: &Notification, after: &Notification) {
    found.texts += usize::from(before.title != after.title);
    compare_about(found, nowhere(module), "", &before.about, &after.about);
    let payload = Place { module, wire: "payload", direction: Direction::Received };
    objects::compare(found, payload, &before.payload, &after.payload);
}

fn hook(found: &mut Found<'_>, module: &str, before: &Hook, after: &Hook) {
    found.texts += usize::from(before.title != after.title);
    compare_about(found, nowhere(module), "", &before.about, &after.about);
    let payload = Place { module, wire: "payload", direction: Direction::Received };
    objects::compare(found, payload, &before.payload, &after.payload);
    let action = Place { module, wire: "action", direction: Direction::Sent };
    objects::compare(found, action, &before.action, &after.action);
}

fn error_data(found: &mut Found<'_>, _: &str, before: &Object, after: &Object) {
    let place = Place { module: "error_data", wire: "data", direction: Direction::Received };
    objects::compare(found, place, before, after);
}

fn errors(found: &mut Found<'_>, place: Place<'_>, before: &[ErrorCode], after: &[ErrorCode]) {
    let code = |code: &ErrorCode| Some(code.code.to_string());
    for error in after {
        let path = format!("Error::{}", error.name);
        let Some(known) = before.iter().find(|known| known.code == error.code) else {
            found.push(Kind::ErrorAdded, place, &path, None, code(error));
            continue;
        };
        found.texts += usize::from(known.text != error.text);
        if known.name != error.name {
            found.push(Kind::ErrorRenamed, place, &path, Some(known.name.clone()), Some(error.name.clone()));
        }
        if known.data != error.data {
            found.push(Kind::ErrorData, place, &path, known.data.clone(), error.data.clone());
        }
    }
    for error in before.iter().filter(|error| after.iter().all(|other| other.code != error.code)) {
        found.push(Kind::ErrorRemoved, place, &format!("Error::{}", error.name), code(error), None);
    }
}

/// The shared enums that a release's schemas have values for.
fn filled(shared: &[WireEnum]) -> Vec<WireEnum> {
    shared.iter().filter(|it| !it.values.is_empty()).cloned().collect()
}

fn shared(found: &mut Found<'_>, _: &str, before: &WireEnum, after: &WireEnum) {
    let mut uses = Uses::default();
    uses.api(found.old, &after.name);
    uses.api(found.new, &after.name);
    // What is sent is what a node may refuse.
    let direction = if uses.sent { Direction::Sent } else { Direction::Received };
    let place = Place { module: "shared", wire: "", direction };
    types::values(found, place, before, after);
    found.texts += usize::from(before.about.text != after.about.text);
    for change in &mut found.changes {
        change.wire = uses.places.iter().cloned().collect();
    }
}

/// Where a shared enum is used.
#[derive(Default)]
struct Uses {
    sent: bool,
    places: BTreeSet<String>,
}

impl Uses {
    fn api(&mut self, api: &Api, name: &str) {
        for it in &api.commands {
            self.object(&it.request.object, name, &format!("{}: request", it.method));
            self.object(&it.response, name, &format!("{}: response", it.method));
        }
        for it in &api.notifications {
            self.object(&it.payload, name, &format!("{}: payload", it.name));
        }
        for it in &api.hooks {
            self.object(&it.payload, name, &format!("{}: payload", it.name));
            self.object(&it.action, name, &format!("{}: action", it.name));
        }
    }

    fn object(&mut self, object: &Object, name: &str, wire: &str) {
        let arms = object.choices.iter().flat_map(|choice: &Choice| &choice.variants);
        for field in object.fields.iter().chain(arms.flat_map(|variant| &variant.fields)) {
            self.ty(&field.ty, name, &format!("{wire}.{}", field.wire), object.direction);
        }
    }

    fn ty(&mut self, ty: &Type, name: &str, wire: &str, direction: Direction) {
        match ty {
            Type::Array(inner) => self.ty(inner, name, &format!("{wire}[]"), direction),
            Type::Map(inner) => self.ty(inner, name, &format!("{wire}.*"), direction),
            Type::Object(object) => self.object(object, name, wire),
            Type::Union(it) => it.variants.iter().for_each(|(_, ty)| self.ty(ty, name, wire, direction)),
            Type::Shared(used) if used == name => {
                self.sent |= direction == Direction::Sent;
                self.places.insert(wire.to_owned());
            }
            Type::Scalar(_) | Type::Enum(_) | Type::Shared(_) => {}
        }
    }
}
