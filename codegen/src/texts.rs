//! A text for every item: its own, else the glossary's; and the list of those that have neither.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Problem};
use crate::glossary::Glossary;
use crate::model::{About, Api, Choice, Discriminator, EnumValue, Field, Object, Tested, Type};
use crate::overlay::file_id;

const ERROR_CODES: &str = "error-codes.toml";

/// What has a text after all, and what has none.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    documented: BTreeSet<(String, String)>,
    missing: BTreeSet<Diagnostic>,
}

impl Texts {
    /// How many items have a text.
    pub(crate) fn documented(&self) -> usize {
        self.documented.len()
    }

    /// The items that have none.
    pub(crate) fn into_missing(self) -> Vec<Diagnostic> {
        self.missing.into_iter().collect()
    }
}

/// Gives the API's items the glossary's sentences where they have no text of their own.
pub(crate) fn fill(api: &mut Api, glossary: &mut Glossary) -> Texts {
    let mut texts = Texts::default();
    for it in &mut api.commands {
        let mut filler = Filler { file: &it.file, glossary, texts: &mut texts };
        filler.file_text(it.title.as_ref(), &it.about);
        filler.module(&mut [&mut it.request.object, &mut it.response]);
        for code in &it.errors {
            filler.found("/errors", format!("the error code {}", code.code), code.text.is_some());
        }
    }
    for it in &mut api.notifications {
        let mut filler = Filler { file: &it.file, glossary, texts: &mut texts };
        filler.file_text(it.title.as_ref(), &it.about);
        filler.module(&mut [&mut it.payload]);
    }
    for it in &mut api.hooks {
        let mut filler = Filler { file: &it.file, glossary, texts: &mut texts };
        filler.file_text(it.title.as_ref(), &it.about);
        filler.module(&mut [&mut it.payload, &mut it.action]);
    }
    let mut filler = Filler { file: "overlay.toml", glossary, texts: &mut texts };
    for it in &mut api.shared {
        filler.values(&it.name, &format!("/shared/{}", it.name), &mut it.values);
    }
    let mut filler = Filler { file: ERROR_CODES, glossary, texts: &mut texts };
    api.error_data.iter_mut().for_each(|object| filler.object(object));
    texts
}

struct Filler<'a> {
    file: &'a str,
    glossary: &'a mut Glossary,
    texts: &'a mut Texts,
}

impl Filler<'_> {
    fn found(&mut self, pointer: &str, what: String, there: bool) {
        if there {
            self.texts.documented.insert((format!("{}#{pointer}", self.file), what));
            return;
        }
        // The form of a schema's object is told there.
        if self.file == ERROR_CODES && pointer.starts_with("/response") {
            return;
        }
        self.texts.missing.insert(Diagnostic::new(self.file, pointer, Problem::Undocumented(what)));
    }

    fn file_text(&mut self, title: Option<&String>, about: &About) {
        for (what, text) in [("title", title), ("description", about.text.as_ref())] {
            let pointer = format!("/{what}");
            match text {
                Some(_) => self.found(&pointer, what.to_owned(), true),
                None => drop(self.texts.missing.insert(Diagnostic::new(self.file, pointer, Problem::NoText(what)))),
            }
        }
    }

    /// The objects of a module, whose types of one form are one type.
    fn module(&mut self, roots: &mut [&mut Object]) {
        let mut uses = Uses::new();
        for root in roots.iter_mut() {
            self.object(root);
            collect_uses(root, &mut uses);
        }
        uses.retain(|_, (texts, _)| texts.len() > 1);
        for root in roots {
            tell_uses(root, &uses);
        }
    }

    fn object(&mut self, object: &mut Object) {
        object.fields.iter_mut().for_each(|field| self.field(field));
        for choice in &mut object.choices {
            self.choice(choice, &object.pointer);
        }
    }

    fn field(&mut self, field: &mut Field) {
        self.text(&mut field.about.text, &field.pointer, &field.wire);
        adopt(&mut field.ty, field.about.text.as_ref());
        self.ty(&mut field.ty, &field.pointer, &field.wire);
    }

    fn text(&mut self, text: &mut Option<String>, pointer: &str, wire: &str) {
        if text.is_none() {
            *text = self.glossary.field(wire);
        }
        self.found(pointer, format!("the field `{wire}`"), text.is_some());
    }

    fn ty(&mut self, ty: &mut Type, pointer: &str, wire: &str) {
        match ty {
            Type::Array(inner) | Type::Map(inner) => {
                adopt(inner, Some(&format!("An entry of `{wire}`.")));
                self.ty(inner, pointer, wire);
            }
            Type::Object(object) => self.object(object),
            Type::Union(it) => it.variants.iter_mut().for_each(|(_, ty)| self.ty(ty, pointer, wire)),
            Type::Enum(it) => self.values(wire, pointer, &mut it.values),
            Type::Scalar(_) | Type::Shared(_) => {}
        }
    }

    fn values(&mut self, name: &str, pointer: &str, values: &mut [EnumValue]) {
        for value in values {
            value.text = self.value(name, pointer, &value.wire);
        }
    }

    fn value(&mut self, name: &str, pointer: &str, value: &str) -> Option<String> {
        let text = self.glossary.value(&file_id(self.file), name, value);
        self.found(pointer, format!("the value `{value}` of `{name}`"), text.is_some());
        text
    }

    fn choice(&mut self, choice: &mut Choice, object: &str) {
        if let Discriminator::Values(tested) = &mut choice.discriminator {
            for tested in tested.iter_mut() {
                let pointer = format!("{object}/properties/{}", tested.wire);
                self.text(&mut tested.about.text, &pointer, &tested.wire);
            }
            for variant in &mut choice.variants {
                let tests = tested.iter().zip(&variant.values);
                let texts: Vec<String> =
                    tests.filter_map(|(tested, value)| self.tested(object, tested, value)).collect();
                variant.text = (!texts.is_empty()).then(|| texts.join(" "));
            }
        }
        for variant in &mut choice.variants {
            variant.fields.iter_mut().for_each(|field| self.field(field));
        }
    }

    /// The text of a discriminator's value; the two of a boolean are explained with the field itself.
    fn tested(&mut self, object: &str, tested: &Tested, value: &Value) -> Option<String> {
        let pointer = format!("{object}/properties/{}", tested.wire);
        self.value(&tested.wire, &pointer, value.as_str()?)
    }
}

/// A type is told by the text of the field that has it.
fn adopt(ty: &mut Type, text: Option<&String>) {
    if let Some((_, about)) = named(ty)
        && about.text.is_none()
    {
        about.text = text.cloned();
    }
}

/// A type that has a name in its module, with what is said of it.
fn named(ty: &mut Type) -> Option<(&str, &mut About)> {
    match ty {
        Type::Object(it) => Some((&it.name, &mut it.about)),
        Type::Enum(it) => Some((&it.name, &mut it.about)),
        Type::Union(it) => Some((&it.name, &mut it.about)),
        Type::Array(_) | Type::Map(_) | Type::Scalar(_) | Type::Shared(_) => None,
    }
}

/// The texts that a type has in its places, and the fields there.
type Uses = BTreeMap<String, (BTreeSet<Option<String>>, BTreeSet<String>)>;

fn collect_uses(object: &mut Object, uses: &mut Uses) {
    for_each_type(object, &mut |wire, ty| {
        if let Some((name, about)) = named(ty) {
            let (texts, fields) = uses.entry(name.to_owned()).or_default();
            texts.insert(about.text.clone());
            fields.insert(format!("`{wire}`"));
        }
    });
}

/// What one field says of its own is not true of a type that several fields share.
fn tell_uses(object: &mut Object, uses: &Uses) {
    for_each_type(object, &mut |wire, ty| {
        let Some((name, about)) = named(ty) else { return };
        if let Some((_, fields)) = uses.get(name) {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            about.text = Some(match fields.as_slice() {
                [_] => format!("The form of `{wire}`."),
                [others @ .., last] => format!("The form of {} and {last}.", others.join(", ")),
                [] => return,
            });
        }
    });
}

/// Visits the types below an object, each with its field.
fn for_each_type(object: &mut Object, visit: &mut dyn FnMut(&str, &mut Type)) {
    let arms = object.choices.iter_mut().flat_map(|choice| &mut choice.variants).flat_map(|arm| &mut arm.fields);
    for field in object.fields.iter_mut().chain(arms) {
        for_each_inner(&field.wire, &mut field.ty, visit);
    }
}

fn for_each_inner(wire: &str, ty: &mut Type, visit: &mut dyn FnMut(&str, &mut Type)) {
    visit(wire, ty);
    match ty {
        Type::Array(inner) | Type::Map(inner) => for_each_inner(wire, inner, visit),
        Type::Object(object) => for_each_type(object, visit),
        Type::Union(it) => it.variants.iter_mut().for_each(|(_, ty)| for_each_inner(wire, ty, visit)),
        Type::Enum(_) | Type::Scalar(_) | Type::Shared(_) => {}
    }
}
