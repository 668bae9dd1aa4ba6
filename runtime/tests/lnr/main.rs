//! The program `lnr`, as its users meet it.

#![cfg(feature = "cli")]

mod book;
mod crowd;
mod files;
mod network;
mod outputs;
mod picture;
mod processes;
mod readme;
mod secrets;
mod session;
mod stopping;
