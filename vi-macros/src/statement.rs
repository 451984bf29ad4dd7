//! The syntax of the statements: from the tokens between the parentheses to operands.

use proc_macro2::TokenStream;
use quote::quote;
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
/// Wrong operands come back as they are, because there may be statements inside them.
pub fn parse(statement: &'static str, mac: &Macro, mistakes: &mut Mistakes) -> (Option<Name>, Result<Kind, Vec<Expr>>) {
    let operands = match Punctuated::<Expr, Token![,]>::parse_terminated.parse2(mac.tokens.clone()) {
        Ok(operands) => operands,
        Err(error) => {
            mistakes.push(error);
            return (first_literal(&mac.tokens), Err(Vec::new()));
        }
    };
    let last = operands.last().cloned();
    let mut operands = operands.into_iter();
    if statement == "device" {
        return match operands.next() {
            None => (None, Ok(Kind::Device)),
            Some(extra) => {
                mistakes.over(&extra, message::wrong_arguments(statement));
                (None, Err(vec![extra]))
            }
        };
    }
    let Some(first) = operands.next() else {
        mistakes.over(&mac.path, message::wrong_arguments(statement));
        return (None, Err(Vec::new()));
    };
    let name = name(statement, &first, mistakes);
    let mut list = Operands { statement, positional: Vec::new(), options: Vec::new(), is_wrong: false };
    for operand in operands {
        list.push(operand, mistakes);
    }
    let kind = list.kind(mistakes, last.as_ref());
    (name, kind)
}

fn first_literal(tokens: &TokenStream) -> Option<Name> {
    let first = tokens.clone().into_iter().next()?;
    let literal = syn::parse2::<LitStr>(first.into()).ok()?;
    message::is_name(&literal.value()).then_some(Name { literal, index: None })
}

fn name(statement: &str, expr: &Expr, mistakes: &mut Mistakes) -> Option<Name> {
    let (name, index) = match ungrouped(expr) {
        Expr::Index(indexed) => (ungrouped(&indexed.expr), Some((*indexed.index).clone())),
        name => (name, None),
    };
    let Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) = name else {
        mistakes.over(expr, message::name_not_literal(statement));
        return None;
    };
    let literal = literal.clone();
    if index.is_some() && matches!(statement, "plate" | "submodel") {
        mistakes.over(expr, message::name_cannot_have_index(statement));
    }
    if !message::is_name(&literal.value()) {
        mistakes.add(literal.span(), message::bad_name(&literal.value()));
        return None;
    }
    Some(Name { literal, index })
}

/// Without the invisible groups around what a `macro_rules!` of the user passed on.
fn ungrouped(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => ungrouped(&group.expr),
        _ => expr,
    }
}

/// What follows the name: positions, and options of the form `key = value`.
struct Operands {
    statement: &'static str,
    positional: Vec<Expr>,
    options: Vec<(&'static str, Expr)>,
    /// A mistake is noted already.
    is_wrong: bool,
}

impl Operands {
    fn push(&mut self, operand: Expr, mistakes: &mut Mistakes) {
        let Expr::Assign(option) = operand else {
            self.positional.push(operand);
            return;
        };
        let known = match self.statement {
            "sample" => "strategy",
            "observe" => "mask",
            "plate" => "subsample",
            _ => "",
        };
        let span = option.left.span();
        match &*option.left {
            Expr::Path(path) if path.path.is_ident(known) => {
                if self.options.iter().any(|(key, _)| *key == known) {
                    self.is_wrong = true;
                    mistakes.add(span, message::repeated_option(known));
                }
                self.options.push((known, *option.right));
            }
            left => {
                self.is_wrong = true;
                let key = quote!(#left).to_string();
                mistakes.add(span, message::unknown_option(self.statement, &key));
            }
        }
    }

    fn kind(mut self, mistakes: &mut Mistakes, last: Option<&Expr>) -> Result<Kind, Vec<Expr>> {
        let option = self.options.pop().map(|(_, value)| value);
        let most = match self.statement {
            "observe" | "param" | "plate" => 2,
            _ => 1,
        };
        if let Some(extra) = self.positional.get(most) {
            mistakes.over(extra, message::wrong_arguments(self.statement));
            return Err(self.positional);
        }
        let mut positional = self.positional.into_iter();
        match (self.statement, positional.next(), positional.next()) {
            ("sample", Some(dist), _) => Ok(Kind::Sample { dist, strategy: option }),
            ("observe", Some(dist), Some(value)) => Ok(Kind::Observe { dist, value, mask: option }),
            ("param", Some(init), support) => Ok(Kind::Param { init, support }),
            ("module", Some(init), _) => Ok(Kind::Module { init }),
            ("deterministic", Some(value), _) => Ok(Kind::Deterministic { value }),
            ("factor", Some(log_weight), _) => Ok(Kind::Factor { log_weight }),
            ("submodel", Some(program), _) => Ok(Kind::Submodel { program }),
            ("plate", Some(size), Some(mut body)) => match plate_index(&mut body, mistakes) {
                Some(index) => Ok(Kind::Plate { size, subsample: option, index, body }),
                None => Err(vec![size, body]),
            },
            (_, first, second) => {
                if let (false, Some(last)) = (self.is_wrong, last) {
                    mistakes.over(last, message::wrong_arguments(self.statement));
                }
                Err(first.into_iter().chain(second).collect())
            }
        }
    }
}

/// The index, if there is one; `body` becomes what stands behind it. Absent where either is wrong.
fn plate_index(body: &mut Expr, mistakes: &mut Mistakes) -> Option<Option<Pat>> {
    match body {
        Expr::Closure(closure) => {
            let is_plain = closure.asyncness.is_none() && closure.lifetimes.is_none() && closure.constness.is_none();
            let (begin, inputs, end) = (&closure.inputs_begin, &closure.inputs, &closure.inputs_end);
            let index = match (is_plain, inputs.len()) {
                (true, 1) => Some(inputs.first().cloned()),
                _ => {
                    mistakes.over(&quote!(#begin #inputs #end), message::PLATE_CLOSURE);
                    None
                }
            };
            *body = (*closure.body).clone();
            index
        }
        Expr::Block(_) => Some(None),
        other => {
            mistakes.over(other, message::wrong_arguments("plate"));
            None
        }
    }
}
