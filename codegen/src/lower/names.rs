//! Names: from wire names to Rust's, and no two types of a module with one name.

use std::collections::HashMap;

use crate::model::{Choice, Discriminator, Field, Object, Type, Union, WireEnum};

/// Names that a module cannot give to a type of its own: std's, which the emitted code uses, and the module's roots.
const TAKEN: &[&str] = &[
    "Box",
    "Clone",
    "Command",
    "Debug",
    "Default",
    "Err",
    "Error",
    "From",
    "Hook",
    "Into",
    "None",
    "Notification",
    "Ok",
    "Option",
    "PartialEq",
    "Result",
    "Self",
    "Some",
    "String",
    "TryFrom",
    "Vec",
];

/// Words that need `r#`.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// True for a word that needs `r#` as an identifier.
pub(crate) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// `CHANNELD_NORMAL`, `bolt12 invoice_request`, `mustCreate` → their words, in lower case.
fn words(wire: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous: Option<char> = None;
    for c in wire.chars() {
        if !unicode_ident::is_xid_continue(c) || c == '_' {
            previous = None;
            continue;
        }
        let boundary = previous.is_none_or(|p| p.is_lowercase() && c.is_uppercase());
        if boundary {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        previous = Some(c);
    }
    words
}

/// An UpperCamelCase identifier; a leading digit gets a `V`.
pub(crate) fn pascal(wire: &str) -> String {
    let mut name = String::new();
    for word in words(wire) {
        let mut chars = word.chars();
        name.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        name.extend(chars);
    }
    if !name.starts_with(unicode_ident::is_xid_start) {
        name.insert(0, 'V');
    }
    name
}

/// A snake_case identifier, without `r#`.
pub(crate) fn snake(wire: &str) -> String {
    let mut name = words(wire).join("_");
    if !name.starts_with(unicode_ident::is_xid_start) {
        name.insert_str(0, "n_");
    }
    // These cannot be raw identifiers.
    if ["self", "super", "crate"].contains(&name.as_str()) {
        name.push('_');
    }
    name
}

/// The name of one of many: `invoices` → `invoice`.
pub(crate) fn singular(plural: &str) -> String {
    let cut = |suffix: &str, with: &str| plural.strip_suffix(suffix).map(|stem| format!("{stem}{with}"));
    let keep = ["ss", "us", "is"].iter().any(|suffix| plural.ends_with(suffix)) || plural.len() < 3;
    if keep {
        return plural.to_owned();
    }
    cut("ies", "y")
        .or_else(|| cut("sses", "ss"))
        .or_else(|| cut("xes", "x"))
        .or_else(|| cut("ches", "ch"))
        .or_else(|| cut("s", ""))
        .unwrap_or_else(|| plural.to_owned())
}

/// Gives every type below the roots a name of its own: the shallowest gets the short one, a later one of another
/// shape that of its parent in front. Types of one name and one shape are one type.
#[derive(Default)]
pub(crate) struct Names {
    taken: HashMap<String, String>,
}

enum Node<'m> {
    Object(&'m mut Object),
    Enum(&'m mut WireEnum),
    Union(&'m mut Union),
}

impl Names {
    /// Names the types of a module's roots, which themselves keep their names.
    pub(crate) fn of_module(roots: &mut [&mut Object]) {
        let mut names = Self::default();
        for root in roots.iter() {
            names.taken.insert(root.name.clone(), format!("root {}", root.name));
            names.claim_wire(root);
        }
        roots.iter_mut().for_each(|root| names.assign(root));
    }

    /// The private struct behind an object with choices has a name as well.
    fn claim_wire(&mut self, object: &Object) {
        if !object.choices.is_empty() {
            let name = format!("{}Wire", object.name);
            self.taken.insert(name.clone(), format!("wire {name}"));
        }
    }

    fn assign(&mut self, root: &mut Object) {
        let mut level: Vec<(Node<'_>, String)> = vec![(Node::Object(root), String::new())];
        while !level.is_empty() {
            let mut next = Vec::new();
            for (node, parent) in level {
                match node {
                    Node::Enum(it) => it.name = self.claim(&it.name, &parent, || shape_of_enum(it)),
                    Node::Union(it) => {
                        it.name = self.claim(&it.name, &parent, || shape_of_union(it));
                        let name = it.name.clone();
                        it.variants.iter_mut().for_each(|(_, ty)| nodes_of(ty, &name, &mut next));
                    }
                    Node::Object(it) => {
                        if !parent.is_empty() {
                            it.name = self.claim(&it.name, &parent, || shape_of_object(it));
                            self.claim_wire(it);
                        }
                        self.name_choices(it);
                        let name = it.name.clone();
                        for field in fields_mut(it) {
                            nodes_of(&mut field.ty, &name, &mut next);
                        }
                    }
                }
            }
            level = next;
        }
    }

    fn name_choices(&mut self, object: &mut Object) {
        let is_choice = object.is_choice();
        for choice in &mut object.choices {
            choice.name = if is_choice {
                object.name.clone()
            } else {
                let direction = object.direction;
                self.claim(&choice.name, &object.name, || format!("{direction:?} {}", shape_of_choice(choice)))
            };
            if choice.is_group() {
                continue;
            }
            for variant in &mut choice.variants {
                if let Some(payload) = &variant.payload {
                    let shape = format!("payload {:?} {}", object.direction, shape_of_fields(&variant.fields));
                    let own = if *payload == choice.name { format!("{payload}Fields") } else { payload.clone() };
                    variant.payload = Some(self.claim(&own, &choice.name, || shape));
                }
            }
        }
    }

    fn claim(&mut self, wanted: &str, parent: &str, shape: impl FnOnce() -> String) -> String {
        let shape = shape();
        let mut candidates = vec![wanted.to_owned(), format!("{parent}{wanted}")];
        candidates.extend((2..).take(98).map(|n| format!("{parent}{wanted}{n}")));
        for name in candidates {
            if TAKEN.contains(&name.as_str()) {
                continue;
            }
            match self.taken.get(&name) {
                Some(other) if *other != shape => {}
                Some(_) => return name,
                None => {
                    self.taken.insert(name.clone(), shape);
                    return name;
                }
            }
        }
        format!("{parent}{wanted}")
    }
}

/// All fields of an object, its arms' included.
fn fields_mut(object: &mut Object) -> impl Iterator<Item = &mut Field> {
    let arms = object.choices.iter_mut().flat_map(|choice| &mut choice.variants);
    object.fields.iter_mut().chain(arms.flat_map(|variant| &mut variant.fields))
}

fn nodes_of<'m>(ty: &'m mut Type, parent: &str, nodes: &mut Vec<(Node<'m>, String)>) {
    match ty {
        Type::Array(inner) | Type::Map(inner) => nodes_of(inner, parent, nodes),
        Type::Object(object) => nodes.push((Node::Object(object), parent.to_owned())),
        Type::Enum(it) => nodes.push((Node::Enum(it), parent.to_owned())),
        Type::Union(it) => nodes.push((Node::Union(it), parent.to_owned())),
        Type::Scalar(_) | Type::Shared(_) => {}
    }
}

/// A text that is the same for two types of the same form, whatever is said of them.
pub(crate) fn shape_of(ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => format!("{scalar:?}"),
        Type::Shared(name) => format!("shared {name}"),
        Type::Array(inner) => format!("[{}]", shape_of(inner)),
        Type::Map(inner) => format!("map {}", shape_of(inner)),
        Type::Object(it) => shape_of_object(it),
        Type::Enum(it) => shape_of_enum(it),
        Type::Union(it) => shape_of_union(it),
    }
}

fn shape_of_enum(it: &WireEnum) -> String {
    let mut values: Vec<&str> = it.values.iter().map(|value| value.wire.as_str()).collect();
    values.sort_unstable();
    format!("enum {values:?}")
}

fn shape_of_union(it: &Union) -> String {
    let variants: Vec<String> = it.variants.iter().map(|(name, ty)| format!("{name} {}", shape_of(ty))).collect();
    format!("union {:?} ({})", it.direction, variants.join(", "))
}

fn shape_of_object(it: &Object) -> String {
    let choices: Vec<String> = it.choices.iter().map(shape_of_choice).collect();
    format!("object {:?} {} ({}) {}", it.direction, shape_of_fields(&it.fields), choices.join(", "), it.extra)
}

fn shape_of_choice(choice: &Choice) -> String {
    let variants = choice.variants.iter();
    let variants: Vec<String> =
        variants.map(|it| format!("{} {:?} {}", it.name, it.values, shape_of_fields(&it.fields))).collect();
    let told_by = match &choice.discriminator {
        Discriminator::Values(tested) => {
            tested.iter().map(|tested| format!("{} {}", tested.wire, tested.boolean)).collect::<Vec<_>>().join(", ")
        }
        Discriminator::Presence(key) => format!("presence of {key}"),
        Discriminator::Alternatives => "keys".to_owned(),
    };
    format!("choice {told_by} ({})", variants.join(", "))
}

fn shape_of_fields(fields: &[Field]) -> String {
    let mut shapes: Vec<String> =
        fields.iter().map(|field| format!("{} {} {}", field.wire, field.required, shape_of(&field.ty))).collect();
    shapes.sort_unstable();
    // A list in brackets, unlike as debugged text, grows by no more than them with each object around it.
    format!("({})", shapes.join(", "))
}
