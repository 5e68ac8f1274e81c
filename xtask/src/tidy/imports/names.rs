//! The names in one file: what it defines, what it calls what, and what it imports.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

use crate::tidy::rust::is_cfg_test;

/// The parts of a path, from the root of the crate on.
pub(super) type Parts = Vec<String>;

/// A path that a file mentions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub(super) parts: Parts,
    /// Begins with `crate`, `self` or `super`, so that it is certainly of this crate.
    pub(super) is_ours: bool,
}

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The names of its items.
    pub(super) items: BTreeSet<String>,
    /// What a name of a `use` stands for.
    pub(super) aliases: BTreeMap<String, Vec<Import>>,
    /// The modules that a `mod` with paths may be: on each platform another.
    pub(super) choices: BTreeMap<String, Vec<Parts>>,
    /// What is imported by `*`.
    pub(super) globs: Vec<Import>,
    pub(super) imports: BTreeSet<Import>,
}

impl Names {
    /// Of the file whose module is `module`.
    pub(super) fn of(file: &syn::File, module: Parts) -> Self {
        let mut collector = Collector {
            module,
            names: Self::default(),
        };
        collector.visit_file(file);
        collector.names
    }
}

struct Collector {
    /// Where the visitor is: the file's module, or one inside of it.
    module: Parts,
    names: Names,
}

impl Collector {
    fn import(&self, parts: &[String]) -> Import {
        let mut whole = self.module.clone();
        let mut is_ours = false;
        let mut rest = parts;
        while let [first, others @ ..] = rest {
            match first.as_str() {
                "crate" => whole.clear(),
                "self" => {}
                "super" => {
                    whole.pop();
                }
                _ => break,
            }
            is_ours = true;
            rest = others;
        }
        whole.extend_from_slice(rest);
        Import {
            parts: whole,
            is_ours,
        }
    }

    /// `before` is what stands in front of `tree`.
    fn add_use(&mut self, tree: &UseTree, before: &[String], is_import: bool) {
        let after = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        let (parts, name) = match tree {
            UseTree::Path(path) => {
                return self.add_use(&path.tree, &after(&path.ident), is_import);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, before, is_import);
                }
                return;
            }
            UseTree::Glob(_) => return self.names.globs.push(self.import(before)),
            UseTree::Name(name) if name.ident == "self" => {
                let name = before.last().cloned().unwrap_or_default();
                (before.to_vec(), name)
            }
            UseTree::Name(name) => (after(&name.ident), name.ident.to_string()),
            UseTree::Rename(rename) => (after(&rename.ident), rename.rename.to_string()),
        };
        let import = self.import(&parts);
        if is_import {
            self.names.imports.insert(import.clone());
        }
        self.names.aliases.entry(name).or_default().push(import);
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        if attributes(item).iter().any(is_cfg_test) {
            return;
        }
        self.names.items.extend(name(item));
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        for file in item.attrs.iter().filter_map(path_attribute) {
            let module = inside(&self.module, super::resolve::module(&file));
            let choices = self.names.choices.entry(name.clone()).or_default();
            choices.push(module);
        }
        self.module.push(name);
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_import = matches!(item.vis, Visibility::Inherited);
        self.add_use(&item.tree, &[], is_import);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let parts: Parts = path
                .segments
                .iter()
                .map(|one| one.ident.to_string())
                .collect();
            self.names.imports.insert(self.import(&parts));
        }
        visit::visit_path(self, path);
    }

    /// `pub(super)` is no import.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// A module beside the files of another one; `..` leads out of a folder.
fn inside(folder: &[String], path: Parts) -> Parts {
    let mut module = folder.to_vec();
    for part in path {
        match part.as_str() {
            ".." => drop(module.pop()),
            _ => module.push(part),
        }
    }
    module
}

/// The file in `path = "…"`, also inside of a `cfg_attr`.
fn path_attribute(attribute: &Attribute) -> Option<String> {
    if attribute.path().is_ident("path") {
        return literal(&attribute.meta.require_name_value().ok()?.value);
    }
    if !attribute.path().is_ident("cfg_attr") {
        return None;
    }
    let mut file = None;
    let list = attribute.meta.require_list().ok()?;
    let metas = list.parse_args_with(
        syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated,
    );
    for meta in metas.ok()? {
        if let syn::Meta::NameValue(pair) = meta
            && pair.path.is_ident("path")
        {
            file = literal(&pair.value);
        }
    }
    file
}

fn literal(value: &syn::Expr) -> Option<String> {
    match value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}
