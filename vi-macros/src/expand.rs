//! The code of a program: a function that binds its arguments, and a module of the same name with its sites.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, GenericParam, Lifetime, Pat, Type, token};

use crate::ast::{Argument, Form, Program, Role};
use crate::pairing;
use crate::rewrite::{Rewrite, local};
use crate::sites::Sites;

/// What the function does when it is called.
pub enum Body {
    /// Binds the user's statements.
    Real,
    /// Has the right type and no more, for a program with mistakes.
    Stub,
}

/// Module, function and, for a guide of a model, the comparison of their sites.
pub fn program(mut program: Program, sites: &Sites, body: Body) -> TokenStream {
    let module = module(&program, sites);
    let pairing = match &program.role {
        Role::Guide { model: Some(model), .. } => {
            let cfg = cfg(&program.attributes);
            let pairing = pairing::check(model, sites, program.lost_site);
            quote!(#(#cfg)* #pairing)
        }
        _ => TokenStream::new(),
    };
    let function = function(&mut program, sites, body);
    quote!(#module #function #pairing)
}

fn cfg(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
}

/// `EightSchools` + `suffix` for a program `eight_schools`.
pub fn type_name(program: &Ident, suffix: &str) -> Ident {
    let mut name = String::new();
    for word in program.unraw().to_string().split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(char::to_uppercase).into_iter().flatten());
        name.push_str(letters.as_str());
    }
    format_ident!("{name}{suffix}", span = program.span())
}

/// The module has the function's name, so that one `use` imports both; it names nothing of the scope around it, because
/// that may be the body of a function, which no path reaches.
fn module(program: &Program, sites: &Sites) -> TokenStream {
    let Program { name, visibility, attributes, .. } = program;
    let cfg = cfg(attributes);
    let latents = type_name(name, "Latents");
    let doc = format!("The draws of `{}`, a field a site.", name.unraw());
    let (fields, names): (Vec<_>, Vec<_>) = sites.draws.iter().map(|field| (&field.ident, &field.site)).unzip();
    let latent_names = &sites.latents;
    let source = local("source");
    let pairing = (!program.role.is_guide()).then(|| {
        let struct_name = type_name(name, "Sites");
        let doc = format!("The supports of the sites of `{}`, which a guide is paired by.", name.unraw());
        let fields = sites.pairing.iter().map(|(field, tag)| {
            let (ident, tag) = (&field.ident, format_ident!("{}", tag.name));
            quote!(pub #ident: ::vi_runtime::support::tag::#tag)
        });
        quote! {
            #[doc = #doc]
            pub struct #struct_name { #(#fields,)* }
        }
    });
    quote! {
        #(#cfg)*
        #[doc(hidden)]
        #[allow(dead_code, missing_docs, non_snake_case, non_camel_case_types, unreachable_pub, clippy::all, clippy::pedantic)]
        #visibility mod #name {
            #pairing
            #[doc = #doc]
            #[derive(Clone, Debug)]
            pub struct #latents { #(pub #fields: ::vi_runtime::__private::Draws,)* }
            impl ::vi_runtime::__private::Latents for #latents {
                const NAMES: &'static [&'static str] = &[#(#latent_names),*];
                fn collect(#source: &mut ::vi_runtime::__private::DrawsSource) -> ::vi_runtime::__private::Result<Self> {
                    let _ = &#source;
                    ::core::result::Result::Ok(Self { #(#fields: #source.take(#names),)* })
                }
            }
        }
    }
}

fn function(program: &mut Program, sites: &Sites, body: Body) -> TokenStream {
    let private = quote!(::vi_runtime::__private);
    let is_guide = program.role.is_guide();
    let output = program.output.as_ref().map_or_else(|| quote!(()), ToTokens::to_token_stream);
    let owned: Vec<Type> = program.arguments.iter().filter_map(owned).collect();
    let args = nested(owned.iter().map(ToTokens::to_token_stream));
    let BoundSignature { captures, rank_captures, where_clause } = bound_signature(program, &owned);
    let parameters: Vec<Ident> = program.arguments.iter().enumerate().map(|(i, argument)| parameter(i, &argument.pattern)).collect();
    let inputs =
        program.arguments.iter().zip(&parameters).map(|(Argument { attributes, ty, .. }, name)| quote!(#(#attributes)* #name: #ty));
    let values = nested(program.arguments.iter().zip(&parameters).filter_map(|(argument, name)| value(argument, name)));
    let ranks: Vec<Ident> = sites.latents.iter().map(|latent| sites.rank(&latent.value())).collect();
    let bind = match body {
        Body::Stub => quote! {
            #private::Bound::new(#values, |_: &#private::Ctx, _: &#args| -> #private::Result<#output> { ::core::unreachable!() }, ())
        },
        Body::Real => {
            let mut eraser = EraseLifetimes(lifetimes(program));
            let kept: Vec<Ident> = (0..owned.len()).map(|i| local(&format!("argument_{i}"))).collect();
            let pattern = nested(kept.iter().map(ToTokens::to_token_stream));
            let lets = program.arguments.iter().filter(|argument| owned_type(argument).is_some()).zip(&kept);
            let lets: Vec<TokenStream> = lets.map(|(argument, kept)| binding(argument, kept, is_guide, &mut eraser)).collect();
            let statements = std::mem::take(&mut program.statements);
            // Located at the user's braces for a missing value at its end, but not theirs: rustc may call those unnecessary.
            let brace_token = token::Brace(Span::mixed_site().located_at(program.body.brace_token.span.join()));
            let mut block = Block { brace_token, stmts: std::mem::take(&mut program.body.stmts) };
            Rewrite::new(&program.role, sites, statements).visit_block_mut(&mut block);
            eraser.visit_block_mut(&mut block);
            let mut local_output = program.output.clone();
            if let Some(ty) = &mut local_output {
                eraser.visit_type_mut(ty);
            }
            let local_output = local_output.map_or_else(|| quote!(()), ToTokens::into_token_stream);
            let (ctx, result) = (local("ctx"), local("output"));
            let rank_list = nested(ranks.iter().map(ToTokens::to_token_stream));
            quote! {
                #(let #ranks = #private::Rank::infer();)*
                #private::Bound::new(#values, move |#ctx: &#private::Ctx, #pattern: &#args| -> #private::Result<#output> {
                    #(#lets)*
                    let #result: #local_output = #block;
                    #[allow(unreachable_code)]
                    { ::core::result::Result::Ok(#result) }
                }, #rank_list)
            }
        }
    };
    let Program { attributes, visibility, name, generics, .. } = program;
    let allow_unused = matches!(body, Body::Stub).then(|| quote!(#[allow(unused)]));
    let latents = type_name(name, "Latents");
    let params = &generics.params;
    quote! {
        #(#attributes)*
        #allow_unused
        #[allow(trivial_bounds, clippy::type_complexity, clippy::multiple_bound_locations)]
        #visibility fn #name<#params>(#(#inputs),*) -> #private::Bound<
            #args,
            impl ::core::ops::Fn(&#private::Ctx, &#args) -> #private::Result<#output> + ::core::clone::Clone + use<#(#captures),*>,
            #output,
            #name::#latents,
            impl #private::Ranks + use<#(#rank_captures),*>
        > #where_clause {
            #bind
        }
    }
}

/// `(a, (b, ()))`.
fn nested(parts: impl DoubleEndedIterator<Item = TokenStream>) -> TokenStream {
    parts.rev().fold(quote!(()), |rest, part| quote!((#part, #rest)))
}

/// What a bound program keeps of an argument.
fn owned_type(argument: &Argument) -> Option<TokenStream> {
    owned(argument).map(ToTokens::into_token_stream)
}

fn owned(argument: &Argument) -> Option<Type> {
    match &argument.form {
        Form::Owned => Some(argument.ty.clone()),
        Form::Reference(ty) => Some(ty.clone()),
        Form::Slice(ty) => Some(syn::parse_quote_spanned!(ty.span()=> ::std::vec::Vec<#ty>)),
        Form::Str => Some(syn::parse_quote!(::std::string::String)),
        Form::Refused => None,
    }
}

/// The name of a parameter; a pattern takes its value apart inside the program.
fn parameter(number: usize, pattern: &Pat) -> Ident {
    match pattern {
        Pat::Ident(name) if name.subpat.is_none() => name.ident.clone(),
        _ => local(&format!("parameter_{number}")),
    }
}

/// The argument as the bound program keeps it.
fn value(argument: &Argument, name: &Ident) -> Option<TokenStream> {
    match &argument.form {
        Form::Owned => Some(quote!(#name)),
        Form::Reference(_) => Some(quote!(::core::clone::Clone::clone(#name))),
        Form::Slice(_) => Some(quote!(<[_]>::to_vec(#name))),
        Form::Str => Some(quote!(::std::string::String::from(#name))),
        Form::Refused => None,
    }
}

/// `let x: T = …;` at the start of a run.
fn binding(argument: &Argument, kept: &Ident, is_guide: bool, eraser: &mut EraseLifetimes) -> TokenStream {
    let (mut pattern, mut ty) = (argument.pattern.clone(), argument.ty.clone());
    eraser.visit_type_mut(&mut ty);
    if let Pat::Ident(name) = &mut pattern {
        // Hygiene of the user's name is kept; only an argument that is a plain name can be `mut`.
        name.attrs.clear();
    }
    let value = match &argument.form {
        Form::Owned => quote!(::core::clone::Clone::clone(#kept)),
        Form::Slice(_) => quote!(::std::vec::Vec::as_slice(#kept)),
        Form::Str => quote!(::std::string::String::as_str(#kept)),
        Form::Reference(_) | Form::Refused => quote!(#kept),
    };
    // A guide takes the arguments of its model and need not use them.
    let allow = is_guide.then(|| quote!(#[allow(unused_variables, unused_mut)]));
    quote!(#allow let #pattern: #ty = #value;)
}

struct BoundSignature {
    captures: Vec<TokenStream>,
    rank_captures: Vec<TokenStream>,
    where_clause: TokenStream,
}

/// What the opaque types capture, and the bounds on the arguments.
fn bound_signature(program: &Program, owned: &[Type]) -> BoundSignature {
    let mut used = UsedLifetimes::default();
    owned.iter().chain(&program.output).for_each(|ty| used.visit_type(ty));
    let mut captures = Vec::new();
    let mut rank_captures = Vec::new();
    for param in &program.generics.params {
        match param {
            GenericParam::Lifetime(param) => {
                let lifetime = &param.lifetime;
                if used.0.contains(&lifetime.ident.to_string()) {
                    captures.push(quote!(#lifetime));
                }
            }
            GenericParam::Type(param) => {
                let name = &param.ident;
                captures.push(quote!(#name));
                rank_captures.push(quote!(#name));
            }
            GenericParam::Const(param) => {
                let name = &param.ident;
                captures.push(quote!(#name));
                rank_captures.push(quote!(#name));
            }
        }
    }
    let predicates = program.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let bounds = owned.iter().map(|ty| quote_spanned!(ty.span()=> #ty: ::vi_runtime::Arg));
    BoundSignature { captures, rank_captures, where_clause: quote!(where #(#predicates,)* #(#bounds,)*) }
}

#[derive(Default)]
struct UsedLifetimes(Vec<String>);

impl<'ast> Visit<'ast> for UsedLifetimes {
    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        self.0.push(lifetime.ident.to_string());
        visit::visit_lifetime(self, lifetime);
    }
}

fn lifetimes(program: &Program) -> Vec<String> {
    program.generics.lifetimes().map(|param| param.lifetime.ident.to_string()).collect()
}

/// The body becomes a closure that borrows what is bound, for a time that no name of the signature stands for.
struct EraseLifetimes(Vec<String>);

impl VisitMut for EraseLifetimes {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if self.0.iter().any(|name| lifetime.ident == name) {
            lifetime.ident = Ident::new("_", lifetime.ident.span());
        }
    }

    fn visit_label_mut(&mut self, _: &mut syn::Label) {}

    fn visit_expr_break_mut(&mut self, leave: &mut syn::ExprBreak) {
        if let Some(value) = &mut leave.expr {
            visit_mut::visit_expr_mut(self, value);
        }
    }

    fn visit_expr_continue_mut(&mut self, _: &mut syn::ExprContinue) {}

    /// A nested item has lifetimes of its own.
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
}
