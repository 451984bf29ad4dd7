//! The syntax of the statements: from the tokens between the parentheses to operands.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit, LitStr, Macro, Pat, Token};

use crate::ast::{Kind, Name};
use crate::message::{self, Mistakes};

const STATEMENTS: [&str; 9] = ["sample", "observe", "param", "module", "plate", "deterministic", "factor", "submodel", "device"];

/// The statement that the macro called `path!` is, by the last segment of its path.
pub fn statement_name(path: &syn::Path) -> Option<&'static str> {
    let last = path.segments.last()?;
    STATEMENTS.into_iter().find(|name| last.ident == name)
}

/// The first statement in tokens whose syntax is not known: `sample`, `!`, a group.
pub fn find_statement(tokens: TokenStream) -> Option<(&'static str, proc_macro2::Span)> {
    use proc_macro2::TokenTree;
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    trees.iter().enumerate().find_map(|(i, tree)| match tree {
        TokenTree::Ident(ident) => {
            let name = STATEMENTS.into_iter().find(|name| ident == name)?;
            let called = matches!(trees.get(i + 1), Some(TokenTree::Punct(bang)) if bang.as_char() == '!')
                && matches!(trees.get(i + 2), Some(TokenTree::Group(_)));
            called.then(|| (name, ident.span()))
        }
        TokenTree::Group(group) => find_statement(group.stream()),
        _ => None,
    })
}

/// The name and the operands of one statement; what is wrong with them goes to `mistakes`.
///
/// The name is returned alone where only the operands are wrong.
pub fn parse(statement: &'static str, mac: &Macro, mistakes: &mut Mistakes) -> (Option<Name>, Option<Kind>) {
    let operands = match Punctuated::<Expr, Token![,]>::parse_terminated.parse2(mac.tokens.clone()) {
        Ok(operands) => operands,
        Err(error) => {
            mistakes.push(error);
            return (first_literal(&mac.tokens), None);
        }
    };
    let end = operands.last().map_or_else(|| mac.path.span(), Spanned::span);
    let mut operands = operands.into_iter();
    if statement == "device" {
        return match operands.next() {
            None => (None, Some(Kind::Device)),
            Some(extra) => {
                mistakes.add(extra.span(), message::wrong_arguments(statement));
                (None, None)
            }
        };
    }
    let Some(first) = operands.next() else {
        mistakes.add(mac.path.span(), message::wrong_arguments(statement));
        return (None, None);
    };
    let name = name(statement, first, mistakes);
    let mut list = Operands { statement, positional: Vec::new(), options: Vec::new(), wrong: false };
    for operand in operands {
        list.push(operand, mistakes);
    }
    let kind = list.kind(mistakes, end);
    (name, kind)
}

fn first_literal(tokens: &TokenStream) -> Option<Name> {
    let first = tokens.clone().into_iter().next()?;
    let literal = syn::parse2::<LitStr>(first.into()).ok()?;
    message::is_name(&literal.value()).then_some(Name { literal, index: None })
}

fn name(statement: &str, expr: Expr, mistakes: &mut Mistakes) -> Option<Name> {
    let span = expr.span();
    let (literal, index) = match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => (literal, None),
        Expr::Index(indexed) => match *indexed.expr {
            Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => (literal, Some(*indexed.index)),
            _ => {
                mistakes.add(span, message::name_not_literal(statement));
                return None;
            }
        },
        _ => {
            mistakes.add(span, message::name_not_literal(statement));
            return None;
        }
    };
    if index.is_some() && matches!(statement, "plate" | "submodel") {
        mistakes.add(span, message::name_cannot_have_index(statement));
    }
    if !message::is_name(&literal.value()) {
        mistakes.add(literal.span(), message::bad_name(&literal.value()));
        return None;
    }
    Some(Name { literal, index })
}

/// What follows the name: positions, and options of the form `key = value`.
struct Operands {
    statement: &'static str,
    positional: Vec<Expr>,
    options: Vec<(&'static str, Expr)>,
    wrong: bool,
}

impl Operands {
    fn push(&mut self, operand: Expr, mistakes: &mut Mistakes) {
        let Expr::Assign(option) = operand else {
            self.positional.push(operand);
            return;
        };
        let known = match self.statement {
            "observe" => "mask",
            "plate" => "subsample",
            _ => "",
        };
        let span = option.left.span();
        match &*option.left {
            Expr::Path(path) if path.path.is_ident(known) => {
                if self.options.iter().any(|(key, _)| *key == known) {
                    self.wrong = true;
                    mistakes.add(span, message::repeated_option(known));
                }
                self.options.push((known, *option.right));
            }
            left => {
                self.wrong = true;
                let key = quote::quote!(#left).to_string();
                mistakes.add(span, message::unknown_option(self.statement, &key));
            }
        }
    }

    fn kind(mut self, mistakes: &mut Mistakes, end: proc_macro2::Span) -> Option<Kind> {
        let option = self.options.pop().map(|(_, value)| value);
        let most = match self.statement {
            "observe" | "param" | "plate" => 2,
            _ => 1,
        };
        if let Some(extra) = self.positional.get(most) {
            mistakes.add(extra.span(), message::wrong_arguments(self.statement));
            return None;
        }
        let mut positional = self.positional.into_iter();
        let kind = match (self.statement, positional.next(), positional.next()) {
            ("sample", Some(dist), _) => Kind::Sample { dist },
            ("observe", Some(dist), Some(value)) => Kind::Observe { dist, value, mask: option },
            ("param", Some(init), support) => Kind::Param { init, support },
            ("module", Some(init), _) => Kind::Module { init },
            ("deterministic", Some(value), _) => Kind::Deterministic { value },
            ("factor", Some(log_weight), _) => Kind::Factor { log_weight },
            ("submodel", Some(program), _) => Kind::Submodel { program },
            ("plate", Some(size), Some(body)) => {
                let (index, body) = plate_body(body, mistakes)?;
                Kind::Plate { size, subsample: option, index, body }
            }
            _ => {
                if !self.wrong {
                    mistakes.add(end, message::wrong_arguments(self.statement));
                }
                return None;
            }
        };
        (!self.wrong).then_some(kind)
    }
}

fn plate_body(body: Expr, mistakes: &mut Mistakes) -> Option<(Option<Pat>, Expr)> {
    match body {
        Expr::Closure(closure) => {
            let span = closure.span();
            let plain = closure.asyncness.is_none() && closure.lifetimes.is_none() && closure.constness.is_none();
            let mut inputs = closure.inputs.into_iter();
            match (inputs.next(), inputs.next()) {
                (Some(index), None) if plain => Some((Some(index), *closure.body)),
                _ => {
                    mistakes.add(span, message::PLATE_CLOSURE);
                    None
                }
            }
        }
        Expr::Block(_) => Some((None, body)),
        other => {
            mistakes.add(other.span(), message::wrong_arguments("plate"));
            None
        }
    }
}
