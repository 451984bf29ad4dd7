//! The attributes of `vi-runtime`: [`macro@model`], [`macro@guide`], and `#[derive(Arg)]`.
//!
//! `parse` reads signature, attribute and statements into the tree of `ast` (`walk` takes the statements out of the
//! body, `statement` reads one, `foreign` looks into the macros of others). `validate` checks the rules of a program as
//! a whole. `expand` writes the code (`rewrite` the statements, `sites` and `tags` what is known of the sites, `pairing`
//! the comparison of a guide with its model). `fallback` stands in where there are mistakes, whose texts are in `message`.

mod ast;
mod derive;
mod expand;
mod fallback;
mod foreign;
mod message;
mod pairing;
mod parse;
mod rewrite;
mod sites;
mod statement;
mod tags;
mod validate;
mod walk;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;
use quote::quote;

use ast::Role;
use message::Mistakes;
use sites::Sites;

/// Makes a function a model.
///
/// Called with its arguments, the function returns a bound program: a value that `Svi`, handlers and predictives run.
/// Inside it stand the statements of the language:
///
/// | statement | meaning |
/// |---|---|
/// | `sample!("x", dist)` | a latent site; its value is a tensor |
/// | `sample!("x"[i], dist)` | a member of the family of sites `x`, also legal in a loop |
/// | `sample!("k", dist, strategy = Enumerate)` | a discrete site that is summed over, not drawn |
/// | `sample!("p", dist, strategy = Collapse)` | a Beta, Gamma or Dirichlet site that is integrated out of a conjugate likelihood |
/// | `observe!("y", dist, value)`, `observe!("y", dist, value, mask = m)` | an observed site |
/// | `param!("w", init)`, `param!("w", init, support)` | a learnable tensor |
/// | `module!("net", init)` | a Burn module with learnable weights |
/// | `plate!("n", size, { … })`, `plate!("n", size, subsample = b, \|idx\| { … })` | conditional independence |
/// | `deterministic!("t", expr)` | recorded, without a density |
/// | `factor!("f", log_weight)` | adds to the log joint |
/// | `submodel!("prefix", program)` | runs another program, its sites under the prefix |
/// | `device!()` | the device of the run |
///
/// Arguments are tensors, numbers, `bool`, `String`, `Option`, `Vec`, tuples, Burn modules and types with
/// `#[derive(Clone, Arg)]`; `&T`, `&[T]` and `&str` are cloned at binding. Generics and lifetimes work. `return` and `?`
/// leave the program.
///
/// Beside the function stands a hidden module of the same name with the types of its sites, so that
/// `use models::my_model;` imports both. A function `coin` in a file `coin.rs` is therefore imported by its path,
/// `coin::coin`, where `mod coin;` itself is in scope.
#[proc_macro_attribute]
pub fn model(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let role = parse::model_arguments(arguments.into(), &mut mistakes);
    program(role, item.into(), mistakes).into()
}

/// Makes a function a guide: the family of distributions that is fitted to the posterior of a model.
///
/// `#[guide(model = path)]` compares its sites with the model's when it is compiled: one that is missing, misspelt or
/// invented, or whose support does not fit, is an error. `auxiliary = ["u"]` names sites that the model lacks on purpose.
/// A bare `#[guide]` is compared at the first step. The statements are those of [`macro@model`] without `observe!`.
#[proc_macro_attribute]
pub fn guide(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let role = parse::guide_arguments(arguments.into(), &mut mistakes);
    program(role, item.into(), mistakes).into()
}

/// Makes a struct or an enum an argument of programs.
///
/// Every field is an argument type itself. A field marked `#[arg(skip)]` is cloned and not looked at: tensors in it stay
/// on their device, and two values that differ in it count as the same to a compiled plan.
#[proc_macro_derive(Arg, attributes(arg))]
pub fn derive_arg(input: TokenStream) -> TokenStream {
    match syn::parse(input) {
        Ok(input) => derive::arg(input).into(),
        Err(error) => error.to_compile_error().into(),
    }
}

fn program(role: Role, item: TokenStream2, mut mistakes: Mistakes) -> TokenStream2 {
    let program = match parse::program(role, item, &mut mistakes) {
        Ok(program) => program,
        Err(error) => {
            mistakes.push(error);
            let errors = mistakes.report();
            return quote!(#errors);
        }
    };
    validate::check(&program, &mut mistakes);
    let sites = Sites::of(&program, &mut mistakes);
    match mistakes.report() {
        None => expand::program(program, &sites, expand::Body::Real),
        Some(errors) => fallback::program(program, &sites, &errors),
    }
}
