//! The comparison of a guide's sites with those of its model, as code that rustc checks.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use crate::expand::type_name;
use crate::rewrite::local;
use crate::sites::Sites;

/// A pattern of the model's struct of sites: rustc reports sites that the model lacks at the guide's names, and sites
/// that the guide lacks at the model's path, all of them in one pass.
///
/// `is_partial` where the guide has sites whose names could not be read: nothing is called missing then.
pub fn check(model: &Path, sites: &Sites, is_partial: bool) -> TokenStream {
    // The user's own span: from a span of the macro's, rustc calls the missing fields inaccessible and does not name them.
    let span = model.span();
    let Some(name) = model.segments.last().map(|segment| &segment.ident) else { return TokenStream::new() };
    let struct_name = type_name(name, "Sites");
    let rest = is_partial.then(|| quote_spanned!(span=> ..));
    let (fields, comparisons): (Vec<_>, Vec<_>) = sites
        .pairing
        .iter()
        .enumerate()
        .map(|(i, (field, tag))| {
            let (ident, model_tag) = (&field.ident, local(&format!("site_{i}")));
            let at = tag.span.unwrap_or_else(|| field.site.span());
            let guide_tag = format_ident!("{}", tag.name, span = at);
            let field = quote_spanned!(field.site.span()=> #ident: #model_tag,);
            let guide = quote_spanned!(at=> ::vi_runtime::support::tag::#guide_tag);
            (field, quote_spanned!(at=> ::vi_runtime::support::tag::within(#guide, #model_tag);))
        })
        .unzip();
    let pattern = quote_spanned!(span=> #model::#struct_name { #(#fields)* #rest });
    quote! {
        const _: () = {
            let _ = |#pattern: #model::#struct_name| { #(#comparisons)* };
        };
    }
}
