//! Puts the code of the statements where their placeholders stand, and makes `return` leave the program.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Item, Macro, parse_quote, token};

use crate::ast::{Kind, Name, Role, Statement};
use crate::foreign;
use crate::sites::Sites;
use crate::walk::placeholder;

/// A local of the expansion, which no name of the user can meet.
pub fn local(name: &str) -> Ident {
    Ident::new(&format!("__vi_{name}"), Span::mixed_site())
}

/// The rewriting of one body.
pub struct Rewrite<'a> {
    pub role: &'a Role,
    pub sites: &'a Sites,
    pub statements: Vec<Option<Statement>>,
    /// Inside a closure or an `async` block a `return` is not the program's.
    nested: usize,
}

impl<'a> Rewrite<'a> {
    pub fn new(role: &'a Role, sites: &'a Sites, statements: Vec<Statement>) -> Self {
        Rewrite { role, sites, statements: statements.into_iter().map(Some).collect(), nested: 0 }
    }

    fn statement(&mut self, number: usize) -> TokenStream {
        let Some(mut statement) = self.statements.get_mut(number).and_then(Option::take) else { return TokenStream::new() };
        for operand in statement.kind.operands_mut() {
            self.visit_expr_mut(operand);
        }
        let attributes = std::mem::take(&mut statement.attributes);
        let code = self.code(statement);
        quote!(#(#attributes)* #code)
    }

    fn code(&self, Statement { span, name, kind, .. }: Statement) -> TokenStream {
        // Located where the statement stands, resolved where the macro is defined.
        let span = Span::mixed_site().located_at(span);
        let ctx = Ident::new("__vi_ctx", span);
        let Some(name) = name else { return quote_spanned!(span=> #ctx.device()) };
        let literal = &name.literal;
        let site = site_name(&name, span);
        match kind {
            Kind::Sample { dist, strategy } => {
                let method = if self.is_auxiliary(&name) { "sample_auxiliary" } else { "sample" };
                let rank = self.sites.rank(&name.text());
                match strategy {
                    None => {
                        let method = Ident::new(method, span);
                        quote_spanned!(span=> #ctx.#method(#rank, #site, #dist)?)
                    }
                    Some(strategy) => {
                        let method = Ident::new(&format!("{method}_by"), span);
                        quote_spanned!(span=> #ctx.#method(#rank, #site, #dist, #strategy)?)
                    }
                }
            }
            Kind::Observe { dist, value, mask: None } => quote_spanned!(span=> #ctx.observe(#site, #dist, #value)?),
            Kind::Observe { dist, value, mask: Some(mask) } => {
                quote_spanned!(span=> #ctx.observe_masked(#site, #dist, #value, #mask)?)
            }
            // A `match` and not a closure: `?` in `init` leaves the program.
            Kind::Param { init, support } => {
                let support = support.map_or_else(|| quote_spanned!(span=> ::vi_runtime::support::Real), |support| quote!(#support));
                quote_spanned! {span=> ({
                    let __vi_name = #site;
                    let __vi_support = #support;
                    match #ctx.find_param(&__vi_name, &__vi_support)? {
                        ::core::option::Option::Some(__vi_param) => __vi_param,
                        ::core::option::Option::None => #ctx.new_param(__vi_name, #init, __vi_support)?,
                    }
                })}
            }
            Kind::Module { init } => quote_spanned! {span=> ({
                let __vi_name = #site;
                match #ctx.find_module(&__vi_name)? {
                    ::core::option::Option::Some(__vi_module) => __vi_module,
                    ::core::option::Option::None => #ctx.new_module(__vi_name, #init)?,
                }
            })},
            // Inlined, and closed by a guard: `?`, `return`, `break` and `continue` pass.
            Kind::Plate { size, subsample, index, mut body } => {
                if let Expr::Block(block) = &mut body {
                    // The user's braces are the form of the statement, not a block that rustc may call unnecessary.
                    block.block.brace_token = token::Brace(span);
                }
                let enter = match subsample {
                    Some(subsample) => quote_spanned!(span=> #ctx.plate_subsampled(#literal, #size, #subsample)?),
                    None => quote_spanned!(span=> #ctx.plate(#literal, #size)?),
                };
                match index {
                    Some(index) => quote_spanned! {span=> ({
                        let (__vi_guard, __vi_index) = #enter;
                        let #index = __vi_index.tensor(#ctx)?;
                        #body
                    })},
                    None => quote_spanned!(span=> ({ let (__vi_guard, _) = #enter; #body })),
                }
            }
            Kind::Deterministic { value } => quote_spanned!(span=> #ctx.deterministic(#site, #value)?),
            Kind::Factor { log_weight } => quote_spanned!(span=> #ctx.factor(#site, #log_weight)?),
            Kind::Submodel { program } => quote_spanned!(span=> #ctx.submodel(#literal, #program)?),
            Kind::Device => quote_spanned!(span=> #ctx.device()),
        }
    }

    fn is_auxiliary(&self, name: &Name) -> bool {
        match self.role {
            Role::Model => false,
            Role::Guide { auxiliary, .. } => auxiliary.iter().any(|other| other.value() == name.text()),
        }
    }
}

fn site_name(name: &Name, span: Span) -> TokenStream {
    let literal = &name.literal;
    match &name.index {
        None => quote_spanned!(span=> ::vi_runtime::__private::SiteName::plain(#literal)),
        Some(index) => quote_spanned!(span=> ::vi_runtime::__private::SiteName::indexed(#literal, #index)),
    }
}

impl VisitMut for Rewrite<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Some(number) = placeholder(expr) {
            *expr = Expr::Verbatim(self.statement(number));
            return;
        }
        match expr {
            Expr::Closure(_) | Expr::Async(_) => {
                self.nested += 1;
                visit_mut::visit_expr_mut(self, expr);
                self.nested -= 1;
            }
            Expr::Return(leave) if self.nested == 0 => {
                let value = match leave.expr.take() {
                    Some(mut value) => {
                        self.visit_expr_mut(&mut value);
                        quote!(#value)
                    }
                    None => quote!(()),
                };
                let span = Span::mixed_site().located_at(leave.return_token.span);
                leave.expr = Some(parse_quote!(::core::result::Result::Ok(#value)));
                leave.return_token.span = span;
            }
            _ => visit_mut::visit_expr_mut(self, expr),
        }
    }

    fn visit_macro_mut(&mut self, mac: &mut Macro) {
        foreign::each_expression(mac, &mut |expr| self.visit_expr_mut(expr));
    }

    /// A nested function has `return`s of its own.
    fn visit_item_mut(&mut self, _: &mut Item) {}
}
