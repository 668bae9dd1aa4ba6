//! Fields compared: by wire name, wherever in an object and its variants they stand.

use indexmap::IndexMap;

use super::objects::{arm_key, find, is_constant, is_whole, key};
use super::rules::Fit;
use super::types::{self, Whole, discriminator, fit, optional, shown};
use super::{Found, Kind, Place};
use crate::dialect::Deprecation;
use crate::import::is_sentence;
use crate::model::{About, Api, Choice, Direction, Discriminator, Field, Object, Type, WireEnum};

/// Where a field of one wire name stands.
pub(super) struct Home<'m> {
    /// Choice and arm; `None` among the common fields.
    arm: Option<(String, String)>,
    /// Path of the field in its module.
    path: String,
    rust: &'m str,
    required: bool,
    what: What<'m>,
    about: &'m About,
    /// Its own arm depends on its presence: where it is missing, another arm is read.
    tells_arm: bool,
}

enum What<'m> {
    Plain(&'m Field),
    /// A discriminator, with all that depends on it.
    Choice(&'m Choice),
}

/// All places of an object's fields, by wire name.
pub(super) fn homes(object: &Object) -> IndexMap<&str, Vec<Home<'_>>> {
    let mut homes: IndexMap<&str, Vec<Home<'_>>> = IndexMap::new();
    for field in &object.fields {
        homes.entry(&field.wire).or_default().push(plain(None, &object.name, field, false));
    }
    for choice in &object.choices {
        if let Discriminator::Values(tested) = &choice.discriminator {
            let path =
                if object.is_choice() { object.name.clone() } else { format!("{}.{}", object.name, choice.field) };
            for tested in tested {
                homes.entry(&tested.wire).or_default().push(Home {
                    arm: None,
                    path: path.clone(),
                    rust: &choice.field,
                    required: choice.required,
                    what: What::Choice(choice),
                    about: &tested.about,
                    tells_arm: false,
                });
            }
        }
        for variant in &choice.variants {
            let owner = if choice.is_group() { &choice.name } else { variant.payload.as_ref().unwrap_or(&choice.name) };
            for field in &variant.fields {
                let tells_arm = match &choice.discriminator {
                    Discriminator::Presence(key) => *key == field.wire,
                    Discriminator::Alternatives => field.required,
                    Discriminator::Values(_) => false,
                };
                let arm = Some((key(choice), arm_key(choice, variant)));
                homes.entry(&field.wire).or_default().push(plain(arm, owner, field, tells_arm));
            }
        }
    }
    homes
}

fn plain<'m>(arm: Option<(String, String)>, owner: &str, field: &'m Field, tells_arm: bool) -> Home<'m> {
    Home {
        arm,
        path: format!("{owner}.{}", field.rust),
        rust: &field.rust,
        required: field.required,
        what: What::Plain(field),
        about: &field.about,
        tells_arm,
    }
}

impl Home<'_> {
    /// True when its arm cannot be read without it.
    fn demanded(&self) -> bool {
        self.required && !self.tells_arm
    }

    fn shown(&self) -> String {
        let ty = match &self.what {
            What::Plain(field) => shown(&field.ty),
            What::Choice(choice) => choice.name.clone(),
        };
        optional(ty, self.required)
    }
}

/// Compares the fields of two objects.
pub(super) fn compare(found: &mut Found<'_>, place: Place<'_>, before: &Object, after: &Object) {
    let (old, new) = (homes(before), homes(after));
    for (wire, homes) in &new {
        let wire_path = format!("{}.{wire}", place.wire);
        let place = place.at(&wire_path);
        match old.get(wire) {
            None => homes.iter().filter(|home| !came_along(home, after, before)).for_each(|home| {
                added(found, place, home);
            }),
            Some(known) => both(found, place, (before, known), (after, homes)),
        }
    }
    for (wire, homes) in old.iter().filter(|(wire, _)| !new.contains_key(*wire)) {
        let wire_path = format!("{}.{wire}", place.wire);
        for home in homes.iter().filter(|home| !came_along(home, before, after)) {
            removed(found, place.at(&wire_path), home);
        }
    }
}

/// True for a field of an arm, or of a whole choice, that the other side lacks: that is told as one.
fn came_along(home: &Home<'_>, own: &Object, other: &Object) -> bool {
    let Some((choice_key, arm)) = &home.arm else { return false };
    let Some(choice) = own.choices.iter().find(|choice| key(choice) == *choice_key) else { return false };
    match find(other, choice) {
        Some(known) => known.variants.iter().all(|variant| arm_key(known, variant) != *arm),
        None => is_whole(choice, other),
    }
}

fn added(found: &mut Found<'_>, place: Place<'_>, home: &Home<'_>) {
    let constant = matches!(&home.what, What::Plain(field) if is_constant(field));
    let kind = match (home.demanded(), place.direction) {
        (false, _) => Kind::OptionalFieldAdded,
        (true, Direction::Sent) if constant => Kind::ConstantFieldAdded,
        (true, _) => Kind::RequiredFieldAdded,
    };
    found.push(kind, place, &home.path, None, Some(home.shown()));
}

fn removed(found: &mut Found<'_>, place: Place<'_>, home: &Home<'_>) {
    let kind = if home.demanded() { Kind::RequiredFieldRemoved } else { Kind::OptionalFieldRemoved };
    found.push(kind, place, &home.path, Some(home.shown()), None);
}

type Side<'s, 'm> = (&'s Object, &'s Vec<Home<'m>>);

fn both(found: &mut Found<'_>, place: Place<'_>, old: Side<'_, '_>, new: Side<'_, '_>) {
    let choices = |homes: &[Home<'_>]| {
        let mut keys: Vec<Option<String>> =
            homes.iter().map(|home| home.arm.as_ref().map(|(key, _)| key.clone())).collect();
        keys.dedup();
        keys
    };
    if choices(old.1) != choices(new.1) {
        moved(found, place, old, new);
        return;
    }
    for home in new.1 {
        match old.1.iter().find(|known| known.arm == home.arm) {
            Some(known) => pair(found, place, known, home),
            None if !came_along(home, new.0, old.0) => added(found, place, home),
            None => {}
        }
    }
    let kept = |home: &&Home<'_>| new.1.iter().any(|other| other.arm == home.arm);
    for home in old.1.iter().filter(|home| !kept(home) && !came_along(home, old.0, new.0)) {
        removed(found, place, home);
    }
}

fn moved(found: &mut Found<'_>, place: Place<'_>, old: Side<'_, '_>, new: Side<'_, '_>) {
    let fit = match place.direction {
        // Who sends has to send it elsewhere.
        Direction::Sent => Fit { old_to_new: false, new_to_old: false },
        Direction::Received => {
            Fit { old_to_new: !demands(new.1) || guarantees(old), new_to_old: !demands(old.1) || guarantees(new) }
        }
    };
    let paths = |homes: &[Home<'_>]| {
        let mut paths: Vec<String> = homes.iter().map(|home| home.path.clone()).collect();
        paths.dedup();
        Some(paths.join(", "))
    };
    let (Some(before), Some(after)) = (old.1.first(), new.1.first()) else { return };
    found.push_fit(Kind::FieldMoved, fit, place, &after.path, paths(old.1), paths(new.1));
    // Arms may each have a type of their own.
    let several = old.1.len().max(new.1.len());
    for (before, after) in old.1.iter().cycle().zip(new.1.iter().cycle()).take(several) {
        compare_what(found, place, before, after);
    }
    compare_about(found, place, &after.path, before.about, after.about);
}

/// True when an answer without the field cannot be read, at least with some value of the discriminator.
fn demands(homes: &[Home<'_>]) -> bool {
    homes.iter().any(Home::demanded)
}

/// True when every answer has the field.
fn guarantees((object, homes): Side<'_, '_>) -> bool {
    let required = || homes.iter().filter(|home| home.required);
    let everywhere = |choice: &Choice| {
        let arms = required().filter(|home| home.arm.as_ref().is_some_and(|(known, _)| *known == key(choice)));
        choice.required && !choice.is_group() && arms.count() == choice.variants.len()
    };
    required().any(|home| home.arm.is_none()) || object.choices.iter().any(everywhere)
}

/// Compares a field that stands where it stood.
fn pair(found: &mut Found<'_>, place: Place<'_>, before: &Home<'_>, after: &Home<'_>) {
    if before.rust != after.rust {
        let (before, rust) = (before.rust.to_owned(), after.rust.to_owned());
        found.push(Kind::FieldRenamed, place, &after.path, Some(before), Some(rust));
    }
    let became = match (before.required, after.required) {
        (false, true) => Some(Kind::FieldBecameRequired),
        (true, false) => Some(Kind::FieldBecameOptional),
        _ => None,
    };
    if let Some(kind) = became {
        found.push(kind, place, &after.path, Some(before.shown()), Some(after.shown()));
    }
    compare_what(found, place, before, after);
    compare_about(found, place, &after.path, before.about, after.about);
}

fn compare_what(found: &mut Found<'_>, place: Place<'_>, before: &Home<'_>, after: &Home<'_>) {
    let (kind, old, new) = match (&before.what, &after.what) {
        (What::Plain(old), What::Plain(new)) => {
            let whole = Whole { path: &after.path, before: shown(&old.ty), after: shown(&new.ty) };
            return types::compare(found, place, &whole, &old.ty, &new.ty);
        }
        (What::Plain(old), What::Choice(new)) => (Kind::ConditionAdded, old.ty.clone(), discriminator(new, place.wire)),
        (What::Choice(old), What::Plain(new)) => {
            (Kind::ConditionRemoved, discriminator(old, place.wire), new.ty.clone())
        }
        (What::Choice(old), What::Choice(new)) => {
            let (was, is) = (discriminator(old, place.wire), discriminator(new, place.wire));
            if key(old) == key(new) && matches!(was, Type::Scalar(_)) == matches!(is, Type::Scalar(_)) {
                return;
            }
            (Kind::FieldType, was, is)
        }
    };
    let fit = fit(found, place.direction, &old, &new);
    found.push_fit(kind, fit, place, &after.path, Some(shown(&old)), Some(shown(&new)));
    if let (Some(old), Some(new)) = (texts(&old, found.old), texts(&new, found.new)) {
        types::values(found, place, &old, &new);
    }
}

fn texts(ty: &Type, api: &Api) -> Option<WireEnum> {
    match ty {
        Type::Enum(it) => Some((**it).clone()),
        Type::Shared(name) => api.shared.iter().find(|shared| shared.name == *name).cloned(),
        _ => None,
    }
}

/// Compares what is said of something; `path` is what follows the module.
pub(super) fn compare_about(found: &mut Found<'_>, place: Place<'_>, path: &str, before: &About, after: &About) {
    found.texts += usize::from(before.text != after.text);
    let release = |about: &About| about.added.map(|added| added.to_string());
    if before.added != after.added {
        found.push(Kind::SinceChanged, place, path, release(before), release(after));
    }
    if before.default != after.default {
        // A default that is a sentence is a text.
        match [before, after].iter().filter_map(|about| about.default.as_deref()).any(is_sentence) {
            true => found.texts += 1,
            false => found.push(Kind::DefaultChanged, place, path, before.default.clone(), after.default.clone()),
        }
    }
    if before.deprecated != after.deprecated {
        let fresh = before.deprecated.is_none();
        let kind = if fresh { Kind::Deprecated } else { Kind::DeprecationChanged };
        let shown = |about: &About| about.deprecated.map(|deprecation| shown_deprecation(&deprecation));
        found.push(kind, place, path, shown(before), shown(after));
    }
}

fn shown_deprecation(deprecation: &Deprecation) -> String {
    let since = deprecation.since.map_or_else(|| "deprecated".to_owned(), |since| format!("since {since}"));
    let removed = deprecation.removed.map(|removed| format!(", may go in {removed}"));
    format!("{since}{}", removed.unwrap_or_default())
}
