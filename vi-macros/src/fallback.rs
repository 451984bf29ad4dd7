//! What is emitted where there are mistakes: all of them, and items of the right names and types, so that no second
//! error follows where the program is used.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ast::Program;
use crate::expand::{self, Body};
use crate::sites::Sites;

/// The errors, and the program without its body.
pub fn program(program: Program, sites: &Sites, errors: &TokenStream) -> TokenStream {
    if program.is_method {
        // Inside an `impl` there is no place for a module.
        return errors.clone();
    }
    let stub = expand::program(program, sites, Body::Stub);
    quote!(#errors #stub)
}
