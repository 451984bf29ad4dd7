//! The sites of a program by name: what becomes a field of the draws, a rank, and a field of the pairing.

use proc_macro2::{Ident, Span};
use syn::LitStr;
use syn::ext::IdentExt;

use crate::ast::{Kind, Program, Role};
use crate::message::{self, Mistakes};
use crate::rewrite::local;
use crate::tags::{self, Tag};

/// The sites of one program, each name once, in the order of first appearance.
#[derive(Default)]
pub struct Sites {
    /// The names of the latent sites.
    pub latents: Vec<LitStr>,
    /// The fields of the draws: latent and deterministic sites.
    pub draws: Vec<Field>,
    /// The fields that a guide is paired by: latent sites and submodels, by the first part of a dotted name.
    pub pairing: Vec<(Field, Tag)>,
}

/// A site as a field of a struct.
pub struct Field {
    pub ident: Ident,
    pub site: LitStr,
}

impl Sites {
    /// Collects them; names that would share a field go to `mistakes`.
    pub fn of(program: &Program, mistakes: &mut Mistakes) -> Sites {
        let mut sites = Sites::default();
        for statement in &program.statements {
            let Some(name) = &statement.name else { continue };
            match &statement.kind {
                Kind::Sample { dist, strategy } => {
                    sites.add_latent(&name.literal);
                    sites.add_draws(&name.literal, mistakes);
                    // What the model enumerates is no site of its guides.
                    let is_enumerated = strategy.is_some() && !matches!(program.role, Role::Guide { .. });
                    if !is_enumerated && !is_auxiliary(&program.role, &name.text()) {
                        sites.add_pairing(&name.literal, tags::tag(dist));
                    }
                }
                Kind::Deterministic { .. } => sites.add_draws(&name.literal, mistakes),
                Kind::Submodel { .. } => sites.add_pairing(&name.literal, Tag::SUBMODEL),
                _ => {}
            }
        }
        for name in &program.rescued {
            sites.add_draws(name, mistakes);
            if !is_auxiliary(&program.role, &name.value()) {
                sites.add_pairing(name, Tag::UNKNOWN);
            }
        }
        sites
    }

    /// The local that holds the rank of a latent site.
    pub fn rank(&self, name: &str) -> Ident {
        let number = self.latents.iter().position(|latent| latent.value() == name).unwrap_or(self.latents.len());
        local(&format!("rank_{number}"))
    }

    fn add_latent(&mut self, name: &LitStr) {
        if !self.latents.iter().any(|latent| latent.value() == name.value()) {
            self.latents.push(name.clone());
        }
    }

    fn add_draws(&mut self, name: &LitStr, mistakes: &mut Mistakes) {
        let field = name.value().replace('.', "_");
        let known = self.draws.iter().find(|other| other.ident.unraw() == field).map(|other| other.site.value());
        match known {
            None => self.draws.push(Field { ident: identifier(&field, name.span()), site: name.clone() }),
            Some(other) if other == name.value() => {}
            Some(other) => mistakes.add(name.span(), message::same_field(&name.value(), &other, &field)),
        }
    }

    fn add_pairing(&mut self, name: &LitStr, tag: Tag) {
        let text = name.value();
        let (first, tag) = match text.split_once('.') {
            Some((first, _)) => (first, Tag::UNKNOWN),
            None => (text.as_str(), tag),
        };
        match self.pairing.iter_mut().find(|(field, _)| field.ident.unraw() == first) {
            Some((_, known)) => *known = known.join(tag),
            None => self.pairing.push((Field { ident: identifier(first, name.span()), site: name.clone() }, tag)),
        }
    }
}

fn is_auxiliary(role: &Role, name: &str) -> bool {
    matches!(role, Role::Guide { auxiliary, .. } if auxiliary.iter().any(|other| other.value() == name))
}

/// `name` as an identifier; a keyword becomes a raw one.
fn identifier(name: &str, span: Span) -> Ident {
    match syn::parse_str::<Ident>(name) {
        Ok(_) => Ident::new(name, span),
        Err(_) => Ident::new_raw(name, span),
    }
}
