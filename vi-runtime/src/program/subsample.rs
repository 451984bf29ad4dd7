//! Which units of a plate are in a step.

use vi_graph::Key;
use vi_graph::ir::NoiseKind;
use vi_graph::noise::fill_f64;

/// Draws `len` of `size` units without replacement; drawing again allocates nothing.
#[derive(Clone, Debug)]
pub(crate) struct Subsampler {
    uniforms: Vec<f64>,
    /// In which draw each unit was taken last.
    taken: Vec<u32>,
    draw: u32,
}

impl Subsampler {
    pub(crate) fn new(size: usize, len: usize) -> Self {
        Subsampler { uniforms: vec![0.0; len], taken: vec![0; size], draw: 0 }
    }

    /// The units that `key` draws, in `units`; every set of them is equally likely, their order is not.
    ///
    /// Floyd's algorithm (Bentley and Floyd 1987, CACM 30): unit `t` of the first `j + 1`, or `j` where `t` is in already.
    pub(crate) fn draw(&mut self, key: Key, units: &mut [i64]) {
        fill_f64(NoiseKind::Uniform, key, &mut self.uniforms);
        if self.draw == u32::MAX {
            self.taken.fill(0);
            self.draw = 0;
        }
        self.draw += 1;
        let first = self.taken.len() - self.uniforms.len();
        for (i, (unit, u)) in units.iter_mut().zip(&self.uniforms).enumerate() {
            let j = first + i;
            let t = ((u * (j + 1) as f64) as usize).min(j);
            let chosen = if self.taken[t] == self.draw { j } else { t };
            self.taken[chosen] = self.draw;
            *unit = chosen as i64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_distinct_and_each_is_drawn_equally_often() {
        let (size, len, draws) = (10, 4, 20_000);
        let mut sampler = Subsampler::new(size, len);
        let mut counts = vec![0.0; size];
        let mut pairs = 0.0;
        for draw in 0..draws {
            let mut units = vec![0; len];
            sampler.draw(Key::new(5).fold_in(draw), &mut units);
            units.iter().for_each(|&unit| counts[unit as usize] += 1.0);
            pairs += f64::from(u8::from(units.contains(&0) && units.contains(&9)));
            units.sort_unstable();
            assert!(units.windows(2).all(|pair| pair[0] < pair[1]), "{units:?}");
        }
        // Each unit is in with probability 4/10, each pair with 4·3/(10·9).
        let within = |count: f64, p: f64| (count - draws as f64 * p).abs() < 4.5 * (draws as f64 * p * (1.0 - p)).sqrt();
        assert!(counts.iter().all(|&count| within(count, 0.4)), "{counts:?}");
        assert!(within(pairs, 12.0 / 90.0), "{pairs}");
    }

    #[test]
    fn a_draw_depends_on_its_key_alone() {
        let draw = |sampler: &mut Subsampler, key| {
            let mut units = vec![0; 3];
            sampler.draw(Key::new(key), &mut units);
            units
        };
        let mut used = Subsampler::new(100, 3);
        let first = draw(&mut used, 1);
        draw(&mut used, 2);
        assert_eq!(draw(&mut used, 1), first);
        assert_eq!(draw(&mut Subsampler::new(100, 3), 1), first);
    }
}
