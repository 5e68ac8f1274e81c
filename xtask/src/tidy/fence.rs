//! Functions whose callers must promise something: they have to be `unsafe fn`, or safe code can
//! break the promise.
//!
//! The rule is about text, and so finds the plain cases only: a parameter that is a raw pointer and
//! is used in an `unsafe` block, and one that is a number and is handed to a function that makes an
//! owner, or a borrow, of a descriptor or a handle.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Block, ExprCall, ExprUnsafe, FnArg, ImplItemFn, ItemFn, Pat, Signature, Type};

/// What makes an owner, or a borrow, of a number.
const MAKERS: [&str; 5] = [
    "borrow_raw",
    "from_handle",
    "from_raw_fd",
    "from_raw_handle",
    "from_raw_socket",
];
const NUMBERS: [&str; 7] = [
    "RawDescriptor",
    "RawFd",
    "RawHandle",
    "RawSocket",
    "i32",
    "u32",
    "usize",
];

/// The name and line of each safe function that should be an `unsafe fn`, and why.
pub(super) fn too_safe(file: &syn::File) -> Vec<(String, usize, String)> {
    let mut visitor = Functions(Vec::new());
    visitor.visit_file(file);
    visitor.0
}

struct Functions(Vec<(String, usize, String)>);

impl Functions {
    fn check(&mut self, signature: &Signature, body: &Block) {
        if signature.unsafety.is_some() {
            return;
        }
        for (name, kind) in parameters(signature) {
            let mut uses = Uses {
                name: &name,
                in_unsafe: false,
                in_maker: false,
            };
            uses.visit_block(body);
            let why = match kind {
                Kind::Pointer if uses.in_unsafe => "uses a raw pointer in an unsafe block",
                Kind::Number if uses.in_maker => "makes an owner or a borrow of a number",
                _ => continue,
            };
            let function = signature.ident.to_string();
            let line = signature.ident.span().start().line;
            self.0.push((function, line, format!("{name}: {why}")));
        }
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.check(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.check(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

#[derive(Copy, Clone)]
enum Kind {
    /// A pointer, or a function that only an unsafe block may call.
    Pointer,
    Number,
}

/// The parameters that may ask for a promise.
fn parameters(signature: &Signature) -> Vec<(String, Kind)> {
    let mut parameters = Vec::new();
    for input in &signature.inputs {
        if let FnArg::Typed(input) = input
            && let Pat::Ident(name) = &*input.pat
            && let Some(kind) = kind(&input.ty)
        {
            parameters.push((name.ident.to_string(), kind));
        }
    }
    parameters
}

fn kind(of: &Type) -> Option<Kind> {
    match of {
        Type::Ptr(_) => Some(Kind::Pointer),
        Type::BareFn(function) if function.unsafety.is_some() => Some(Kind::Pointer),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let is_number = NUMBERS.iter().any(|name| last.ident == name);
            is_number.then_some(Kind::Number)
        }
        _ => None,
    }
}

/// How a body uses the parameter `name`.
struct Uses<'a> {
    name: &'a str,
    in_unsafe: bool,
    in_maker: bool,
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_expr_unsafe(&mut self, block: &'ast ExprUnsafe) {
        self.in_unsafe |= mentions(block.block.to_token_stream(), self.name);
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let syn::Expr::Path(function) = &*call.func
            && let Some(last) = function.path.segments.last()
            && MAKERS.iter().any(|maker| last.ident == maker)
        {
            self.in_maker |= mentions(call.args.to_token_stream(), self.name);
        }
        visit::visit_expr_call(self, call);
    }
}

fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<(String, usize)> {
        let file = syn::parse_file(source).unwrap();
        let found = too_safe(&file);
        found
            .into_iter()
            .map(|(name, line, _)| (name, line))
            .collect()
    }

    #[test]
    fn a_number_that_becomes_an_owner_is_a_promise_of_the_caller() {
        let safe = "fn adopt(fd: u32) -> Owner {\n    unsafe { Owner::from_raw_fd(fd as i32) }\n}";
        assert_eq!(found(safe), [("adopt".to_owned(), 1)]);
        assert_eq!(found(&format!("unsafe {safe}")), []);
        let inside = format!("impl A {{\n{safe}\n}}");
        assert_eq!(found(&inside), [("adopt".to_owned(), 2)]);
        let own = "fn accept(fd: u32) -> Owner { let new = call(fd); unsafe { Owner::from_raw_fd(new) } }";
        assert_eq!(found(own), []);
    }

    #[test]
    fn a_pointer_that_an_unsafe_block_uses_is_a_promise_of_the_caller() {
        let safe = "fn free(start: *mut u8, len: usize) { unsafe { give_back(start, len) } }";
        assert_eq!(found(safe), [("free".to_owned(), 1)]);
        assert_eq!(found(&format!("unsafe {safe}")), []);
        assert_eq!(
            found("fn is_null(start: *mut u8) -> bool { start.is_null() }"),
            []
        );
        let calls = "fn ask(f: unsafe extern \"C\" fn(u32)) { unsafe { f(1) } }";
        assert_eq!(found(calls), [("ask".to_owned(), 1)]);
    }
}
