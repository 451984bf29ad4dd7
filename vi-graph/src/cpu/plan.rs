//! Where buffers lie in memory, and when that memory is used again.

use crate::error::{Error, Result};

use super::instruction::{Instruction, Place};
use super::kernels::arena::{LINE, padded};
use super::lower::{Buffer, Emitted, Lowered, Phase, Storage};

/// Instructions with their final places.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What runs once for each data set.
    pub prologue: Vec<Instruction>,
    /// What runs in every step.
    pub body: Vec<Instruction>,
    /// Where the buffers are.
    pub places: Vec<Place>,
    /// The memory that is used from 0 on.
    pub bytes: usize,
}

/// The life of memory that one or more buffers share.
#[derive(Clone, Copy, Debug)]
struct Life {
    first: usize,
    last: usize,
    bytes: usize,
    offset: usize,
}

/// Lays out everything behind `reserved` bytes of the slot `slot`.
pub(crate) fn plan(lowered: Lowered, slot: usize, reserved: usize) -> Result<Plan> {
    let Lowered { mut buffers, emitted, .. } = lowered;
    let (prologue, body): (Vec<Emitted>, Vec<Emitted>) = emitted.into_iter().partition(|it| it.phase == Phase::Prologue);
    let start = prologue.len();
    let mut sequence = prologue;
    sequence.extend(body);

    let mut end = padded(reserved);
    let mut places = vec![Place { slot, offset: 0 }; buffers.len()];
    keep(&mut buffers, &sequence[start..]);
    for (place, buffer) in places.iter_mut().zip(&buffers) {
        match buffer.storage {
            Storage::At(there) => *place = there,
            Storage::Persistent => {
                place.offset = end;
                end += room(buffer);
            }
            Storage::Temporary => {}
        }
    }
    let (owner, mut lives) = lives(&buffers, &sequence);
    end = pack(&mut lives, end);
    for (i, buffer) in buffers.iter().enumerate() {
        if buffer.storage == Storage::Temporary {
            places[i].offset = lives[owner[i]].offset;
        }
    }
    check(&buffers, &places, &sequence, end, slot)?;
    for it in &mut sequence {
        it.instruction.relocate(&mut |place| {
            let base = places[place.slot];
            *place = Place { slot: base.slot, offset: base.offset + place.offset };
        });
    }
    let mut instructions: Vec<Instruction> = sequence.into_iter().map(|it| it.instruction).collect();
    let body = instructions.split_off(start);
    Ok(Plan { prologue: instructions, body, places, bytes: end })
}

/// Memory for a buffer, whole vectors behind its end included.
fn room(buffer: &Buffer) -> usize {
    padded(buffer.bytes) + if buffer.slack { LINE } else { 0 }
}

/// What the prologue leaves for the body is there for every step.
fn keep(buffers: &mut [Buffer], body: &[Emitted]) {
    for access in body.iter().flat_map(|it| &it.accesses) {
        let buffer = &mut buffers[access.buffer];
        if buffer.phase == Phase::Prologue && buffer.storage == Storage::Temporary {
            buffer.storage = Storage::Persistent;
        }
    }
}

/// Lives of temporary memory, and which of them each buffer has: that of an operand which ends where the buffer begins, if a
/// kernel can work in place.
fn lives(buffers: &[Buffer], sequence: &[Emitted]) -> (Vec<usize>, Vec<Life>) {
    let mut owner: Vec<usize> = (0..buffers.len()).collect();
    let mut lives: Vec<Life> = buffers.iter().map(|buffer| Life { first: usize::MAX, last: 0, bytes: room(buffer), offset: 0 }).collect();
    for (time, it) in sequence.iter().enumerate() {
        for access in &it.accesses {
            let life = &mut lives[access.buffer];
            life.first = life.first.min(time);
            life.last = life.last.max(time);
        }
    }
    for (time, it) in sequence.iter().enumerate() {
        if !matches!(it.instruction, Instruction::Map1 { .. } | Instruction::Map2 { .. } | Instruction::Map3 { .. }) {
            continue;
        }
        let Some((out, operands)) = it.accesses.split_last() else { continue };
        let whole =
            |i: usize| buffers[i].storage == Storage::Temporary && buffers[i].bytes == buffers[out.buffer].bytes && !buffers[i].slack;
        if !whole(out.buffer) || lives[out.buffer].first != time || out.low != 0 {
            continue;
        }
        let dying = operands.iter().find(|x| {
            let ends = lives[owner[x.buffer]].last == time;
            let exact = |y: &&super::lower::Access| y.low == 0 && y.high == buffers[y.buffer].bytes;
            ends && whole(x.buffer) && operands.iter().filter(|y| owner[y.buffer] == owner[x.buffer]).all(|y| exact(&y))
        });
        if let Some(x) = dying {
            let (from, to) = (owner[x.buffer], out.buffer);
            owner[to] = from;
            lives[from].last = lives[to].last;
            lives[to].bytes = 0;
        }
    }
    (owner, lives)
}

/// Gives every life the lowest place that is free throughout, from `start` on; returns the end of all.
fn pack(lives: &mut [Life], start: usize) -> usize {
    let mut order: Vec<usize> = (0..lives.len()).filter(|&i| lives[i].first != usize::MAX && lives[i].bytes > 0).collect();
    order.sort_by_key(|&i| lives[i].first);
    let mut active: Vec<Life> = Vec::new();
    let mut end = start;
    for i in order {
        let life = lives[i];
        active.retain(|other| other.last >= life.first);
        active.sort_by_key(|other| other.offset);
        let mut offset = start;
        for other in &active {
            if other.offset >= offset + life.bytes {
                break;
            }
            offset = offset.max(other.offset + other.bytes);
        }
        lives[i].offset = offset;
        active.push(lives[i]);
        end = end.max(offset + life.bytes);
    }
    end
}

/// The invariant that running the plan rests on: every range is inside of its buffer and of the memory, and what is written
/// overlaps no operand but exactly, and nothing that is still to be read.
fn check(buffers: &[Buffer], places: &[Place], sequence: &[Emitted], end: usize, slot: usize) -> Result<()> {
    let wrong = |time: usize, problem: &str| {
        Err(Error::Invalid { node: time as u32, op: format!("{:?}", sequence[time].instruction), problem: problem.into() })
    };
    let mut last = vec![0; buffers.len()];
    let mut first = vec![usize::MAX; buffers.len()];
    for (time, it) in sequence.iter().enumerate() {
        for access in &it.accesses {
            last[access.buffer] = time;
            first[access.buffer] = first[access.buffer].min(time);
        }
    }
    let range = |buffer: usize| (places[buffer].slot, places[buffer].offset, places[buffer].offset + room(&buffers[buffer]));
    let mut live: Vec<usize> = (0..buffers.len()).filter(|&i| buffers[i].storage != Storage::Temporary && buffers[i].bytes > 0).collect();
    for (time, it) in sequence.iter().enumerate() {
        for access in &it.accesses {
            let buffer = &buffers[access.buffer];
            let room = if access.write { room(buffer) } else { buffer.bytes };
            if access.low > access.high || access.high > room {
                return wrong(time, "reaches outside of a buffer");
            }
            if places[access.buffer].slot == slot && places[access.buffer].offset + room > end {
                return wrong(time, "reaches outside of the memory");
            }
            if first[access.buffer] == time && buffer.storage == Storage::Temporary {
                live.push(access.buffer);
            }
        }
        let in_place = matches!(it.instruction, Instruction::Map1 { .. } | Instruction::Map2 { .. } | Instruction::Map3 { .. });
        for out in it.accesses.iter().filter(|access| access.write) {
            let (out_slot, out_low, out_high) = range(out.buffer);
            for &other in live.iter().filter(|&&other| other != out.buffer) {
                let (slot, low, high) = range(other);
                let dies = last[other] == time && buffers[other].storage == Storage::Temporary;
                if slot == out_slot && low < out_high && out_low < high && !(dies && in_place && low == out_low) {
                    return wrong(time, "overwrites memory that is in use");
                }
            }
            let itself = it.accesses.iter().any(|x| !x.write && x.buffer == out.buffer);
            if itself {
                return wrong(time, "reads the buffer that it writes");
            }
        }
        live.retain(|&i| last[i] > time || buffers[i].storage != Storage::Temporary);
    }
    Ok(())
}
