//! The update of all parameters: groups, norms, clips, and the mean of the iterates.

use std::ops::Range;

use super::{Memory, lines};
use crate::cpu::kernels::slices::Processor;
use crate::cpu::kernels::update::{self, Constants};
use crate::cpu::kernels::{Level, Real, slices};
use crate::cpu::update::{Averaging, Clip, Rule};

/// What is remembered of a parameter as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) updates: u64,
    scalars: [f64; 2],
    pub(super) averaged: u64,
}

impl Tally {
    pub(super) fn of(memory: &Memory) -> Self {
        let mut scalars = [0.0; 2];
        scalars.iter_mut().zip(&memory.scalars).for_each(|(to, from)| *to = *from);
        Tally { updates: memory.updates, scalars, averaged: memory.average.as_ref().map_or(0, |(count, _)| *count) }
    }
}

/// What is remembered of each element, with the same layout as the parameters.
#[derive(Debug)]
pub(super) struct Moving<R> {
    len: usize,
    slots: Vec<Vec<R>>,
    pub(super) average: Vec<R>,
}

impl<R: Real> Moving<R> {
    pub(super) fn new(len: usize) -> Self {
        Moving { len, slots: Vec::new(), average: Vec::new() }
    }

    fn reserve(&mut self, slots: usize) {
        while self.slots.len() < slots {
            self.slots.push(vec![R::from_f64(0.0); self.len]);
        }
    }

    pub(super) fn load(&mut self, x: &mut [R], place: Range<usize>, value: &[f64], memory: &Memory) {
        let put = |to: &mut [R], from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to = R::from_f64(*from));
        put(&mut x[place.clone()], value);
        self.reserve(memory.slots.len());
        for (i, slot) in self.slots.iter_mut().enumerate() {
            match memory.slots.get(i) {
                Some(given) => put(&mut slot[place.clone()], given),
                None => slot[place.clone()].fill(R::from_f64(0.0)),
            }
        }
        if let Some((_, mean)) = &memory.average {
            self.average.resize(self.len, R::from_f64(0.0));
            put(&mut self.average[place], mean);
        }
    }

    pub(super) fn store(&self, x: &[R], place: Range<usize>, tally: &Tally, slots: usize, scalars: usize) -> (Vec<f64>, Memory) {
        let get = |from: &[R]| -> Vec<f64> { from[place.clone()].iter().map(|x| x.to_f64()).collect() };
        let (slots, scalars) = if tally.updates == 0 { (0, 0) } else { (slots, scalars) };
        let memory = Memory {
            updates: tally.updates,
            slots: self.slots.iter().take(slots).map(|slot| get(slot)).collect(),
            scalars: tally.scalars[..scalars].to_vec(),
            average: (tally.averaged > 0).then(|| (tally.averaged, get(&self.average))),
        };
        (get(x), memory)
    }

    /// Moves the parameters `x` by the rule of each one's group.
    pub(super) fn descend(&mut self, to: &Processor<'_>, parts: &Parts<'_>, x: &mut [R], g: &[R], tallies: &mut [Tally], rules: &[Rule]) {
        for (group, rule) in rules.iter().enumerate() {
            self.reserve(rule.update.slots());
            let gradient = Gradient::of(to.level, parts, g, rule);
            if rule.update.anchored() {
                for part in parts.of(group..group + 1).filter(|&part| tallies[part].updates == 0) {
                    let place = parts.places[part].clone();
                    self.slots[0][place.clone()].copy_from_slice(&x[place]);
                }
            }
            let mut together = rule.rate;
            let distance = rule.update.distance();
            if let Some((_, false, _)) = distance {
                together *= self.step_size(parts, x, &gradient, tallies, rule, parts.of(group..group + 1));
            }
            let mut part = 0;
            while part < parts.places.len() {
                if parts.groups[part] != group {
                    part += 1;
                    continue;
                }
                // Parameters and padding between them are one region where nothing differs between them.
                let (first, updates) = (part, tallies[part].updates);
                let layerwise = matches!(distance, Some((_, true, _)));
                part += 1;
                while !layerwise && part < parts.places.len() && parts.groups[part] == group && tallies[part].updates == updates {
                    part += 1;
                }
                let mut rate = together;
                if layerwise {
                    rate *= self.step_size(parts, x, &gradient, tallies, rule, std::iter::once(first));
                }
                let constants = Constants {
                    clip: R::from_f64(gradient.clip),
                    scale: R::from_f64(gradient.scale),
                    numbers: update::numbers(&rule.update, rate, updates + 1),
                };
                let range = parts.places[first].start..lines::<R>(&parts.places[part - 1]).end;
                slices::descend(to, &rule.update, &constants, range, x, g, &mut self.slots);
            }
        }
        tallies.iter_mut().for_each(|tally| tally.updates += 1);
    }

    /// The step size of a rule of distances for parameters that share it.
    fn step_size(
        &self,
        parts: &Parts<'_>,
        x: &[R],
        gradient: &Gradient<'_, R>,
        tallies: &mut [Tally],
        rule: &Rule,
        members: impl Iterator<Item = usize> + Clone,
    ) -> f64 {
        let Some((initial, _, weighted)) = rule.update.distance() else { return 1.0 };
        let lines = |part: usize| lines::<R>(&parts.places[part]);
        let (start, level) = (&self.slots[0], gradient.level);
        let known = members.clone().filter(|&part| tallies[part].updates > 0).map(|part| tallies[part].scalars);
        let known = known.reduce(|[r, s], [other, sum]| [r.max(other), s.max(sum)]);
        let [r, s] = known.unwrap_or_else(|| {
            let norm: f64 = members.clone().map(|part| slices::square_norm(level, f64::INFINITY, &start[lines(part)])).sum();
            [initial * (1.0 + norm.sqrt()), 0.0]
        });
        let distance: f64 = members.clone().map(|part| slices::square_distance(level, &x[lines(part)], &start[lines(part)])).sum();
        let norm: f64 = members.clone().map(|part| gradient.square_norm(lines(part))).sum();
        let r = r.max(distance.sqrt());
        let weight = if weighted { r * r } else { 1.0 };
        // What is kept can be stored in the precision of the parameters.
        let [r, s] = [r, s + weight * norm].map(|x| R::from_f64(x).to_f64());
        members.for_each(|part| tallies[part].scalars = [r, s]);
        (if weighted { r * r } else { r }) / s.max(SMALLEST_SUM).sqrt()
    }

    /// Counts the parameters `x` for the mean of the iterates.
    pub(super) fn average(&mut self, to: &Processor<'_>, parts: &Parts<'_>, x: &[R], tallies: &mut [Tally], by: Averaging) {
        self.average.resize(self.len, R::from_f64(0.0));
        for (place, tally) in parts.places.iter().zip(tallies) {
            tally.averaged += 1;
            slices::average(to, by.weight(tally.averaged), lines::<R>(place), x, &mut self.average);
        }
    }
}

/// The sum of squared gradients of a rule of distances is taken to be no smaller, so that there is no division by zero.
const SMALLEST_SUM: f64 = 1e-30;

/// The parameters within the region of all, and the group of each.
pub(super) struct Parts<'a> {
    pub(super) places: &'a [Range<usize>],
    pub(super) groups: &'a [usize],
}

impl Parts<'_> {
    /// The parameters of these groups.
    fn of(&self, groups: Range<usize>) -> impl Iterator<Item = usize> + Clone {
        (0..self.places.len()).filter(move |&part| groups.contains(&self.groups[part]))
    }
}

/// The gradient that a formula is given, `scale · clip(g)`: clips by value and by norm in any order come to that.
struct Gradient<'a, R> {
    level: Level,
    g: &'a [R],
    clip: f64,
    scale: f64,
}

impl<'a, R: Real> Gradient<'a, R> {
    /// After the clips of a rule.
    fn of(level: Level, parts: &Parts<'_>, g: &'a [R], rule: &Rule) -> Self {
        let mut found = Gradient { level, g, clip: f64::INFINITY, scale: 1.0 };
        for clip in rule.clips.iter().flatten() {
            match clip {
                Clip::Value(limit) => found.clip = found.clip.min(limit / found.scale),
                Clip::Norm { limit, groups } => {
                    let square = |part: usize| found.square_norm(lines::<R>(&parts.places[part]));
                    let norm = parts.of(groups.clone()).map(square).sum::<f64>().sqrt();
                    if norm > *limit {
                        found.scale *= limit / norm;
                    }
                }
            }
        }
        found
    }

    /// The sum of squares of elements, whole lines of them.
    fn square_norm(&self, range: Range<usize>) -> f64 {
        self.scale * self.scale * slices::square_norm(self.level, self.clip, &self.g[range])
    }
}
