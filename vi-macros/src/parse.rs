//! From the tokens of the attribute and of the function to the syntax tree of a program.

use proc_macro2::{Span, TokenStream};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::visit_mut::VisitMut;
use syn::{FnArg, GenericParam, Item, ItemFn, LitStr, Path, ReturnType, Signature, Token, Type, bracketed, parse_quote};

use crate::ast::{Argument, Form, Program, Role};
use crate::message::{self, Mistakes};
use crate::walk::Walk;

/// The arguments of `#[model]`: none.
pub fn model_arguments(arguments: TokenStream, mistakes: &mut Mistakes) -> Role {
    if let Some(first) = arguments.into_iter().next() {
        mistakes.add(first.span(), message::MODEL_ARGUMENTS);
    }
    Role::Model
}

/// The arguments of `#[guide]`.
pub fn guide_arguments(arguments: TokenStream, mistakes: &mut Mistakes) -> Role {
    let mut model = None;
    let mut auxiliary = Vec::new();
    let mut parser = |input: ParseStream| -> syn::Result<()> {
        while !input.is_empty() {
            let key: syn::Ident = input.parse().map_err(|error| syn::Error::new(error.span(), message::GUIDE_ARGUMENTS))?;
            if !(key == "model" && model.is_none() || key == "auxiliary" && auxiliary.is_empty()) {
                return Err(syn::Error::new(key.span(), message::GUIDE_ARGUMENTS));
            }
            input.parse::<Token![=]>().map_err(|error| syn::Error::new(error.span(), message::GUIDE_ARGUMENTS))?;
            if key == "model" {
                model = Some(input.call(Path::parse_mod_style)?);
            } else {
                let names;
                bracketed!(names in input);
                auxiliary = Punctuated::<LitStr, Token![,]>::parse_terminated(&names)?.into_iter().collect();
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    if let Err(error) = (|input: ParseStream| parser(input)).parse2(arguments) {
        mistakes.push(error);
    }
    Role::Guide { model, auxiliary }
}

/// The function, its statements taken out of its body.
///
/// # Errors
/// Where it is not a function.
pub fn program(role: Role, item: TokenStream, mistakes: &mut Mistakes) -> syn::Result<Program> {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let is_other_item = syn::parse2::<Item>(item).is_ok();
            return Err(if is_other_item { syn::Error::new(Span::call_site(), message::NOT_A_FUNCTION) } else { error });
        }
    };
    let ItemFn { attrs, vis, sig, mut block, .. } = function;
    check_modifiers(&sig, mistakes);
    let is_method = sig.receiver().is_some();
    let mut generics = sig.generics;
    let output = output(sig.output, mistakes);
    let mut arguments = Vec::new();
    for input in sig.inputs {
        match input {
            FnArg::Receiver(receiver) => mistakes.add(receiver.self_token.span, message::SELF),
            FnArg::Typed(typed) => {
                let mut ty = *typed.ty;
                let form = form(&mut ty, &mut generics, mistakes);
                arguments.push(Argument { attributes: typed.attrs, pattern: *typed.pat, ty, form });
            }
        }
    }
    let mut walk = Walk::new(mistakes);
    walk.visit_block_mut(&mut block);
    let Walk { statements, rescued, lost_site, .. } = walk;
    Ok(Program {
        role,
        attributes: attrs,
        visibility: vis,
        name: sig.ident,
        generics,
        arguments,
        output,
        body: *block,
        statements,
        rescued,
        lost_site,
        is_method,
    })
}

fn check_modifiers(sig: &Signature, mistakes: &mut Mistakes) {
    if let Some(token) = &sig.constness {
        mistakes.add(token.span, message::CONST);
    }
    if let Some(token) = &sig.asyncness {
        mistakes.add(token.span, message::ASYNC);
    }
    if let syn::Safety::Unsafe(token) = &sig.safety {
        mistakes.add(token.span, message::UNSAFE);
    }
    if let Some(abi) = &sig.abi {
        mistakes.add(abi.extern_token.span, message::EXTERN);
    }
    if let Some(variadic) = &sig.variadic {
        mistakes.add(variadic.span(), message::VARIADIC);
    }
}

/// The return type; absent for `()` and where it is not possible.
fn output(output: ReturnType, mistakes: &mut Mistakes) -> Option<Type> {
    let ReturnType::Type(_, ty) = output else { return None };
    let mut found = Unbindable { allows_static: true, ..Unbindable::default() };
    found.visit_type(&ty);
    if let Some(part) = found.opaque {
        mistakes.over(&part, message::IMPL_OUTPUT);
        return None;
    }
    if let Some(part) = found.reference {
        mistakes.over(&part, message::BORROWED_OUTPUT);
        return None;
    }
    Some(*ty)
}

/// How an argument of type `ty` is bound.
fn form(ty: &mut Type, generics: &mut syn::Generics, mistakes: &mut Mistakes) -> Form {
    let (owned, form): (&Type, fn(Type) -> Form) = match &*ty {
        Type::Paren(inner) => {
            *ty = (*inner.elem).clone();
            return form(ty, generics, mistakes);
        }
        Type::Group(inner) => {
            *ty = (*inner.elem).clone();
            return form(ty, generics, mistakes);
        }
        Type::Reference(reference) => {
            if reference.mutability.is_some() {
                mistakes.over(reference, message::MUTABLE_REFERENCE);
                return Form::Refused;
            }
            match &*reference.elem {
                Type::Slice(slice) => (&slice.elem, Form::Slice),
                Type::Path(path) if path.path.is_ident("str") => (&reference.elem, |_| Form::Str),
                _ => (&reference.elem, Form::Reference),
            }
        }
        _ => (&*ty, |_| Form::Owned),
    };
    let mut found = Unbindable::default();
    found.visit_type(owned);
    if let Some(part) = found.opaque {
        mistakes.over(&part, message::IMPL_ARGUMENT);
        // A type parameter in its place, so that calls of the function still compile.
        let name = syn::Ident::new(&format!("__ViArgument{}", generics.params.len()), Span::mixed_site());
        generics.params.push(GenericParam::Type(parse_quote!(#name)));
        *ty = parse_quote!(#name);
        return Form::Refused;
    }
    if let Some(part) = found.object {
        mistakes.over(&part, message::DYN_ARGUMENT);
        return Form::Refused;
    }
    if let Some(part) = found.reference {
        mistakes.over(&part, message::INNER_REFERENCE);
        return Form::Refused;
    }
    let form = form(owned.clone());
    name_elided_lifetimes(ty, generics);
    match (form, &*ty) {
        (Form::Reference(_), Type::Reference(reference)) => Form::Reference((*reference.elem).clone()),
        (Form::Slice(_), Type::Reference(reference)) => match &*reference.elem {
            Type::Slice(slice) => Form::Slice((*slice.elem).clone()),
            _ => Form::Refused,
        },
        (form, _) => form,
    }
}

/// `Holder<'_>` gets a lifetime with a name: the program's type must name it.
fn name_elided_lifetimes(ty: &mut Type, generics: &mut syn::Generics) {
    struct Elided<'a>(&'a mut syn::Generics);
    impl VisitMut for Elided<'_> {
        fn visit_lifetime_mut(&mut self, lifetime: &mut syn::Lifetime) {
            if lifetime.ident == "_" {
                let name = format!("'__vi_{}", self.0.params.len());
                *lifetime = syn::Lifetime::new(&name, lifetime.span());
                self.0.params.insert(0, GenericParam::Lifetime(syn::LifetimeParam::new(lifetime.clone())));
            }
        }
    }
    let inner = match ty {
        Type::Reference(reference) => &mut *reference.elem,
        other => other,
    };
    Elided(generics).visit_type_mut(inner);
}

/// The first of each kind of type that cannot be kept by a bound program.
#[derive(Default)]
struct Unbindable {
    opaque: Option<syn::TypeImplTrait>,
    object: Option<syn::TypeTraitObject>,
    reference: Option<syn::TypeReference>,
    allows_static: bool,
}

impl<'ast> Visit<'ast> for Unbindable {
    fn visit_type_impl_trait(&mut self, ty: &'ast syn::TypeImplTrait) {
        self.opaque.get_or_insert_with(|| ty.clone());
    }
    fn visit_type_trait_object(&mut self, ty: &'ast syn::TypeTraitObject) {
        self.object.get_or_insert_with(|| ty.clone());
    }
    fn visit_type_reference(&mut self, ty: &'ast syn::TypeReference) {
        if !(self.allows_static && ty.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static")) {
            self.reference.get_or_insert_with(|| ty.clone());
        }
        visit::visit_type_reference(self, ty);
    }
    /// The references in `fn(&T)` are not kept.
    fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
}
