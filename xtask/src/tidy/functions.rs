//! The length of functions.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, Signature, TraitItemFn};

/// The name, first line and number of lines of each function, without the
/// attributes and documentation above it.
pub(super) fn lengths(file: &syn::File) -> Vec<(String, usize, usize)> {
    let mut visitor = Lengths(Vec::new());
    visitor.visit_file(file);
    visitor.0
}

struct Lengths(Vec<(String, usize, usize)>);

impl Lengths {
    fn add(&mut self, signature: &Signature, body: &Block) {
        let first = signature.span().start().line;
        let last = body.span().end().line;
        let lines = last + 1 - first;
        self.0.push((signature.ident.to_string(), first, lines));
    }
}

impl<'ast> Visit<'ast> for Lengths {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(body) = &item.default {
            self.add(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_function_is_measured() {
        let source = "\
/// Words above do not count.
fn free() {
    fn nested() {}
}
impl A {
    fn method(&self) {
    }
}
trait B {
    fn declared();
    fn provided() {}
}
";
        let file = syn::parse_file(source).unwrap();
        let expected = [
            ("free", 2, 3),
            ("nested", 3, 1),
            ("method", 6, 2),
            ("provided", 11, 1),
        ];
        let found = lengths(&file);
        let found: Vec<_> = found.iter().map(|(n, l, c)| (n.as_str(), *l, *c)).collect();
        assert_eq!(found, expected);
    }
}
