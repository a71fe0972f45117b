//! The one integration binary: everything through the real command line, or through plans as they are run.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking, and say what they skip"
)]

mod archives;
mod bad_input;
mod before_data;
mod block;
mod cards;
mod certain;
mod chat_tokens;
mod chinese;
mod cluster;
mod command;
mod commands;
mod decontaminate;
mod dependencies;
mod determinism;
mod dialogue_signals;
mod dialogues;
mod dictionary;
mod diff;
mod docs;
mod export;
mod export_layouts;
mod export_recipe;
mod fetch;
mod final_text;

mod folders;
mod foreign;
mod format_rows;
mod format_words;
mod formats;
mod fuzz;
mod gates;
mod generated;
mod groups;
mod growth;
mod harness;
mod house;
mod hub;
mod init;
mod jieba;
mod kill;
mod language;
mod lines;
mod memory;
mod messages;
mod mix;
mod model_stages;
mod models;
mod named_commands;
mod near;
mod near_index;
mod near_prompts;
mod negative;
mod no_rows;
mod not_data;
mod object_stores;
mod objects_exports;
mod objects_in_place;
mod objects_shared;
mod parsoid;
mod paths;
mod plain_layouts;
mod plan_truth;
mod plans;
mod problem_ids;
mod prompts;
mod recipes;
mod report;
mod rules;
mod schemas;
mod servers;
mod shared_data;
mod simhash;
mod split;
mod sql;
mod store_jobs;
mod substrings;
mod systems;
mod templates;
mod terminal;
mod text_rows;
mod tokenizers;
mod tokens;
mod train_tokenizer;
mod tune;
mod turns;
mod view;
mod why;
mod wikipedia;
mod workers;
