//! The noise of a whole step in as few passes as there are full chunks of blocks.

use std::ops::Range;

use super::{BLOCKS, Counters, Draw, Kernels, LONG, Level, NoiseKind, Rows, Run, kernels, words};
use crate::ir::Stream;
use crate::key::{Key, Label};

/// One stream of a [`NoisePlan`] and where its numbers go.
#[derive(Clone, Debug)]
pub struct NoiseSite {
    /// Which random numbers.
    pub stream: Stream,
    /// Their law.
    pub kind: NoiseKind,
    /// How many particles have a row each; absent where there is one row, in the lane of the step's key.
    pub lanes: Option<usize>,
    /// The length of a row.
    pub per_lane: usize,
    /// Where the first row begins, counted in numbers; the others follow without gaps.
    pub offset: usize,
}

impl NoiseSite {
    pub(super) fn len(&self) -> usize {
        self.lanes.unwrap_or(1) * self.per_lane
    }

    /// Up to where may be written: the padding, unless another site begins there.
    fn limit(&self, sites: &[NoiseSite], stride: usize) -> usize {
        let end = self.offset + self.len();
        let padded = if self.offset.is_multiple_of(8) { end.next_multiple_of(8) } else { end };
        sites.iter().map(|other| other.offset).chain([stride]).filter(|&start| start >= end).fold(padded, usize::min)
    }
}

/// Fills the noise of all sites from the key of a step.
///
/// The numbers of a site are those of [`fill_f32`](super::fill_f32) and its kin for the key
/// `step.site(&stream.site).fold_in(stream.call)`. Where an offset is a multiple of 8, the numbers from the end of the site
/// to the next multiple of 8 may be overwritten.
#[derive(Clone, Debug)]
pub struct NoisePlan {
    level: Level,
    /// What is folded into the key of a step, site by site.
    labels: Vec<[Label; 3]>,
    steps: usize,
    sweeps: Vec<Sweep>,
    chunks: Vec<Chunk>,
    len: usize,
    /// Words of the keys of the current steps, site by site for each.
    keys: Vec<[u32; 4]>,
}

/// Whole chunks of one site.
#[derive(Clone, Debug)]
struct Sweep {
    key: usize,
    normal: bool,
    place: Range<usize>,
    form: Form,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    /// The beginning of one row in this lane; absent where it is the step's.
    Row(Option<u32>),
    /// Rows of all lanes.
    Rows(Rows),
}

/// Blocks of what is left of several sites.
#[derive(Clone, Debug)]
struct Chunk {
    normal: bool,
    used: usize,
    counters: Counters,
    runs: Vec<Run>,
    copies: Vec<Copy>,
}

/// `len` numbers of a chunk, from number `from` on, go to `to`.
#[derive(Clone, Copy, Debug)]
struct Copy {
    from: usize,
    to: usize,
    len: usize,
}

impl NoisePlan {
    /// For one step at a time.
    pub fn new(sites: &[NoiseSite]) -> Self {
        NoisePlan::for_steps(sites, 1, 0)
    }

    /// For `steps` steps at a time, the numbers of each `stride` after those of the step before.
    pub fn for_steps(sites: &[NoiseSite], steps: usize, stride: usize) -> Self {
        let labels = sites.iter().map(|site| {
            let [hash, length] = Label::site(&site.stream.site);
            [hash, length, Label::new(site.stream.call)]
        });
        let mut plan = NoisePlan {
            level: Level::detect(),
            labels: labels.collect(),
            steps,
            sweeps: Vec::new(),
            chunks: Vec::new(),
            len: 0,
            keys: vec![[0; 4]; steps * sites.len()],
        };
        let limits: Vec<usize> = sites.iter().map(|site| site.limit(sites, if steps > 1 { stride } else { usize::MAX })).collect();
        for step in 0..steps {
            for (i, site) in sites.iter().enumerate().filter(|(_, site)| site.len() > 0) {
                plan.push(step * sites.len() + i, site, step * stride, limits[i]);
            }
        }
        plan
    }

    /// How many numbers the output must hold.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The noise of a step in single precision; `out` holds at least [`NoisePlan::len`] numbers.
    pub fn fill_f32(&mut self, step: Key, out: &mut [f32]) {
        self.fill(&[step], out);
    }

    /// As [`NoisePlan::fill_f32`], double precision.
    pub fn fill_f64(&mut self, step: Key, out: &mut [f64]) {
        self.fill(&[step], out);
    }

    /// The noise of as many steps as the plan is for.
    pub(crate) fn fill<T: Draw>(&mut self, steps: &[Key], out: &mut [T]) {
        assert_eq!(steps.len(), self.steps, "the plan is for another number of steps");
        let out = &mut out[..self.len];
        let lane = steps.first().map_or(0, |step| step.lane_index());
        for (keys, step) in self.keys.chunks_exact_mut(self.labels.len().max(1)).zip(steps) {
            for (key, [a, b, c]) in keys.iter_mut().zip(&self.labels) {
                *key = words(step.fold(*a).fold(*b).fold(*c));
            }
        }
        let laws = [kernels::<T>(self.level, false), kernels::<T>(self.level, true)];
        for sweep in &self.sweeps {
            sweep.run(&laws[usize::from(sweep.normal)], self.keys[sweep.key], lane, &mut out[sweep.place.clone()]);
        }
        for chunk in &self.chunks {
            chunk.run(&laws[usize::from(chunk.normal)], &self.keys, lane, out);
        }
    }

    fn push(&mut self, key: usize, site: &NoiseSite, start: usize, limit: usize) {
        let normal = site.kind == NoiseKind::Normal;
        let (offset, padded) = (start + site.offset, start + limit);
        let end = offset + site.len();
        self.len = self.len.max(padded);
        match site.lanes {
            Some(lanes) if site.per_lane <= LONG => {
                let rows = Rows::new(lanes, site.per_lane);
                if rows.swept() > 0 {
                    self.sweeps.push(Sweep { key, normal, place: offset..end, form: Form::Rows(rows) });
                }
                for i in rows.swept()..rows.blocks() {
                    let (lane, block) = rows.block(i);
                    let place = rows.place(i);
                    self.block(key, normal, Some(lane), block, offset + place.start..offset + place.end);
                }
            }
            Some(lanes) => {
                for lane in 0..lanes {
                    let start = offset + lane * site.per_lane;
                    self.row(key, normal, Some(lane as u32), start..start + site.per_lane);
                }
            }
            None => self.row(key, normal, None, offset..end),
        }
        // The last numbers of a site may be followed by others, up to the end of the padding.
        if let Some(last) = self.chunks.iter_mut().rev().find(|chunk| chunk.normal == normal).and_then(|chunk| chunk.copies.last_mut())
            && last.to + last.len == end
        {
            last.len = (padded - last.to).min(2 * BLOCKS - last.from);
        }
    }

    fn row(&mut self, key: usize, normal: bool, lane: Option<u32>, place: Range<usize>) {
        let swept = place.len() / (2 * BLOCKS) * BLOCKS;
        if swept > 0 {
            self.sweeps.push(Sweep { key, normal, place: place.start..place.start + 2 * swept, form: Form::Row(lane) });
        }
        for block in swept..place.len().div_ceil(2) {
            let start = place.start + 2 * block;
            self.block(key, normal, lane, block as u64, start..(start + 2).min(place.end));
        }
    }

    /// Adds one block to the last chunk of its law.
    fn block(&mut self, key: usize, normal: bool, lane: Option<u32>, block: u64, place: Range<usize>) {
        let free = self.chunks.iter().rposition(|chunk| chunk.normal == normal).filter(|&c| self.chunks[c].used < BLOCKS);
        let at = free.unwrap_or_else(|| {
            self.chunks.push(Chunk { normal, used: 0, counters: Counters::default(), runs: Vec::new(), copies: Vec::new() });
            self.chunks.len() - 1
        });
        self.chunks[at].push(key, lane, block, place);
    }
}

impl Sweep {
    fn run<T: Draw>(&self, kernels: &Kernels<T>, key: [u32; 4], step_lane: u32, out: &mut [T]) {
        match self.form {
            Form::Rows(rows) => kernels.sweep_rows(key, rows, out),
            Form::Row(lane) => kernels.sweep_row(key, lane.unwrap_or(step_lane), out.len() / (2 * BLOCKS), out),
        }
    }
}

impl Chunk {
    fn push(&mut self, key: usize, lane: Option<u32>, block: u64, place: Range<usize>) {
        let i = self.used;
        self.used += 1;
        (self.counters.low[i], self.counters.high[i]) = (block as u32, (block >> 32) as u32);
        (self.counters.lane[i], self.counters.follows[i]) = (lane.unwrap_or(0), if lane.is_none() { u32::MAX } else { 0 });
        match self.runs.last_mut() {
            Some(run) if run.key == key => run.mask[i] = u32::MAX,
            _ => self.runs.push(Run { mask: std::array::from_fn(|j| if j == i { u32::MAX } else { 0 }), key }),
        }
        match self.copies.last_mut() {
            Some(last) if last.to + last.len == place.start && last.from + last.len == 2 * i => last.len += place.len(),
            _ => self.copies.push(Copy { from: 2 * i, to: place.start, len: place.len() }),
        }
    }

    fn run<T: Draw>(&self, kernels: &Kernels<T>, keys: &[[u32; 4]], lane: u32, out: &mut [T]) {
        let mut numbers = [T::default(); 2 * BLOCKS];
        kernels.fill(&self.counters, &self.runs, keys, lane, &mut numbers);
        for copy in &self.copies {
            let (from, to) = (&numbers[copy.from..copy.from + copy.len], &mut out[copy.to..copy.to + copy.len]);
            let (from_eights, from_rest) = from.as_chunks::<8>();
            let (to_eights, to_rest) = to.as_chunks_mut::<8>();
            to_eights.copy_from_slice(from_eights);
            for (to, from) in to_rest.iter_mut().zip(from_rest) {
                *to = *from;
            }
        }
    }
}
