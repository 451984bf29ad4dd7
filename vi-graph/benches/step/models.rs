//! Steps of a few models, written as graphs: the ELBO, then the gradient of the loss.

use std::f64::consts::PI;

use vi_graph::batch::batch;
use vi_graph::diff::gradient;
use vi_graph::ir::{Data, NoiseKind, Op, Role, Stream, Type, Unary};
use vi_graph::optimise::optimise;
use vi_graph::{Graph, Id, Precision};

/// A graph of a step and its data, by input.
pub struct Model {
    pub graph: Graph,
    pub data: Vec<(usize, Data)>,
    pub lanes: Option<usize>,
}

/// Latents of a mean-field normal guide in unconstrained space, and the terms of the ELBO so far.
struct Builder {
    g: Graph,
    guide: Vec<Id>,
    model: Vec<Id>,
    data: Vec<(usize, Data)>,
}

impl Builder {
    fn new() -> Self {
        Builder { g: Graph::new(Precision::F32), guide: Vec::new(), model: Vec::new(), data: Vec::new() }
    }

    fn data(&mut self, name: &str, shape: &[usize], data: Data) -> Id {
        self.data.push((self.g.inputs.len(), data.clone()));
        self.g.input(name, Role::Data, shape, data.ty())
    }

    /// `loc + exp(log_scale) ε`, whose log density goes to the guide's terms.
    fn latent(&mut self, name: &str, n: usize) -> Id {
        let g = &mut self.g;
        let loc = g.input(format!("{name}.loc"), Role::Parameter, [n], Type::Float);
        let log_scale = g.input(format!("{name}.scale"), Role::Parameter, [n], Type::Float);
        let stream = Stream { site: name.into(), call: 0 };
        let noise = g.input(name, Role::Noise(stream, NoiseKind::Normal), [n], Type::Float);
        let scale = g.unary(Unary::Exp, log_scale);
        let moved = g.mul(scale, noise);
        let x = g.add(loc, moved);
        let term = normal(g, x, loc, scale);
        self.guide.push(term);
        x
    }

    fn finish(mut self, lanes: Option<usize>) -> Model {
        let g = &mut self.g;
        let zero = g.full(0.0, [1]);
        let sum = |g: &mut Graph, terms: &[Id]| {
            terms.iter().fold(zero, |sum, &term| {
                let term = g.sum_all(term);
                let term = g.reshape(term, [1]);
                g.add(sum, term)
            })
        };
        let (model, guide) = (sum(g, &self.model), sum(g, &self.guide));
        let elbo = g.sub(model, guide);
        g.outputs = vec![elbo];
        let mut graph = optimise(&self.g);
        if let Some(lanes) = lanes {
            graph = batch(&graph, lanes).unwrap().graph;
            let sum = graph.sum(graph.outputs[0], &[0]);
            let sum = graph.reshape(sum, [1]);
            let mean = graph.mul_scalar(sum, 1.0 / lanes as f64);
            graph.outputs = vec![mean];
            graph = optimise(&graph);
        }
        let mut parameters: Vec<(usize, Id)> = graph
            .ids()
            .filter_map(|id| match graph.node(id).op {
                Op::Input(i) if graph.inputs[i].role == Role::Parameter => Some((i, id)),
                _ => None,
            })
            .collect();
        parameters.sort_unstable();
        let loss = graph.neg(graph.outputs[0]);
        let wrt: Vec<Id> = parameters.iter().map(|(_, id)| *id).collect();
        let gradients = gradient(&mut graph, loss, &wrt).unwrap();
        graph.outputs.extend(gradients.into_iter().flatten());
        // The inputs that move come first.
        let order: Vec<usize> = parameters
            .iter()
            .map(|(i, _)| *i)
            .chain((0..graph.inputs.len()).filter(|i| graph.inputs[*i].role != Role::Parameter))
            .collect();
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, &old)| place[old] = new);
        for node in &mut graph.nodes {
            if let Op::Input(i) = &mut node.op {
                *i = place[*i];
            }
        }
        graph.inputs = order.iter().map(|&old| graph.inputs[old].clone()).collect();
        let data = self.data.into_iter().map(|(i, data)| (place[i], data)).collect();
        Model { graph: optimise(&graph), data, lanes }
    }
}

fn normal(g: &mut Graph, x: Id, loc: Id, scale: Id) -> Id {
    let d = g.sub(x, loc);
    let z = g.div(d, scale);
    let square = g.unary(Unary::Square, z);
    let half = g.mul_scalar(square, -0.5);
    let log = g.unary(Unary::Log, scale);
    let rest = g.sub(half, log);
    g.add_scalar(rest, -0.5 * (2.0 * PI).ln())
}

fn floats(n: usize, f: impl Fn(usize) -> f64) -> Data {
    Data::Float((0..n).map(|i| f64::from(f(i) as f32)).collect())
}

fn noise(i: usize) -> f64 {
    let x = (i as f64 * 12.9898).sin() * 43758.5453;
    2.0 * (x - x.floor()) - 1.0
}

/// Eight schools, not centred, mean-field guide.
pub fn eight_schools(lanes: Option<usize>) -> Model {
    let mut b = Builder::new();
    let y = b.data("y", &[8], Data::Float(vec![28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]));
    let sigma = b.data("sigma", &[8], Data::Float(vec![15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]));
    let mu = b.latent("mu", 1);
    let log_tau = b.latent("tau", 1);
    let z = b.latent("z", 8);
    let g = &mut b.g;
    let tau = g.unary(Unary::Exp, log_tau);
    let (zero, five) = (g.full(0.0, [1]), g.full(5.0, [1]));
    let prior_mu = normal(g, mu, zero, five);
    // HalfCauchy(5), and the Jacobian of exp.
    let ratio = g.div(tau, five);
    let square = g.unary(Unary::Square, ratio);
    let log = g.unary(Unary::Log1p, square);
    let prior_tau = g.sub(log_tau, log);
    let prior_tau = g.add_scalar(prior_tau, (2.0 / (PI * 5.0)).ln());
    let (zeros, ones) = (g.full(0.0, [8]), g.full(1.0, [8]));
    let prior_z = normal(g, z, zeros, ones);
    let (mu8, tau8) = (g.expand(mu, [8]), g.expand(tau, [8]));
    let scaled = g.mul(tau8, z);
    let theta = g.add(mu8, scaled);
    let likelihood = normal(g, y, theta, sigma);
    b.model = vec![prior_mu, prior_tau, prior_z, likelihood];
    b.finish(lanes)
}

/// Radon: intercepts of counties, gathered by house.
pub fn radon() -> Model {
    let (houses, counties) = (919, 85);
    let mut b = Builder::new();
    let county = b.data("county", &[houses], Data::Int((0..houses).map(|i| (i * 7 % counties) as i64).collect()));
    let floor = b.data("floor", &[houses], floats(houses, |i| f64::from(u8::from(i % 6 == 0))));
    let y = b.data("y", &[houses], floats(houses, |i| 1.2 + noise(i)));
    let mean = b.latent("mean", 1);
    let log_spread = b.latent("spread", 1);
    let slope = b.latent("slope", 1);
    let log_sigma = b.latent("sigma", 1);
    let raw = b.latent("intercept", counties);
    let g = &mut b.g;
    let (spread, sigma) = (g.unary(Unary::Exp, log_spread), g.unary(Unary::Exp, log_sigma));
    let (mean_c, spread_c) = (g.expand(mean, [counties]), g.expand(spread, [counties]));
    let prior = normal(g, raw, mean_c, spread_c);
    let by_house = g.gather(raw, 0, county);
    let slopes = g.expand(slope, [houses]);
    let effect = g.mul(slopes, floor);
    let location = g.add(by_house, effect);
    let sigmas = g.expand(sigma, [houses]);
    let likelihood = normal(g, y, location, sigmas);
    let (zero, ten) = (g.full(0.0, [1]), g.full(10.0, [1]));
    let priors: Vec<Id> = [mean, log_spread, slope, log_sigma].iter().map(|&x| normal(g, x, zero, ten)).collect();
    b.model = vec![prior, likelihood];
    b.model.extend(priors);
    b.finish(None)
}

/// Bernoulli observations `n`, weights `k`.
pub fn logistic(n: usize, k: usize) -> Model {
    let mut b = Builder::new();
    let x = b.data("x", &[n, k], floats(n * k, noise));
    let y = b.data("y", &[n], floats(n, |i| f64::from(u8::from(noise(i + 17) > 0.0))));
    let w = b.latent("w", k);
    let g = &mut b.g;
    let column = g.reshape(w, [k, 1]);
    let logits = g.matmul(x, column, false, false);
    let logits = g.reshape(logits, [n]);
    let agreement = g.mul(y, logits);
    let soft = g.unary(Unary::Softplus, logits);
    let likelihood = g.sub(agreement, soft);
    let (zero, one) = (g.full(0.0, [k]), g.full(1.0, [k]));
    let prior = normal(g, w, zero, one);
    b.model = vec![prior, likelihood];
    b.finish(None)
}

/// Normal mixture of `k` components, the component of each of `n` observations summed out.
pub fn mixture(n: usize, k: usize) -> Model {
    let mut b = Builder::new();
    let x = b.data("x", &[n], floats(n, |i| 3.0 * noise(i)));
    let means = b.latent("means", k);
    let log_scales = b.latent("scales", k);
    let weights = b.latent("weights", k);
    let g = &mut b.g;
    let total = g.reduce(vi_graph::ir::Reduce::LogSumExp, weights, &[0]);
    let total = g.expand(total, [k]);
    let log_weights = g.sub(weights, total);
    let x = g.reshape(x, [n, 1]);
    let x = g.expand(x, [n, k]);
    let scales = g.unary(Unary::Exp, log_scales);
    let (means_n, scales_n, weights_n) = (g.broadcast(means, [n, k]), g.broadcast(scales, [n, k]), g.broadcast(log_weights, [n, k]));
    let density = normal(g, x, means_n, scales_n);
    let joint = g.add(density, weights_n);
    let likelihood = g.reduce(vi_graph::ir::Reduce::LogSumExp, joint, &[1]);
    let (zero, ten) = (g.full(0.0, [k]), g.full(10.0, [k]));
    let priors: Vec<Id> = [means, log_scales, weights].iter().map(|&x| normal(g, x, zero, ten)).collect();
    b.model = vec![likelihood];
    b.model.extend(priors);
    b.finish(None)
}

/// Variational autoencoder: `n` pictures of `d` pixels, `h` hidden units, `k` latent dimensions.
pub fn autoencoder(n: usize, d: usize, h: usize, k: usize) -> Model {
    let mut b = Builder::new();
    let x = b.data("x", &[n, d], floats(n * d, |i| f64::from(u8::from(noise(i) > 0.3))));
    let g = &mut b.g;
    let dense = |g: &mut Graph, name: &str, x: Id, from: usize, to: usize| {
        let weight = g.input(format!("{name}.weight"), Role::Parameter, [from, to], Type::Float);
        let bias = g.input(format!("{name}.bias"), Role::Parameter, [to], Type::Float);
        let y = g.matmul(x, weight, false, false);
        let bias = g.broadcast(bias, [n, to]);
        g.add(y, bias)
    };
    let hidden = dense(g, "encoder", x, d, h);
    let hidden = g.unary(Unary::Softplus, hidden);
    let loc = dense(g, "loc", hidden, h, k);
    let log_scale = dense(g, "scale", hidden, h, k);
    let scale = g.unary(Unary::Exp, log_scale);
    let stream = Stream { site: "z".into(), call: 0 };
    let e = g.input("z", Role::Noise(stream, NoiseKind::Normal), [n, k], Type::Float);
    let moved = g.mul(scale, e);
    let z = g.add(loc, moved);
    let guide = normal(g, z, loc, scale);
    let (zeros, ones) = (g.full(0.0, [n, k]), g.full(1.0, [n, k]));
    let prior = normal(g, z, zeros, ones);
    let hidden = dense(g, "decoder", z, k, h);
    let hidden = g.unary(Unary::Softplus, hidden);
    let logits = dense(g, "pixels", hidden, h, d);
    let agreement = g.mul(x, logits);
    let soft = g.unary(Unary::Softplus, logits);
    let likelihood = g.sub(agreement, soft);
    b.guide = vec![guide];
    b.model = vec![prior, likelihood];
    b.finish(None)
}
