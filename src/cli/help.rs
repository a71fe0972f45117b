//! Help in Chinese. clap's own is laid out by spaces between words, which Chinese has none of, and its headings are
//! English; so the text of each command is laid out here, out of what the command knows of itself.

use clap::{Arg, Command};

use super::table::{terminal, width, wrap};
use crate::messages::said;

/// Columns before the text of an option; a longer option has its text on the next line.
const SPEC: usize = 26;

/// The command tree with its help in Chinese.
pub fn chinese(mut tree: Command) -> Command {
    tree.build();
    let columns = terminal().min(100);
    // The program's own help names `help` and options of every command in clap's words.
    with_text(tree, columns)
}

fn with_text(command: Command, columns: usize) -> Command {
    let text = text(&command, columns);
    command.override_help(text).mut_subcommands(|sub| with_text(sub, columns))
}

/// The help of one command.
fn text(command: &Command, columns: usize) -> String {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let mut text = String::new();
    for line in said(&about).lines() {
        paragraph(&mut text, line, 0, columns);
    }
    text += &format!("\n{}\n", usage(command));
    let subs: Vec<(String, String)> = command.get_subcommands().filter(|c| !c.is_hide_set()).map(sub).collect();
    section(&mut text, "命令", &subs, columns);
    let shown = || command.get_arguments().filter(|a| !a.is_hide_set());
    let places: Vec<_> = shown().filter(|a| a.is_positional()).map(argument).collect();
    section(&mut text, "参数", &places, columns);
    let options: Vec<_> = shown().filter(|a| !a.is_positional()).map(argument).collect();
    section(&mut text, "选项", &options, columns);
    if let Some(after) = command.get_after_help() {
        text.push('\n');
        paragraph(&mut text, &said(&after.to_string()), 0, columns);
    }
    text
}

/// How a command is used, in one line: `用法：corpus build [选项] --recipe <RECIPE>`.
pub fn usage(command: &Command) -> String {
    usage_said(&command.clone().render_usage().to_string())
}

/// A usage line of clap's in Chinese.
pub fn usage_said(usage: &str) -> String {
    let usage = usage.trim_end().replacen("Usage: ", "用法：", 1);
    usage.replace("[OPTIONS]", "[选项]").replace("[COMMAND]", "[命令]").replace("<COMMAND>", "<命令>")
}

fn sub(command: &Command) -> (String, String) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    (command.get_name().to_owned(), said(&about).into_owned())
}

/// An option or argument as it is written, and what is said of it.
fn argument(arg: &Arg) -> (String, String) {
    let names = arg.get_value_names().unwrap_or_default().iter().map(|name| format!("<{name}>"));
    let takes = arg.get_action().takes_values();
    let value = if takes { names.collect::<Vec<_>>().join(" ") } else { String::new() };
    let many = if arg.is_positional() && arg.get_num_args().is_some_and(|n| n.max_values() > 1) { "..." } else { "" };
    let spec = match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long} {value}"),
        (None, Some(long)) => format!("    --{long} {value}"),
        (Some(short), None) => format!("-{short} {value}"),
        (None, None) if arg.is_required_set() => format!("{value}{many}"),
        (None, None) => format!("[{}]{many}", value.trim_matches(['<', '>'])),
    };
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut help = said(&help).into_owned();
    let default: Vec<String> = arg.get_default_values().iter().map(|v| v.to_string_lossy().into_owned()).collect();
    if takes && !default.is_empty() && !arg.is_hide_default_value_set() {
        help += &format!("[默认：{}]", default.join(" "));
    }
    let values = if takes { arg.get_possible_values() } else { Vec::new() };
    let shown: Vec<String> = values.iter().filter(|v| !v.is_hide_set()).map(possible).collect();
    if !shown.is_empty() {
        let (open, close) = if shown.iter().any(|v| v.contains('：')) { ("\n- ", "") } else { ("[可选：", "]") };
        help += &format!("{open}{}{close}", shown.join(if close.is_empty() { "\n- " } else { "、" }));
    }
    (spec.trim_end().to_owned(), help)
}

fn possible(value: &clap::builder::PossibleValue) -> String {
    let help = value.get_help().map(|help| said(&help.to_string()).into_owned());
    help.map_or(value.get_name().to_owned(), |help| format!("{}：{help}", value.get_name()))
}

fn section(text: &mut String, heading: &str, lines: &[(String, String)], columns: usize) {
    if lines.is_empty() {
        return;
    }
    *text += &format!("\n{heading}：\n");
    for (spec, help) in lines {
        let gap = (SPEC + 2).saturating_sub(width(spec) + 2);
        *text += &format!("  {spec}");
        if gap < 2 {
            text.push('\n');
            paragraph(text, help, SPEC + 2, columns);
            continue;
        }
        let mut laid = String::new();
        paragraph(&mut laid, help, SPEC + 2, columns);
        let rest = laid.get(width(spec) + 2..).unwrap_or("\n");
        *text += rest;
    }
}

/// Lines of a text behind `indent` spaces; those of a list go on under their text.
fn paragraph(out: &mut String, text: &str, indent: usize, columns: usize) {
    for line in text.lines() {
        let hang = if line.starts_with("- ") { 2 } else { 0 };
        for (at, part) in wrap(line, columns.saturating_sub(indent + hang).max(20), 200).iter().enumerate() {
            let more = if at == 0 { 0 } else { hang };
            *out += format!("{}{part}", " ".repeat(indent + more)).trim_end();
            out.push('\n');
        }
    }
    if text.is_empty() {
        out.push('\n');
    }
}
