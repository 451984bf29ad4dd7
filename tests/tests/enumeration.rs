//! Discrete sites that are summed over: evidence, gradients and posteriors against tables, brute force and recursions.

#[path = "enumeration/chains.rs"]
mod chains;
#[path = "enumeration/decode.rs"]
mod decode;
#[path = "enumeration/evidence.rs"]
mod evidence;
#[path = "enumeration/guides.rs"]
mod guides;
#[path = "enumeration/plates.rs"]
mod plates;
#[path = "enumeration/refusals.rs"]
mod refusals;
