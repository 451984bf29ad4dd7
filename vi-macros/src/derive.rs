//! `#[derive(Arg)]`: what a value holds, field by field.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Data, DeriveInput, Fields, Generics, Type, parse_quote};

use crate::message::{self, Mistakes};
use crate::rewrite::local;

/// The implementation of `Arg`, or what is wrong.
pub fn arg(input: DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let variants = match &input.data {
        Data::Struct(data) => vec![Variant::new(quote!(Self), None, &data.fields, &mut mistakes)],
        Data::Enum(data) => (0..)
            .zip(&data.variants)
            .map(|(number, variant)| {
                let name = &variant.ident;
                Variant::new(quote!(Self::#name), Some(number), &variant.fields, &mut mistakes)
            })
            .collect(),
        Data::Union(data) => {
            mistakes.add(data.union_token.span, message::ARG_UNION);
            Vec::new()
        }
    };
    if let Some(errors) = mistakes.report() {
        return errors;
    }
    let mut generics = input.generics;
    bound(&mut generics, &variants);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let name = &input.ident;
    let (f, key) = (local("f"), local("key"));
    let maps = variants.iter().map(|variant| variant.map(&f));
    let visits = variants.iter().map(|variant| variant.visit(&f));
    let fingerprints = variants.iter().map(|variant| variant.fingerprint(&key));
    // Matching on an empty enum needs the value itself.
    let this = if variants.is_empty() { quote!(*self) } else { quote!(self) };
    quote! {
        #[automatically_derived]
        #[allow(unused_variables, clippy::all, clippy::pedantic)]
        impl #impl_generics ::vi_runtime::Arg for #name #type_generics #where_clause {
            fn map_tensors(&self, #f: &mut dyn ::core::ops::FnMut(::vi_runtime::AnyTensor) -> ::vi_runtime::AnyTensor) -> Self {
                match #this { #(#maps)* }
            }
            fn visit_tensors(&self, #f: &mut dyn ::core::ops::FnMut(&::vi_runtime::AnyTensor)) {
                match #this { #(#visits)* }
            }
            fn fingerprint(&self, #key: &mut ::vi_runtime::Fingerprint) {
                match #this { #(#fingerprints)* }
            }
        }
    }
}

/// A struct, or one variant of an enum.
struct Variant<'a> {
    path: TokenStream,
    number: Option<u64>,
    fields: Vec<Field<'a>>,
}

struct Field<'a> {
    member: syn::Member,
    ty: &'a Type,
    skip: bool,
    local: Ident,
}

impl<'a> Variant<'a> {
    fn new(path: TokenStream, number: Option<u64>, fields: &'a Fields, mistakes: &mut Mistakes) -> Self {
        let fields = fields
            .members()
            .zip(fields)
            .enumerate()
            .map(|(i, (member, field))| Field { member, ty: &field.ty, skip: skips(field, mistakes), local: local(&format!("field_{i}")) })
            .collect();
        Variant { path, number, fields }
    }

    fn pattern(&self) -> TokenStream {
        let Variant { path, fields, .. } = self;
        let fields = fields.iter().map(|Field { member, local, .. }| quote!(#member: #local));
        quote!(#path { #(#fields),* })
    }

    fn map(&self, f: &Ident) -> TokenStream {
        let (pattern, path) = (self.pattern(), &self.path);
        let fields = self.fields.iter().map(|Field { member, ty, skip, local }| {
            let value = if *skip {
                quote!(::core::clone::Clone::clone(#local))
            } else {
                quote_spanned!(spot(ty)=> <#ty as ::vi_runtime::Arg>::map_tensors(#local, #f))
            };
            quote!(#member: #value)
        });
        quote!(#pattern => #path { #(#fields),* },)
    }

    fn visit(&self, f: &Ident) -> TokenStream {
        let pattern = self.pattern();
        let fields =
            self.kept().map(|Field { ty, local, .. }| quote_spanned!(spot(ty)=> <#ty as ::vi_runtime::Arg>::visit_tensors(#local, #f);));
        quote!(#pattern => { #(#fields)* })
    }

    fn fingerprint(&self, key: &Ident) -> TokenStream {
        let pattern = self.pattern();
        let number = self.number.map(|number| quote!(#key.write_u64(#number);));
        let fields =
            self.kept().map(|Field { ty, local, .. }| quote_spanned!(spot(ty)=> <#ty as ::vi_runtime::Arg>::fingerprint(#local, #key);));
        quote!(#pattern => { #number #(#fields)* })
    }

    fn kept(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| !field.skip)
    }
}

/// Errors point at the type of the field.
fn spot(ty: &Type) -> Span {
    Span::mixed_site().located_at(ty.span())
}

fn skips(field: &syn::Field, mistakes: &mut Mistakes) -> bool {
    let mut skip = false;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("arg")) {
        let parsed = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("skip") {
                skip = true;
                return Ok(());
            }
            Err(meta.error(message::ARG_OPTION))
        });
        if let Err(error) = parsed {
            mistakes.add(error.span(), message::ARG_OPTION);
        }
    }
    skip
}

/// `T: Arg` for the type parameters of the fields that are visited. Bounds on the fields' own types would not resolve
/// where a type holds itself.
fn bound(generics: &mut Generics, variants: &[Variant]) {
    let mut used = UsedNames::default();
    variants.iter().flat_map(Variant::kept).for_each(|field| used.visit_type(field.ty));
    for param in generics.type_params_mut() {
        if used.0.contains(&param.ident.to_string()) {
            param.bounds.push(parse_quote!(::vi_runtime::Arg));
        } else {
            param.bounds.push(parse_quote!(::core::clone::Clone));
        }
    }
}

#[derive(Default)]
struct UsedNames(Vec<String>);

impl<'ast> Visit<'ast> for UsedNames {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first() {
            self.0.push(format_ident!("{}", first.ident).to_string());
        }
        visit::visit_path(self, path);
    }
}
