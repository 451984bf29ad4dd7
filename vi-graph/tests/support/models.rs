//! Models under a mean-field guide, written as the distributions of the runtime emit them.

use vi_graph::ir::{Binary, Compare, NoiseKind, Role, Stream, Type, Unary};
use vi_graph::{Graph, Id};

/// The draws and the terms of an ELBO.
pub struct Model<'a> {
    pub graph: &'a mut Graph,
    terms: Vec<Id>,
}

impl<'a> Model<'a> {
    pub fn new(graph: &'a mut Graph) -> Self {
        Model { graph, terms: Vec::new() }
    }

    /// The sum of all terms, which becomes the output.
    pub fn finish(self) {
        let g = self.graph;
        let totals: Vec<Id> = self.terms.into_iter().map(|term| g.sum_all(term)).collect();
        let total = totals[1..].iter().fold(totals[0], |sum, &term| g.add(sum, term));
        g.outputs = vec![total];
    }

    pub fn data(&mut self, name: &str, shape: &[usize], ty: Type) -> Id {
        self.graph.input(name, Role::Data, shape, ty)
    }

    pub fn score(&mut self, term: Id) {
        self.terms.push(term);
    }

    /// A draw of the guide, scored under it.
    pub fn latent(&mut self, site: &str, n: usize) -> Id {
        let g = &mut *self.graph;
        let loc = g.input(format!("{site}/loc"), Role::Parameter, [n], Type::Float);
        let rho = g.input(format!("{site}/rho"), Role::Parameter, [n], Type::Float);
        let stream = Stream { site: site.to_owned(), call: 0 };
        let eps = g.input(format!("{site}/eps"), Role::Noise(stream, NoiseKind::Normal), [n], Type::Float);
        let scale = positive(g, rho);
        let x = g.mul(eps, scale);
        let x = g.add(x, loc);
        let score = normal(g, x, loc, scale);
        let score = g.neg(score);
        self.score(score);
        x
    }

    /// A positive draw, with the Jacobian of its transformation.
    pub fn positive_latent(&mut self, site: &str) -> Id {
        let x = self.latent(site, 1);
        self.score(x);
        positive(self.graph, x)
    }

    pub fn normal(&mut self, x: Id, loc: Id, scale: Id) {
        let score = normal(self.graph, x, loc, scale);
        self.score(score);
    }

    pub fn standard_normal(&mut self, x: Id, scale: f64) {
        let (loc, scale) = (self.graph.full_like(0.0, x), self.graph.full_like(scale, x));
        self.normal(x, loc, scale);
    }

    pub fn half_cauchy(&mut self, x: Id, scale: f64) {
        let g = &mut *self.graph;
        let zero = g.full_like(0.0, x);
        let outside = g.compare(Compare::Less, x, zero);
        let divisor = g.full_like(scale, x);
        let z = g.div(x, divisor);
        let z = g.unary(Unary::Square, z);
        let z = g.unary(Unary::Log1p, z);
        let z = g.neg(z);
        let constant = g.full_like(scale.ln() + 0.451_582_705_289_454_9, z);
        let density = g.sub(z, constant);
        let never = g.full_like(f64::NEG_INFINITY, density);
        let score = g.select(outside, never, density);
        self.score(score);
    }

    /// Observed truth values (floats 0 and 1) with log-odds.
    pub fn bernoulli(&mut self, value: Id, logits: Id) {
        let g = &mut *self.graph;
        let (zero, one) = (g.full_like(0.0, value), g.full_like(1.0, value));
        let x = g.binary(Binary::Max, value, zero);
        let x = g.binary(Binary::Min, x, one);
        let outside = g.compare(Compare::NotEqual, value, x);
        let sign = g.mul_scalar(x, -2.0);
        let sign = g.add_scalar(sign, 1.0);
        let x = g.mul(sign, logits);
        let cut = g.full_like(80.0, x);
        let linear = g.compare(Compare::Greater, x, cut);
        let guarded = g.select(linear, cut, x);
        let exp = g.unary(Unary::Exp, guarded);
        let log = g.unary(Unary::Log1p, exp);
        let softplus = g.select(linear, x, log);
        let density = g.neg(softplus);
        let never = g.full_like(f64::NEG_INFINITY, density);
        let score = g.select(outside, never, density);
        self.score(score);
    }
}

/// `eˣ` with its argument cut off where it would not be a positive finite number, as the importer writes a clamp.
fn positive(g: &mut Graph, x: Id) -> Id {
    let low = g.full_like(-87.3, x);
    let below = g.compare(Compare::Less, x, low);
    let raised = g.select(below, low, x);
    let high = g.full_like(88.7, x);
    let above = g.compare(Compare::Greater, x, high);
    let clamped = g.select(above, high, raised);
    g.unary(Unary::Exp, clamped)
}

fn normal(g: &mut Graph, x: Id, loc: Id, scale: Id) -> Id {
    let shape = if g.node(x).len() < g.node(loc).len() { g.shape(loc).to_vec() } else { g.shape(x).to_vec() };
    let (x, loc, scale) = (g.expand(x, shape.clone()), g.expand(loc, shape.clone()), g.expand(scale, shape));
    let z = g.sub(x, loc);
    let z = g.div(z, scale);
    let square = g.unary(Unary::Square, z);
    let half = g.mul_scalar(square, -0.5);
    let log = g.unary(Unary::Log, scale);
    let constant = g.add_scalar(log, 0.918_938_533_204_672_8);
    g.sub(half, constant)
}

/// Non-centred eight schools.
pub fn eight_schools(graph: &mut Graph) {
    let mut m = Model::new(graph);
    let sigma = m.data("sigma", &[8], Type::Float);
    let sigma = m.graph.unary(Unary::Exp, sigma);
    let y = m.data("y", &[8], Type::Float);
    let mu = m.latent("mu", 1);
    m.standard_normal(mu, 5.0);
    let tau = m.positive_latent("tau");
    m.half_cauchy(tau, 5.0);
    let z = m.latent("z", 8);
    m.standard_normal(z, 1.0);
    let (mu, tau) = (m.graph.expand(mu, [8]), m.graph.expand(tau, [8]));
    let theta = m.graph.mul(tau, z);
    let theta = m.graph.add(mu, theta);
    m.normal(y, theta, sigma);
    m.finish();
}

/// Houses in counties: an intercept for each county and a common slope.
pub fn radon(graph: &mut Graph, houses: usize, counties: usize) {
    let mut m = Model::new(graph);
    let county = m.data("county", &[houses], Type::Int);
    let floor = m.data("floor", &[houses], Type::Float);
    let y = m.data("y", &[houses], Type::Float);
    let mu = m.latent("mu", 1);
    m.standard_normal(mu, 10.0);
    let spread = m.positive_latent("spread");
    m.half_cauchy(spread, 5.0);
    let alpha = m.latent("alpha", counties);
    m.normal(alpha, mu, spread);
    let beta = m.latent("beta", 1);
    m.standard_normal(beta, 10.0);
    let sigma = m.positive_latent("sigma");
    m.half_cauchy(sigma, 5.0);
    let at = m.graph.take(alpha, 0, county);
    let beta = m.graph.expand(beta, [houses]);
    let slope = m.graph.mul(beta, floor);
    let mean = m.graph.add(at, slope);
    m.normal(y, mean, sigma);
    m.finish();
}

/// Log-odds linear in the data.
pub fn logistic_regression(graph: &mut Graph, n: usize, k: usize) {
    let mut m = Model::new(graph);
    let x = m.data("x", &[n, k], Type::Float);
    let y = m.data("y", &[n], Type::Int);
    let w = m.latent("w", k);
    m.standard_normal(w, 1.0);
    let column = m.graph.reshape(w, [k, 1]);
    let logits = m.graph.matmul(x, column, false, false);
    let logits = m.graph.reshape(logits, [n]);
    let y = m.graph.cast(y, Type::Float);
    m.bernoulli(y, logits);
    m.finish();
}
