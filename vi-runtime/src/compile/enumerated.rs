//! From the log densities of all sites to the terms of the ELBO, with enumerated sites summed out of them.

use std::collections::BTreeMap;

use vi_graph::enumerate::{Choice, Problem, Term, Variable, marginals, posterior, sum};
use vi_graph::ir::{Data, Role};
use vi_graph::{Error, Graph, Id};

use super::capture::averaged;
use super::{Decoded, Refusal, Source, TooLarge};
use crate::error::list;
use crate::objective::{TermKind, score_vanishes};
use crate::program::enumeration::EnumeratedSite;
use crate::program::{Site, Trace};

/// The graph whose outputs are the terms, and what each is. `outputs` are the densities of the sites of guide, held guide and
/// model in the order of the traces, then the weights of the enumerated sites of the guide.
pub(super) fn summed_out(
    mut graph: Graph,
    sources: &[Source],
    outputs: &[Option<usize>],
    traces: &[Trace; 3],
    sites: &[EnumeratedSite],
    limit: u64,
) -> Result<(Graph, Vec<TermKind>), Refusal> {
    let [guide, held, model] = traces;
    let mut kinds = vec![TermKind::Reconstruction];
    let mut problem = Problem { limit, ..Problem::default() };
    let mut output = outputs.iter();
    for (of, trace) in [guide, held, model].into_iter().enumerate() {
        for site in trace.sites() {
            let Some(node) = output.next().copied().flatten().map(|output| graph.outputs[output]) else { continue };
            let mut part = |kind: TermKind| {
                kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
                    kinds.push(kind);
                    kinds.len() - 1
                })
            };
            let mut add = |part: usize| problem.terms.push(Term { node, scale: site.scale, part });
            match of {
                0 => {
                    add(part(if site.is_latent() { TermKind::Guide(site.name.clone()) } else { TermKind::GuideFactors }));
                    // A site whose score has another mean than 0 is not held.
                    if site.is_latent() && !is_held(site, held) && held.sites().next().is_some() {
                        add(part(TermKind::Held(site.name.clone())));
                    }
                }
                1 if guide.get(&site.name).is_some_and(|drawn| drawn.is_latent() && is_held(drawn, held)) => {
                    add(part(TermKind::Held(site.name.clone())));
                }
                2 if site.is_latent() && site.strategy.is_none() => add(part(TermKind::Prior(site.name.clone()))),
                2 => add(0),
                _ => {}
            }
        }
    }
    let weights: BTreeMap<&str, Id> =
        averaged(sites, guide).zip(output).filter_map(|(site, output)| Some((site.name.as_str(), graph.outputs[(*output)?]))).collect();
    for variable in variables(sources, sites, limit)? {
        match weights.get(variable.name.as_str()) {
            Some(&weight) => problem.averaged.push((variable, weight)),
            None => problem.summed.push(variable),
        }
    }
    graph.outputs = sum(&mut graph, &problem).map_err(refused)?;
    Ok((graph, kinds))
}

/// The graph whose outputs are what `wanted` asks of each enumerated site in the order of `sites`; the sources of its inputs, to which
/// noise may be added, come beside. `outputs` are the densities of the sites of `model`, all of which are given or enumerated.
pub(super) fn decoded(
    mut graph: Graph,
    mut sources: Vec<Source>,
    outputs: &[Option<usize>],
    model: &Trace,
    sites: &[EnumeratedSite],
    (limit, wanted): (u64, Decoded),
) -> Result<(Graph, Vec<Source>), Refusal> {
    let terms = model.sites().zip(outputs).filter_map(|(site, output)| {
        let node = graph.outputs[(*output)?];
        Some(Term { node, scale: site.scale, part: 0 })
    });
    let problem = Problem { terms: terms.collect(), summed: variables(&sources, sites, limit)?, averaged: Vec::new(), limit };
    graph.outputs = match wanted {
        Decoded::Draw => posterior(&mut graph, &problem, Choice::Draw { call: 0 }),
        Decoded::Mode => posterior(&mut graph, &problem, Choice::Mode),
        Decoded::Marginals => marginals(&mut graph, &problem),
    }
    .map_err(refused)?;
    sources.extend(graph.inputs[sources.len()..].iter().filter_map(|input| match &input.role {
        Role::Noise(stream, kind) => Some(Source::Noise(stream.clone(), *kind)),
        _ => None,
    }));
    Ok((graph, sources))
}

/// The enumerated sites as the sum sees them; each has a table of its own density at least, which `limit` bounds before its values are
/// listed.
fn variables(sources: &[Source], sites: &[EnumeratedSite], limit: u64) -> Result<Vec<Variable>, Refusal> {
    if let Some(site) = sites.iter().find(|site| site.values as u64 > limit) {
        let entries = site.values as u128 * site.elements() as u128;
        return Err(refused(Error::TooLarge { variables: list([&site.name]), entries, limit }));
    }
    let mut plates: BTreeMap<&str, usize> = BTreeMap::new();
    let variable = |site: &EnumeratedSite| {
        let input = sources.iter().position(|source| *source == Source::Enumerated(site.name.clone()))?;
        let count = plates.len();
        let numbers = site.plates.iter().enumerate().map(|(i, plate)| *plates.entry(*plate).or_insert(count + i));
        Some(Variable {
            name: site.name.clone(),
            input,
            values: (0..site.values as i64).map(|k| Data::Int(vec![site.first + k])).collect(),
            event_rank: 0,
            plates: numbers.collect(),
            scale: site.scale,
        })
    };
    Ok(sites.iter().filter_map(variable).collect())
}

fn is_held(site: &Site, held: &Trace) -> bool {
    score_vanishes(site) && held.get(&site.name).is_some()
}

fn refused(error: Error) -> Refusal {
    match error {
        Error::TooLarge { variables, entries, limit } => {
            Refusal::too_large(TooLarge { sites: variables, cost: format!("a table of {entries} entries"), limit })
        }
        error => Refusal::new(error.to_string()),
    }
}
