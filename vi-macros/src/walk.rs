//! Takes the statements out of a body: each leaves a numbered placeholder behind, and remembers where it stood.

use proc_macro2::Span;
use quote::quote;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, Expr, ExprMacro, Item, Macro, Stmt, Token, parse_quote};

use crate::ast::{Place, Statement};
use crate::foreign;
use crate::message::{self, Mistakes};
use crate::statement;

const PLACEHOLDER: &str = "__vi_statement";

/// The number of the statement that stood here.
pub fn placeholder(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Macro(ExprMacro { mac, .. }) if mac.path.is_ident(PLACEHOLDER) => {
            syn::parse2::<syn::LitInt>(mac.tokens.clone()).ok()?.base10_parse().ok()
        }
        _ => None,
    }
}

/// The walk over one body.
pub struct Walk<'a> {
    pub mistakes: &'a mut Mistakes,
    pub statements: Vec<Statement>,
    pub rescued: Vec<syn::LitStr>,
    pub lost_site: bool,
    place: Place,
    branches: usize,
    /// Where no statement may stand.
    forbidden: Option<&'static str>,
}

impl<'a> Walk<'a> {
    pub fn new(mistakes: &'a mut Mistakes) -> Self {
        Walk {
            mistakes,
            statements: Vec::new(),
            rescued: Vec::new(),
            lost_site: false,
            place: Place::default(),
            branches: 0,
            forbidden: None,
        }
    }

    /// The placeholder for a statement; absent for the macros of others.
    fn take(&mut self, mac: &mut Macro, attributes: &[Attribute]) -> Option<Expr> {
        let Some(name) = statement::statement_name(&mac.path) else {
            self.foreign(mac);
            return None;
        };
        let span = mac.path.span();
        if let Some(place) = self.forbidden {
            self.mistakes.add(span, message::misplaced(name, place));
        }
        let (site, kind) = statement::parse(name, mac, self.mistakes);
        let mut kind = match kind {
            Ok(kind) => kind,
            Err(mut operands) => {
                operands.iter_mut().for_each(|operand| self.visit_expr_mut(operand));
                self.rescue(name, site);
                return Some(parse_quote!(::core::unreachable!()));
            }
        };
        for operand in kind.operands_mut() {
            self.visit_expr_mut(operand);
        }
        if site.is_none() && name != "device" {
            self.rescue(name, None);
        }
        let number = proc_macro2::Literal::usize_unsuffixed(self.statements.len());
        self.statements.push(Statement { span, attributes: attributes.to_vec(), name: site, kind, place: self.place.clone() });
        let path = proc_macro2::Ident::new(PLACEHOLDER, Span::mixed_site());
        Some(parse_quote!(#path!(#number)))
    }

    /// Keeps the name of a site whose statement is wrong, so that a guide which names it gets no second error.
    fn rescue(&mut self, statement: &str, name: Option<crate::ast::Name>) {
        if matches!(statement, "sample" | "submodel") {
            match name {
                Some(name) => self.rescued.push(name.literal),
                None => self.lost_site = true,
            }
        }
    }

    fn foreign(&mut self, mac: &mut Macro) {
        if statement::find_statement(mac.tokens.clone()).is_none() {
            return;
        }
        if foreign::each_expression(mac, &mut |expr| self.visit_expr_mut(expr)) {
            // A statement may be left where the known part of the macro takes no expression.
            self.refuse_rest(mac);
        } else {
            self.refuse(mac);
        }
    }

    fn refuse_rest(&mut self, mac: &Macro) {
        if statement::find_statement(mac.tokens.clone()).is_some() {
            self.refuse(mac);
        }
    }

    fn refuse(&mut self, mac: &Macro) {
        if let Some((name, span)) = statement::find_statement(mac.tokens.clone()) {
            let path = &mac.path;
            let outer = quote!(#path).to_string().replace(' ', "");
            self.mistakes.add(span, message::inside_macro(name, &outer));
            self.lost_site |= matches!(name, "sample" | "submodel");
        }
    }

    fn in_arm(&mut self, branch: usize, arm: usize, visit: impl FnOnce(&mut Self)) {
        self.place.arms.push((branch, arm));
        visit(self);
        self.place.arms.pop();
    }

    fn in_loop(&mut self, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.place.in_loop, true);
        visit(self);
        self.place.in_loop = outer;
    }

    fn forbidding(&mut self, place: &'static str, visit: impl FnOnce(&mut Self)) {
        let outer = self.forbidden;
        self.forbidden = outer.or(Some(place));
        visit(self);
        self.forbidden = outer;
    }

    fn next_branch(&mut self) -> usize {
        self.branches += 1;
        self.branches
    }
}

impl VisitMut for Walk<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Macro(call) => {
                if let Some(placeholder) = self.take(&mut call.mac, &call.attrs) {
                    *expr = placeholder;
                }
            }
            Expr::If(branch) => {
                let id = self.next_branch();
                self.visit_expr_mut(&mut branch.cond);
                self.in_arm(id, 0, |walk| walk.visit_block_mut(&mut branch.then_branch));
                if let Some((_, otherwise)) = &mut branch.else_branch {
                    self.in_arm(id, 1, |walk| walk.visit_expr_mut(otherwise));
                }
            }
            Expr::Match(branch) => {
                let id = self.next_branch();
                self.visit_expr_mut(&mut branch.expr);
                for (number, arm) in branch.arms.iter_mut().enumerate() {
                    // The guards of several arms can run one after the other.
                    self.visit_pat_mut(&mut arm.pat);
                    self.in_arm(id, number, |walk| walk.visit_expr_mut(&mut arm.body));
                }
            }
            Expr::ForLoop(each) => {
                self.visit_expr_mut(&mut each.expr);
                self.in_loop(|walk| walk.visit_block_mut(&mut each.body));
            }
            Expr::While(_) | Expr::Loop(_) => self.in_loop(|walk| visit_mut::visit_expr_mut(walk, expr)),
            Expr::Closure(_) => self.forbidding(message::CLOSURE, |walk| visit_mut::visit_expr_mut(walk, expr)),
            Expr::Async(_) => self.forbidding(message::ASYNC_BLOCK, |walk| visit_mut::visit_expr_mut(walk, expr)),
            Expr::Const(_) => self.forbidding(message::CONST_BLOCK, |walk| visit_mut::visit_expr_mut(walk, expr)),
            _ => visit_mut::visit_expr_mut(self, expr),
        }
    }

    fn visit_block_mut(&mut self, block: &mut Block) {
        let last = block.stmts.len().saturating_sub(1);
        for (i, stmt) in block.stmts.iter_mut().enumerate() {
            let Stmt::Macro(call) = stmt else {
                self.visit_stmt_mut(stmt);
                continue;
            };
            if let Some(placeholder) = self.take(&mut call.mac, &call.attrs) {
                // `plate! { … }` between other statements needs no semicolon; the expression that it becomes does.
                let semi = call.semi_token.or_else(|| (i < last).then(|| Token![;](Span::mixed_site())));
                *stmt = Stmt::Expr(placeholder, semi);
            }
        }
    }

    fn visit_item_mut(&mut self, item: &mut Item) {
        let is_program = matches!(item, Item::Fn(function) if function.attrs.iter().any(marks_program));
        match item {
            _ if is_program => {}
            // A `macro_rules!` is expanded elsewhere; its uses show up as foreign macros.
            Item::Macro(_) => {}
            _ => self.forbidding(message::NESTED_ITEM, |walk| visit_mut::visit_item_mut(walk, item)),
        }
    }
}

fn marks_program(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == "model" || last.ident == "guide")
}
