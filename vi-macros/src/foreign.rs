//! Macros of others in a body: the usual ones take expressions, and statements are found inside those.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Macro, Token};

/// Calls `f` on each expression between the parentheses of a macro that is known to take some.
///
/// `false` where the macro is not known or its tokens do not have the usual form; nothing has changed then.
pub fn each_expression(mac: &mut Macro, f: &mut dyn FnMut(&mut Expr)) -> bool {
    let Some(last) = mac.path.segments.last() else { return false };
    let name = last.ident.to_string();
    let parsed = match name.as_str() {
        "vec" => list.parse2(mac.tokens.clone()),
        "matches" => first_and_rest.parse2(mac.tokens.clone()),
        "assert" | "assert_eq" | "assert_ne" | "debug_assert" | "debug_assert_eq" | "debug_assert_ne" | "print" | "println" | "eprint"
        | "eprintln" | "format" | "format_args" | "write" | "writeln" | "dbg" | "panic" | "todo" | "unreachable" | "unimplemented"
        | "s" => list.parse2(mac.tokens.clone()),
        _ => return false,
    };
    let Ok(mut parts) = parsed else { return false };
    for part in &mut parts {
        if let Part::Expression(expr) = part {
            f(expr);
        }
    }
    mac.tokens = parts.into_iter().map(Part::into_tokens).collect();
    true
}

enum Part {
    Expression(Expr),
    Other(TokenStream),
}

impl Part {
    fn into_tokens(self) -> TokenStream {
        match self {
            Part::Expression(expr) => expr.into_token_stream(),
            Part::Other(tokens) => tokens,
        }
    }
}

/// `a, b, c` or `a; n`.
fn list(input: ParseStream) -> syn::Result<Vec<Part>> {
    let mut parts = Vec::new();
    while !input.is_empty() {
        parts.push(Part::Expression(input.parse()?));
        if input.is_empty() {
            break;
        }
        let separator = if input.peek(Token![;]) {
            input.parse::<Token![;]>()?.into_token_stream()
        } else {
            input.parse::<Token![,]>()?.into_token_stream()
        };
        parts.push(Part::Other(separator));
    }
    Ok(parts)
}

/// `expression, pattern if guard`.
fn first_and_rest(input: ParseStream) -> syn::Result<Vec<Part>> {
    let expr = input.parse()?;
    let rest: TokenStream = input.parse()?;
    Ok(vec![Part::Expression(expr), Part::Other(rest)])
}
